"""Changes after a cursor, and the events that a subscription has missed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.ledger import FIELD_NAMES, PostEvent, may_have_changed, selection_change_event
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, PostId
from syndicate.model.selection import Selectable, Selection
from syndicate.model.subscription import EventType, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeItem:
    """A change to apply; ``post`` is None for a removal."""

    entry: LedgerEntry
    post_event: PostEvent
    post: Post | None
    cursor: LedgerCursor
    """The cursor right after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Changes, and the cursor of the next ones.

    ``blocked_by`` is the entry that cannot be served yet, if the page ends there; ``is_full`` if
    the page ends because it has enough items.
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
    """Return up to ``limit`` changes of ``selection`` among the ``entries`` after ``start``.

    If a post in ``edition`` differs from its entry, ledger or edition is about to catch up. The
    page ends before it, so that the client does not miss the change.
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
    """Return the event for a subscriber that may have missed an entry, as `changes_after` does."""
    return _event_for(entry, entry.row if entry.row.is_live else None, selection, is_new=False)


def _may_contain(selection: Selection, entry: LedgerEntry) -> bool:
    """Only the source of a post never changes; its other attributes may have been different."""
    return selection.sources is None or entry.row.source in selection.sources


def _is_current(entry: LedgerEntry, edition: Edition) -> bool:
    post = edition.find_post(entry.row.post_id)
    if post is None or not entry.row.is_live:
        return post is None and not entry.row.is_live
    return not may_have_changed(entry.row, post, edition.translations(post))


def _change_items(
    entry: LedgerEntry, post: Post | None, selection: Selection, cursor: LedgerCursor
) -> list[ChangeItem]:
    event = _event_for(entry, post, selection, is_new=entry.row.generation <= cursor.initial_until)
    if event is None:
        return []
    shown = None if event.kind == "post.removed" else post
    return [ChangeItem(entry=entry, post_event=event, post=shown, cursor=cursor.advanced_to(entry))]


def _event_for(
    entry: LedgerEntry, post: Selectable | None, selection: Selection, *, is_new: bool
) -> PostEvent | None:
    """Return the event about a post for a client whose state is unknown.

    So all fields of an update count as changed, and a removal may be of a post it never had.
    """
    if post is not None and post in selection:
        if is_new or entry.reason in ("new", "source_added"):
            return PostEvent(kind="post.published", reason="new" if is_new else entry.reason)
        return PostEvent(kind="post.updated", changed=FIELD_NAMES)
    if is_new:
        return None
    return PostEvent(kind="post.removed", reason=entry.reason if post is None else "left")


EntryEvents = list[tuple[LedgerEntry, PostEvent]]
"""Ledger entries, each with the event that a subscriber gets for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSent:
    """The last event about a post that was sent to a subscription.

    ``generation`` is that of the ledger row the event is about, 0 if it is about none.
    """

    kind: EventType
    generation: int


def backfill_events(entries: Iterable[LedgerEntry], subscription: Subscription) -> EntryEvents:
    """Return an event for every live post that ``subscription`` selects."""
    event = PostEvent(kind="post.published", reason="new")
    if not _is_accepted(subscription, event):
        return []
    return [
        (entry, event)
        for entry in entries
        if entry.row.is_live and entry.row in subscription.selection
    ]


def selection_change_events(
    entries: Iterable[LedgerEntry], old: Subscription, new: Subscription
) -> EntryEvents:
    """Return an event for every live post that only one of two selections contains."""
    return [
        (entry, event)
        for entry in entries
        if entry.row.is_live
        and (event := selection_change_event(old.selection, new.selection, entry.row))
        and _is_accepted(new, event)
    ]


def recovery_events(
    entries: Iterable[LedgerEntry],
    subscription: Subscription,
    last_sent: Mapping[PostId, LastSent],
) -> EntryEvents:
    """Return an event for every post whose last sent event is not the state in the ledger.

    What a subscriber had earlier is unknown: an event may remove a post it never had.
    """
    return [
        (entry, event)
        for entry in entries
        if (event := catch_up_event(entry, subscription.selection))
        and not _is_same_state(last_sent.get(entry.row.post_id), entry, event)
        and _is_accepted(subscription, event)
    ]


def _is_same_state(last: LastSent | None, entry: LedgerEntry, event: PostEvent) -> bool:
    """Return whether an event sent before is about the same row and also removes or shows it."""
    return (
        last is not None
        and last.generation == entry.row.generation
        and (last.kind == "post.removed") == (event.kind == "post.removed")
    )


def _is_accepted(subscription: Subscription, event: PostEvent) -> bool:
    return subscription.accepts(event.kind, is_minor=event.is_minor)
