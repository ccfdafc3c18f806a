"""Which blobs of a partial mirror are fetched: those of files that are read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from syndicate.git.history import changes_in, read_line
from syndicate.git.open_repository import OpenRepository
from syndicate.git.parsers import Commit, parse_tree
from syndicate.model.post import BlobId, CommitId

_MARKER_NAMESPACE = "refs/contents/"


@dataclass(frozen=True, kw_only=True)
class WantedFiles:
    """Which files of a repository are read, by their paths; other blobs are not fetched.

    Args:
        key: A short name for the two rules, of letters and digits: it differs where they do.
        in_history: Whether every version of the file at a path is read.
        in_commit: Whether the version in the commit that is served is read.
    """

    key: str
    in_history: Callable[[str], bool]
    in_commit: Callable[[str], bool]

    def marker(self, mirrored_ref: str) -> str:
        """Return the ref for the commit whose wanted blobs, and older ones, have been fetched."""
        return f"{_MARKER_NAMESPACE}{self.key}/{mirrored_ref.rpartition('/')[2]}"


def wanted_blobs(
    opened: OpenRepository, commit: CommitId, since: CommitId | None, wanted: WantedFiles
) -> frozenset[BlobId]:
    """Return the blobs that reading ``commit`` needs.

    Without those of the history up to ``since``, if that is on the first-parent line.
    """
    line = read_line(opened.read_commit, opened.stream_log, commit, since) if since else None
    commits: Iterable[Commit] = line or changes_in(
        opened.stream_log, commit, is_wanted=wanted.in_history
    )
    blobs = {
        change.blob
        for each in commits
        for change in each.changes
        if change.blob and wanted.in_history(change.path)
    }
    tree = parse_tree(opened.run("ls-tree", "-r", "-z", "--full-tree", commit))
    blobs.update(entry.blob for entry in tree if wanted.in_commit(entry.path))
    return frozenset(blobs)


def missing_blobs(opened: OpenRepository, blobs: Iterable[BlobId]) -> tuple[BlobId, ...]:
    """Return those of ``blobs`` that the repository lacks; raises `EOFError` if git ends."""
    ordered = sorted(blobs)
    sizes = opened.sizes.query(blob.encode() for blob in ordered)
    return tuple(blob for blob, size in zip(ordered, sizes, strict=True) if size is None)
