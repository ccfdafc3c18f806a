"""Following a ledger: what somebody who keeps a copy must hear of the rows told since."""

from collections.abc import Iterable
from dataclasses import dataclass

from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.ledger import FIELD_NAMES, PostEvent, may_have_changed
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post
from syndicate.model.selection import Selectable, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeItem:
    """Something that who follows must hear; ``post`` is None of a removal."""

    entry: LedgerEntry
    post_event: PostEvent
    post: Post | None
    cursor: LedgerCursor
    """The one right after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Some steps, and where the next ones begin.

    ``awaits`` is a row that nothing can be said of yet, if that is where the stretch ends;
    ``is_full`` if it ends because there are steps enough.
    """

    items: tuple[ChangeItem, ...]
    next_cursor: LedgerCursor
    blocked_by: LedgerEntry | None = None
    is_full: bool = False


def changes_after(
    entries: Iterable[LedgerEntry],
    edition: Edition,
    selection: Selection,
    start: LedgerCursor,
    limit: int,
) -> ChangePage:
    """Return the steps of ``selection`` among the ``rows`` after ``start``, ``limit`` at most.

    Where a post is not in ``edition`` as it was told, either the ledger or the edition is about
    to catch up: whoever follows waits there, lest they miss what is said then.
    """
    items: list[ChangeItem] = []
    cursor = start
    for entry in entries:
        if len(items) == limit:
            return ChangePage(items=tuple(items), next_cursor=cursor, is_full=True)
        if _may_contain(selection, entry):
            if not _is_current(entry, edition):
                return ChangePage(items=tuple(items), next_cursor=cursor, blocked_by=entry)
            items += _change_items(entry, edition.find_post(entry.row.post_id), selection, cursor)
        cursor = cursor.advanced_to(entry)
    return ChangePage(items=tuple(items), next_cursor=cursor)


def catch_up_event(entry: LedgerEntry, selection: Selection) -> PostEvent | None:
    """Return what a subscriber must be told of a row who may have missed it, as `follow` has it."""
    return _event_for(entry, entry.row if entry.row.is_live else None, selection, is_new=False)


def _may_contain(selection: Selection, entry: LedgerEntry) -> bool:
    """A post never changes its source; whatever else is selected by may have been different."""
    return selection.sources is None or entry.row.source in selection.sources


def _is_current(entry: LedgerEntry, edition: Edition) -> bool:
    post = edition.find_post(entry.row.post_id)
    if post is None or not entry.row.is_live:
        return post is None and not entry.row.is_live
    return not may_have_changed(entry.row, post)


def _change_items(
    entry: LedgerEntry, post: Post | None, selection: Selection, cursor: LedgerCursor
) -> list[ChangeItem]:
    telling = _event_for(
        entry, post, selection, is_new=entry.row.generation <= cursor.initial_until
    )
    if telling is None:
        return []
    shown = None if telling.kind == "post.removed" else post
    return [
        ChangeItem(entry=entry, post_event=telling, post=shown, cursor=cursor.advanced_to(entry))
    ]


def _event_for(
    entry: LedgerEntry, post: Selectable | None, selection: Selection, *, is_new: bool
) -> PostEvent | None:
    """Return what to say of a post to somebody of whom nobody knows what they had heard.

    So all parts of an update count as changed, and who may have nothing to remove is told to.
    """
    if post is not None and post in selection:
        if is_new or entry.reason == "new":
            return PostEvent(kind="post.published", reason="new")
        return PostEvent(kind="post.updated", changed=FIELD_NAMES)
    if is_new:
        return None
    return PostEvent(kind="post.removed", reason=entry.reason if post is None else "left")
