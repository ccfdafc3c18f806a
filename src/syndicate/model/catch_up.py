"""What one subscriber alone must be told of what the ledger holds.

It begins with everything, selects anew, or has missed something; what the world is told of a
change of a post stands in `syndicate.model.ledger_id`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syndicate.model.change import LedgerEntry
from syndicate.model.change_stream import catch_up_event
from syndicate.model.ledger import PostEvent, selection_change_event
from syndicate.model.post import PostId
from syndicate.model.subscription import EventType, Subscription

EventFilter = Callable[[LedgerEntry], PostEvent | None]
"""Says what a subscriber must be told of a row of the ledger, None if nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSent:
    """The last word on a post that a subscriber hears.

    ``generation`` is that of the row of the ledger which it is about, whether the world was told
    or this subscriber alone; 0 where it is about no row.
    """

    kind: EventType
    generation: int


def backfill_filter(subscription: Subscription) -> EventFilter:
    """Return what chooses every live post for somebody who has none."""

    def select_event(told: LedgerEntry) -> PostEvent | None:
        if not told.row.is_live or told.row not in subscription.selection:
            return None
        return _if_accepted(subscription, PostEvent(kind="post.published", reason="new"))

    return select_event


def selection_change_filter(old: Subscription, new: Subscription) -> EventFilter:
    """Return what chooses that in which two selections of a subscriber differ."""

    def select_event(told: LedgerEntry) -> PostEvent | None:
        if not told.row.is_live:
            return None
        return _if_accepted(new, selection_change_event(old.selection, new.selection, told.row))

    return select_event


def recovery_filter(
    subscription: Subscription, last_sent: Mapping[PostId, LastSent]
) -> EventFilter:
    """Return what chooses all of which the last word ``heard`` is not what the ledger holds now.

    What they had before is not known: they may be told of a removal of what they never had.
    """

    def select_event(told: LedgerEntry) -> PostEvent | None:
        telling = catch_up_event(told, subscription.selection)
        last = last_sent.get(told.row.post_id)
        if telling is None or (last is not None and _is_same_state(last, told, telling)):
            return None
        return _if_accepted(subscription, telling)

    return select_event


def _is_same_state(last: LastSent, told: LedgerEntry, telling: PostEvent) -> bool:
    """Tell whether a word is as good as ``telling``: of the same row, there or not there."""
    is_removal = (last.kind == "post.removed", telling.kind == "post.removed")
    return last.generation == told.row.generation and is_removal[0] == is_removal[1]


def _if_accepted(subscription: Subscription, telling: PostEvent | None) -> PostEvent | None:
    if telling is None or not subscription.accepts(telling.kind, is_minor=telling.is_minor):
        return None
    return telling
