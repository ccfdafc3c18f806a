"""The first-parent history of the pages of a repository, oldest first, with renames."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from syndicate.git.record import Commit, commits

PAGES: Final = (".md", ".markdown", ".html")
"""The files whose history counts, anywhere in the repository: a move is seen from both ends."""

Log = Callable[..., bytes]
"""Runs git with arguments that may hold patterns, and returns its output."""

LINE: Final = (
    *("log", "--first-parent", "--reverse", "--root", "--diff-merges=first-parent"),
    *("--raw", "-z", "--no-abbrev", "--format=%H %ct"),
)
"""``git log`` of each commit against its first parent, in the form `commits` reads."""


def history(log: Log, *ends: str) -> Iterable[Commit]:
    """Return the commits between ``ends`` (gitrevisions(7)) that change pages, and how."""
    patterns = (f":(icase)*{ending}" for ending in PAGES)
    found = commits(log(*LINE, "-M50%", "-l0", *ends, "--", *patterns))
    return (commit for commit in found if commit.changes)


def news(log: Log, *ends: str) -> Iterable[Commit]:
    """Return the same as `history`, sooner where few commits lie between ``ends``.

    Without patterns and renames git is twice as fast, and that is most of the time from an edit
    to its feeds. Only a commit that both deletes and adds pages can rename one.
    """
    found = [_pages(commit) for commit in commits(log(*LINE, "--no-renames", *ends))]
    if any({"added", "deleted"} <= {change.kind for change in new.changes} for new in found):
        return history(log, *ends)
    return (commit for commit in found if commit.changes)


def _pages(commit: Commit) -> Commit:
    changes = [change for change in commit.changes if change.path.lower().endswith(PAGES)]
    return replace(commit, changes=tuple(changes))
