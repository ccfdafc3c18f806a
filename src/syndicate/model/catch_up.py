"""Events that one subscription needs to catch up with the ledger.

A new subscription starts with every live post, a changed selection adds and removes posts, and
recovery repeats what was missed. Events of a change for all subscribers: `syndicate.model.ledger`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syndicate.model.change import LedgerEntry
from syndicate.model.change_stream import catch_up_event
from syndicate.model.ledger import PostEvent, selection_change_event
from syndicate.model.post import PostId
from syndicate.model.subscription import EventType, Subscription

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
