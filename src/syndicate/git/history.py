"""The first-parent history of the pages of a repository, oldest first, with renames."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syndicate.git.record import Commit, commits
from syndicate.model.post import BlobId, CommitId, Path

PAGES: Final = (".md", ".markdown", ".html")
"""The files whose history counts, anywhere in the repository: a move is seen from both ends."""

Log = Callable[..., bytes]
"""Runs git with arguments that may hold patterns, and returns its output."""

LINE: Final = (
    *("log", "--first-parent", "--reverse", "--root", "--diff-merges=first-parent"),
    *("--raw", "-z", "--no-abbrev", "--format=%H %ct %P"),
)
"""``git log`` of each commit against its first parent, in the form `commits` reads."""


def history(log: Log, *ends: str) -> Iterable[Commit]:
    """Return the commits between ``ends`` (gitrevisions(7)) that change pages, and how."""
    patterns = (f":(icase)*{ending}" for ending in PAGES)
    found = commits(log(*LINE, "-M50%", "-l0", *ends, "--", *patterns))
    return (commit for commit in found if commit.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came on top of a commit.

    ``commits`` as `history` returns them; ``files`` is what each file, page or not, that any of
    them changed holds in the end, None if it is gone.
    """

    commits: tuple[Commit, ...] = ()
    files: Mapping[Path, BlobId | None]


def news(log: Log, commit: CommitId, since: CommitId) -> News | None:
    """Return what is between ``since`` and ``commit``; None if that is not on one line.

    One git command, without patterns and renames, since it is most of the time from an edit to
    its feeds. Only a commit that both deletes and adds pages can rename one: then a second.
    """
    ends = (commit, f"^{since}")
    line = list(commits(log(*LINE, "--no-renames", *ends)))
    if not line or line[0].parent != since:
        return None
    files = {change.path: change.blob for new in line for change in new.changes}
    found = [paged for new in line if (paged := _pages(new)).changes]
    if any({"added", "deleted"} <= {change.kind for change in new.changes} for new in found):
        found = list(history(log, *ends))
    return News(commits=tuple(found), files=files)


def _pages(commit: Commit) -> Commit:
    changes = [change for change in commit.changes if change.path.lower().endswith(PAGES)]
    return replace(commit, changes=tuple(changes))
