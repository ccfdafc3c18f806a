"""The first-parent history of the pages of a repository, oldest first, with renames."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syndicate.git.parsers import COMMIT_FORMAT, Commit, parse_commits
from syndicate.model.post import BlobId, CommitId, Path

PAGE_EXTENSIONS: Final = (".md", ".markdown", ".html")
"""The files whose history counts, anywhere in the repository: a move is seen from both ends."""

RunLog = Callable[..., bytes]
"""Runs git with arguments that may hold patterns, and returns its output."""

ReadCommit = Callable[[CommitId], Commit | None]
"""Returns a commit and what it changed against its first parent; None if it is missing."""

FIRST_PARENT_LOG: Final = ("log", "--first-parent", "--reverse", *COMMIT_FORMAT)
"""``git log`` of each commit against its first parent, in the form `commits` reads."""

_MAX_SINGLE_READS: Final = 8
"""Commits up to which asking for each takes less time than a process that tells all."""


def history(run_log: RunLog, *revisions: str) -> Iterable[Commit]:
    """Return the commits between ``ends`` (gitrevisions(7)) that change pages, and how."""
    patterns = (f":(icase)*{ending}" for ending in PAGE_EXTENSIONS)
    found = parse_commits(run_log(*FIRST_PARENT_LOG, "-M50%", "-l0", *revisions, "--", *patterns))
    return (commit for commit in found if commit.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDelta:
    """What came on top of a commit.

    ``commits`` as `history` returns them; ``files`` is what each file, page or not, that any of
    them changed holds in the end, None if it is gone.
    """

    commits: tuple[Commit, ...] = ()
    files: Mapping[Path, BlobId | None]


def commits_since(
    read_commit: ReadCommit, run_log: RunLog, commit: CommitId, since: CommitId
) -> CommitDelta | None:
    """Return what is between ``since`` and ``commit``; None if that is not on one line.

    Few commits take no process of their own. Only one that both deletes and adds pages can
    rename one: then git looks for renames.
    """
    revisions = (commit, f"^{since}")
    line = _read_one_by_one(read_commit, commit, since) or list(
        parse_commits(run_log(*FIRST_PARENT_LOG, "--no-renames", *revisions))
    )
    if not line or line[0].parent != since:
        return None
    files = {change.path: change.blob for new in line for change in new.changes}
    page_commits = [paged for new in line if (paged := _with_page_changes_only(new)).changes]
    if any({"added", "deleted"} <= {change.kind for change in new.changes} for new in page_commits):
        page_commits = list(history(run_log, *revisions))
    return CommitDelta(commits=tuple(page_commits), files=files)


def _read_one_by_one(read_commit: ReadCommit, commit: CommitId, since: CommitId) -> list[Commit]:
    """Return the commits on the way from ``since`` to ``commit``; none if they are not few."""
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
