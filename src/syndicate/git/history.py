"""The first-parent history of page files, oldest first, with renames."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syndicate.git.parsers import COMMIT_FORMAT, Commit, parse_commits
from syndicate.model.post import BlobId, CommitId, Path

PAGE_EXTENSIONS: Final = (
    *(".md", ".markdown", ".html", ".htm", ".mdx"),
    *(".mkdown", ".mkdn", ".mkd", ".mdown"),
)
"""Extensions of page files. History covers the whole repository, so that moves are detected."""

RunLog = Callable[..., bytes]
"""Runs git with arguments that may contain path patterns, and returns its output."""

ReadCommit = Callable[[CommitId], Commit | None]
"""Returns a commit with its changes against its first parent; None if it is missing."""

FIRST_PARENT_LOG: Final = ("log", "--first-parent", "--reverse", *COMMIT_FORMAT)
"""``git log`` of each commit against its first parent, in the format of `parse_commits`."""

_MAX_SINGLE_READS: Final = 8
"""Up to this many commits, reading each is faster than starting ``git log``."""


def history(run_log: RunLog, *revisions: str) -> Iterable[Commit]:
    """Return the commits in ``revisions`` (gitrevisions(7)) that change pages."""
    patterns = (f":(icase)*{ending}" for ending in PAGE_EXTENSIONS)
    found = parse_commits(run_log(*FIRST_PARENT_LOG, "-M50%", "-l0", *revisions, "--", *patterns))
    return (commit for commit in found if commit.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDelta:
    """The difference between a commit and one of its ancestors.

    ``commits`` are as returned by `history`. ``files`` maps each changed file, page or not, to its
    blob in the newer commit, None if it was deleted.
    """

    commits: tuple[Commit, ...] = ()
    files: Mapping[Path, BlobId | None]


def commits_since(
    read_commit: ReadCommit, run_log: RunLog, commit: CommitId, since: CommitId
) -> CommitDelta | None:
    """Return the commits after ``since`` up to ``commit``, None if ``since`` is no ancestor.

    Only the first-parent line counts. A few commits are read without starting a process. Rename
    detection runs only if a commit both deletes and adds pages.
    """
    revisions = (commit, f"^{since}")
    commits = _read_one_by_one(read_commit, commit, since) or list(
        parse_commits(run_log(*FIRST_PARENT_LOG, "--no-renames", *revisions))
    )
    if not commits or commits[0].parent != since:
        return None
    files = {change.path: change.blob for new in commits for change in new.changes}
    page_commits = [paged for new in commits if (paged := _with_page_changes_only(new)).changes]
    if any({"added", "deleted"} <= {change.kind for change in new.changes} for new in page_commits):
        page_commits = list(history(run_log, *revisions))
    return CommitDelta(commits=tuple(page_commits), files=files)


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
    changes = [change for change in commit.changes if change.path.lower().endswith(PAGE_EXTENSIONS)]
    return replace(commit, changes=tuple(changes))
