"""What one subscriber alone must be told of what the ledger holds.

It begins with everything, selects anew, or has missed something; what the world is told of a
change of a post stands in `syndicate.model.ledger`.
"""

from collections.abc import Callable, Collection

from syndicate.model.change import Told
from syndicate.model.event import EventId, event_id
from syndicate.model.ledger import Telling, reselect
from syndicate.model.stretch import retold
from syndicate.model.subscription import EVENT_TYPES, Subscription

Choose = Callable[[Told], Telling | None]
"""Says what a subscriber must be told of a row of the ledger, None if nothing."""


def everything(subscription: Subscription) -> Choose:
    """Return what chooses every live post for somebody who has none."""

    def choose(told: Told) -> Telling | None:
        if not told.row.live or told.row not in subscription.selection:
            return None
        return _wanted(subscription, Telling(kind="post.published", reason="new"))

    return choose


def reselected(old: Subscription, new: Subscription) -> Choose:
    """Return what chooses that in which two selections of a subscriber differ."""

    def choose(told: Told) -> Telling | None:
        if not told.row.live:
            return None
        return _wanted(new, reselect(old.selection, new.selection, told.row))

    return choose


def missed(subscription: Subscription, heard: Collection[EventId]) -> Choose:
    """Return what chooses all of which the last word is not among the events ``heard``.

    What they had before is not known: they may be told of a removal of what they never had.
    """

    def choose(told: Told) -> Telling | None:
        row = told.row
        if any(event_id(row.generation, row.post, kind) in heard for kind in EVENT_TYPES):
            return None
        return _wanted(subscription, retold(told, subscription.selection))

    return choose


def _wanted(subscription: Subscription, telling: Telling | None) -> Telling | None:
    if telling is None or not subscription.wants(telling.kind, minor=telling.minor):
        return None
    return telling
