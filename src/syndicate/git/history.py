"""The first-parent history of page files, oldest first, with renames."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syndicate.git.parsers import COMMIT_FORMAT, Commit, parse_commits, split_tokens
from syndicate.model.post import PAGE_EXTENSIONS, BlobId, CommitId, Path

PAGE_PATHSPECS: Final = tuple(f":(icase)*{ending}" for ending in PAGE_EXTENSIONS)
"""Pathspecs of page files (gitglossary(7)), in the whole repository, so that moves are detected."""

StreamLog = Callable[..., Iterator[bytes]]
"""Runs git with the given arguments, and yields its output in chunks."""

ReadCommit = Callable[[CommitId], Commit | None]
"""Returns a commit with its changes against its first parent; None if it is missing."""

_FIRST_PARENT_LOG: Final = ("log", "--first-parent", "--reverse", "--no-renames", *COMMIT_FORMAT)
"""``git log`` of each commit against its first parent, in the format of `parse_commits`.

There is no pathspec: to match nine patterns with every entry of every tree takes git three times
as long as to write all changes (50,000 commits, 20,000 posts: 4.6 and 1.6 s of CPU).
"""

_MAX_SINGLE_READS: Final = 8
"""Up to this many commits, reading each is faster than starting ``git log``."""


def is_page(path: str) -> bool:
    """Return whether the file at ``path`` is a page."""
    return path.lower().endswith(PAGE_EXTENSIONS)


def changes_in(
    stream_log: StreamLog, *revisions: str, is_wanted: Callable[[str], bool]
) -> Iterator[Commit]:
    """Yield the commits in ``revisions`` (gitrevisions(7)) with changes of wanted paths.

    Renames are not detected, and no blob is read.
    """
    output = split_tokens(stream_log(*_FIRST_PARENT_LOG, *revisions))
    return (commit for commit in parse_commits(output, is_wanted) if commit.changes)


def history(stream_log: StreamLog, detect_renames: ReadCommit, commit: str) -> Iterator[Commit]:
    """Yield the commits up to ``commit`` that change pages."""
    for found in changes_in(stream_log, commit, is_wanted=is_page):
        yield _with_renames(found, detect_renames)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDelta:
    """The difference between a commit and one of its ancestors.

    ``commits`` are as returned by `history`, ``all_commits`` have the changes of all files without
    renames. ``files`` maps each changed file, page or not, to its blob in the newer commit, None if
    it was deleted.
    """

    commits: tuple[Commit, ...] = ()
    all_commits: tuple[Commit, ...] = ()
    files: Mapping[Path, BlobId | None]


def commits_since(
    read_commit: ReadCommit,
    detect_renames: ReadCommit,
    stream_log: StreamLog,
    commit: CommitId,
    since: CommitId,
) -> CommitDelta | None:
    """Return the commits after ``since`` up to ``commit``, None if ``since`` is no ancestor.

    Only the first-parent line counts. A few commits are read without starting a process.
    """
    commits = read_line(read_commit, stream_log, commit, since)
    if commits is None:
        return None
    files = {change.path: change.blob for new in commits for change in new.changes}
    page_commits = (_with_page_changes_only(new) for new in commits)
    return CommitDelta(
        commits=tuple(_with_renames(new, detect_renames) for new in page_commits if new.changes),
        all_commits=tuple(commits),
        files=files,
    )


def read_line(
    read_commit: ReadCommit, stream_log: StreamLog, commit: CommitId, since: CommitId
) -> list[Commit] | None:
    """Return the commits after ``since`` up to ``commit`` with all changes, without renames.

    None if ``since`` is not on the first-parent line of ``commit``.
    """
    commits = _read_one_by_one(read_commit, commit, since)
    if not commits:
        log = parse_commits(split_tokens(stream_log(*_FIRST_PARENT_LOG, commit, f"^{since}")))
        first = next(log, None)
        commits = [first, *log] if first is not None and first.parent == since else []
    return commits or None


def _read_one_by_one(read_commit: ReadCommit, commit: CommitId, since: CommitId) -> list[Commit]:
    """Return the commits after ``since`` up to ``commit``; empty if there are too many."""
    line = list[Commit]()
    name: CommitId | None = commit
    while name is not None and name != since and len(line) < _MAX_SINGLE_READS:
        found = read_commit(name)
        if found is None:
            return []
        line.append(found)
        name = found.parent
    return line[::-1] if name == since else []


def _with_page_changes_only(commit: Commit) -> Commit:
    return replace(commit, changes=tuple(filter(lambda each: is_page(each.path), commit.changes)))


def _with_renames(commit: Commit, detect_renames: ReadCommit) -> Commit:
    """Return ``commit`` with renames, which it has only if it both adds and deletes pages."""
    if not {"added", "deleted"} <= {change.kind for change in commit.changes}:
        return commit
    return detect_renames(commit.id) or commit


def folder_pathspecs(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the pathspecs for files below ``folders``; empty means all files.

    The trailing slash excludes a file of that name.
    """
    normal = [posixpath.normpath(folder.strip("/") or ".") for folder in folders]
    return () if "." in normal else tuple(f"{folder}/" for folder in normal)
