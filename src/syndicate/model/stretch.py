"""Following a ledger: what somebody who keeps a copy must hear of the rows told since."""

from collections.abc import Iterable
from dataclasses import dataclass

from syndicate.model.change import Told
from syndicate.model.edition import Edition
from syndicate.model.ledger import PARTS, Telling, stirred
from syndicate.model.position import Position
from syndicate.model.post import Post
from syndicate.model.selection import Selectable, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that who follows must hear; ``post`` is None of a removal."""

    told: Told
    telling: Telling
    post: Post | None
    position: Position
    """The one right after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some steps, and where the next ones begin.

    ``awaits`` is a row that nothing can be said of yet, if that is where the stretch ends;
    ``is_full`` if it ends because there are steps enough.
    """

    steps: tuple[Step, ...]
    position: Position
    awaits: Told | None = None
    is_full: bool = False


def follow(
    rows: Iterable[Told], edition: Edition, selection: Selection, start: Position, limit: int
) -> Stretch:
    """Return the steps of ``selection`` among the ``rows`` after ``start``, ``limit`` at most.

    Where a post is not in ``edition`` as it was told, either the ledger or the edition is about
    to catch up: whoever follows waits there, lest they miss what is said then.
    """
    steps: list[Step] = []
    position = start
    for told in rows:
        if len(steps) == limit:
            return Stretch(steps=tuple(steps), position=position, is_full=True)
        if _could_hold(selection, told):
            if not _is_current(told, edition):
                return Stretch(steps=tuple(steps), position=position, awaits=told)
            steps += _step(told, edition.find(told.row.post), selection, position)
        position = position.after(told)
    return Stretch(steps=tuple(steps), position=position)


def retold(told: Told, selection: Selection) -> Telling | None:
    """Return what a subscriber must be told of a row who may have missed it, as `follow` has it."""
    return _telling(told, told.row if told.row.live else None, selection, is_new=False)


def _could_hold(selection: Selection, told: Told) -> bool:
    """A post never changes its source; whatever else is selected by may have been different."""
    return selection.sources is None or told.row.source in selection.sources


def _is_current(told: Told, edition: Edition) -> bool:
    post = edition.find(told.row.post)
    if post is None or not told.row.live:
        return post is None and not told.row.live
    return not stirred(told.row, post)


def _step(told: Told, post: Post | None, selection: Selection, position: Position) -> list[Step]:
    telling = _telling(told, post, selection, is_new=told.row.generation <= position.whole)
    if telling is None:
        return []
    shown = None if telling.kind == "post.removed" else post
    return [Step(told=told, telling=telling, post=shown, position=position.after(told))]


def _telling(
    told: Told, post: Selectable | None, selection: Selection, *, is_new: bool
) -> Telling | None:
    """Return what to say of a post to somebody of whom nobody knows what they had heard.

    So all parts of an update count as changed, and who may have nothing to remove is told to.
    """
    if post is not None and post in selection:
        if is_new or told.reason == "new":
            return Telling(kind="post.published", reason="new")
        return Telling(kind="post.updated", changed=PARTS)
    if is_new:
        return None
    return Telling(kind="post.removed", reason=told.reason if post is None else "left")
