"""Partial clones: mirrors that lack the blobs nobody reads (gitglossary(7), partial-clone.txt).

The configuration of the mirror says so, and ``git gc`` and ``git fsck`` expect blobs to be missing.
Git itself would fetch each missing blob when it reads it (a lazy fetch). All reading goes through a
scratch repository that knows no remote, and fetches have ``GIT_NO_LAZY_FETCH`` (decision 27).
"""

import pathlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from syndicate.git.command import isolated_environment, run_git
from syndicate.git.history import Commit, changes_in, parse_tree, read_line
from syndicate.git.open_repository import OpenRepository
from syndicate.model.post import BlobId, CommitId

REMOTE: Final = "syndicate"
"""The name of the remote in a mirror; its URL, which may hold a password, is never written."""

FIRST_FILTER: Final = "blob:none"
"""The filter of the first fetch of a branch (git-rev-list(1)): commits and trees only."""

NEXT_FILTER: Final = "blob:limit=256k"
"""The filter of later fetches.

A commit brings its posts along, so that it costs one fetch, but no large picture. A post of more
than 256 kB, which has some 40,000 words, is fetched like those of the first fetch.
"""

MIRROR_NAMESPACE: Final = "refs/syndicate/"

_CONFIGURATION: Final = {
    "core.repositoryformatversion": "1",
    "extensions.partialClone": REMOTE,
    f"remote.{REMOTE}.partialclonefilter": FIRST_FILTER,
    f"remote.{REMOTE}.promisor": "true",
}
_PROMISOR_LINE: Final = re.compile(r"^\s*promisor = true$", re.MULTILINE)

_REFUSED: Final = re.compile(
    r"filter '?[\w:=]+'? not supported|does not support (?:--)?filter|filtering not recognized"
    r"|not our ref|unadvertised object|promisor remote|unresolved delta|index-pack failed"
)
"""Messages of a host that knows no filter or gives no single blob, and of git itself where a pack
has deltas against blobs that are missing here, which it may not fetch."""


def enable(folder: pathlib.Path) -> None:
    """Make the repository ``folder``, which is empty, a partial clone."""
    for key, value in _CONFIGURATION.items():
        _configure(folder, key, value)


def disable(folder: pathlib.Path) -> None:
    """Make the partial clone ``folder`` a full one, whose blobs have yet to be fetched."""
    _configure(folder, "--unset", "extensions.partialClone")
    _configure(folder, "--remove-section", f"remote.{REMOTE}")


def is_enabled(folder: pathlib.Path) -> bool:
    """Return whether the repository ``folder`` is a partial clone."""
    try:
        configuration = (folder / "config").read_text(errors="replace")
    except OSError:
        return False
    return _PROMISOR_LINE.search(configuration) is not None


def is_refused(message: str) -> bool:
    """Return whether git's ``message`` says that a filter, or a fetch of blobs, did not work."""
    return _REFUSED.search(message) is not None


def refspecs(folder: pathlib.Path) -> Iterable[str]:
    """Yield the refspecs by which every ref of the mirror ``folder`` was fetched."""
    for name in _list_refs(folder, MIRROR_NAMESPACE):
        yield f"+{unquote(name.removeprefix(MIRROR_NAMESPACE), errors='surrogateescape')}:{name}"


def _list_refs(folder: pathlib.Path, namespace: str) -> list[str]:
    command = ("for-each-ref", "--format=%(refname)", namespace)
    return run_git(*command, environment=_environment(folder)).stdout.decode("ascii").split()


def _configure(folder: pathlib.Path, *arguments: str) -> None:
    run_git("config", *arguments, environment=_environment(folder))


def _environment(folder: pathlib.Path) -> dict[str, str]:
    return isolated_environment({"GIT_DIR": str(folder)})


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
