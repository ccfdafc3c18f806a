"""The status of a subscription: pending deliveries and the last attempt."""

from dataclasses import dataclass

from syndicate.model.delivery import Attempt
from syndicate.model.subscription import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """A subscription with the number of its unfinished deliveries and its last attempt."""

    subscription: Subscription
    pending: int = 0
    last_attempt: Attempt | None = None
