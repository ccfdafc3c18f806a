"""The first-parent history of the pages of a repository, oldest first, with renames."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syndicate.git.record import COMMIT, Commit, commits
from syndicate.model.post import BlobId, CommitId, Path

PAGES: Final = (".md", ".markdown", ".html")
"""The files whose history counts, anywhere in the repository: a move is seen from both ends."""

Log = Callable[..., bytes]
"""Runs git with arguments that may hold patterns, and returns its output."""

Tell = Callable[[CommitId], Commit | None]
"""Returns a commit and what it changed against its first parent; None if it is missing."""

LINE: Final = ("log", "--first-parent", "--reverse", *COMMIT)
"""``git log`` of each commit against its first parent, in the form `commits` reads."""

_FEW: Final = 8
"""Commits up to which asking for each takes less time than a process that tells all."""


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


def news(tell: Tell, log: Log, commit: CommitId, since: CommitId) -> News | None:
    """Return what is between ``since`` and ``commit``; None if that is not on one line.

    Few commits take no process of their own. Only one that both deletes and adds pages can
    rename one: then git looks for renames.
    """
    ends = (commit, f"^{since}")
    line = _few(tell, commit, since) or list(commits(log(*LINE, "--no-renames", *ends)))
    if not line or line[0].parent != since:
        return None
    files = {change.path: change.blob for new in line for change in new.changes}
    found = [paged for new in line if (paged := _pages(new)).changes]
    if any({"added", "deleted"} <= {change.kind for change in new.changes} for new in found):
        found = list(history(log, *ends))
    return News(commits=tuple(found), files=files)


def _few(tell: Tell, commit: CommitId, since: CommitId) -> list[Commit]:
    """Return the commits on the way from ``since`` to ``commit``; none if they are not few."""
    line = list[Commit]()
    name: CommitId | None = commit
    while name is not None and name != since and len(line) < _FEW:
        found = tell(name)
        if found is None:
            return []
        line.append(found)
        name = found.parent
    return line[::-1] if name == since else []


def _pages(commit: Commit) -> Commit:
    changes = [change for change in commit.changes if change.path.lower().endswith(PAGES)]
    return replace(commit, changes=tuple(changes))
