"""What one subscriber alone must be told of what the ledger holds.

It begins with everything, selects anew, or has missed something; what the world is told of a
change of a post stands in `syndicate.model.ledger`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syndicate.model.change import Told
from syndicate.model.ledger import Telling, reselect
from syndicate.model.post import PostId
from syndicate.model.stretch import retold
from syndicate.model.subscription import EventType, Subscription

Choose = Callable[[Told], Telling | None]
"""Says what a subscriber must be told of a row of the ledger, None if nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The last word on a post that a subscriber hears.

    ``generation`` is that of the row of the ledger which it is about, whether the world was told
    or this subscriber alone; 0 where it is about no row.
    """

    kind: EventType
    generation: int


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


def missed(subscription: Subscription, heard: Mapping[PostId, Heard]) -> Choose:
    """Return what chooses all of which the last word ``heard`` is not what the ledger holds now.

    What they had before is not known: they may be told of a removal of what they never had.
    """

    def choose(told: Told) -> Telling | None:
        telling = retold(told, subscription.selection)
        last = heard.get(told.row.post)
        if telling is None or (last is not None and _says(last, told, telling)):
            return None
        return _wanted(subscription, telling)

    return choose


def _says(last: Heard, told: Told, telling: Telling) -> bool:
    """Tell whether a word is as good as ``telling``: of the same row, there or not there."""
    is_removal = (last.kind == "post.removed", telling.kind == "post.removed")
    return last.generation == told.row.generation and is_removal[0] == is_removal[1]


def _wanted(subscription: Subscription, telling: Telling | None) -> Telling | None:
    if telling is None or not subscription.wants(telling.kind, minor=telling.minor):
        return None
    return telling
