"""What somebody asked of the hub: to be believed once whoever owns the callback confirms it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret

RequestMode = Literal["subscribe", "unsubscribe", "denied"]
"""denied: nobody asked; a subscriber is told that it hears no more (W3C WebSub section 5.2)."""

MAX_PENDING_PER_CLIENT: Final = 200
"""How many requests of one client may wait to be verified."""

MAX_FAILED_PER_HOST: Final = 10
MAX_FAILED_PER_CLIENT: Final = 30
"""How many that nobody confirmed are too many: for one callback host, and of one client …"""

FAILURE_WINDOW: Final = timedelta(hours=1)
"""… within this time."""

RETRY_AFTER: Final = timedelta(seconds=30)
"""When to ask again where too many wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubRequest:
    """A request to the hub that is still to be verified, or a denial that is still to be told.

    ``topic`` and ``callback`` are as they were asked. ``heard`` is the tag of what the topic was
    then, so that the first thing a subscriber hears is what changed since. ``host`` and
    ``client`` are who is counted for limits, empty where nobody is.
    """

    id: SubscriptionId
    mode: RequestMode
    topic: str
    callback: str
    secret: bytes = field(default=b"", repr=False)
    lease: timedelta = timedelta()
    last_sent_tag: str = ""
    host: str = ""
    client: str = ""
    reason: str = ""
    """Of a denial: why."""

    def to_subscription(self, now: datetime) -> Subscription:
        """Return what the subscription is that this would begin now."""
        return Subscription(
            id=self.id,
            kind="websub",
            url=self.callback,
            topic=self.topic,
            secrets=(Secret(key=self.secret),) if self.secret else (),
            lease_until=now + self.lease,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLimits:
    """How long a subscription may live until it is renewed, in seconds."""

    minimum: int
    default: int
    maximum: int

    def clamp(self, requested_seconds: int | None) -> timedelta:
        """Return how long who wishes so many seconds, or nothing, is given."""
        seconds = self.default if requested_seconds is None else requested_seconds
        return timedelta(seconds=min(max(seconds, self.minimum), self.maximum))


DEFAULT_LEASE_LIMITS: Final = LeaseLimits(minimum=3_600, default=864_000, maximum=2_592_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLimits:
    """How many WebSub requests and subscriptions the hub holds.

    ``max_pending_per_host`` and ``max_pending`` bound requests that wait for verification, for one
    callback host and in all; ``max_subscriptions`` bounds verified subscriptions in all. Hosted
    readers share one host, so verified subscriptions are not bounded per host. A request for an
    existing subscription is never refused because of them.
    """

    max_pending_per_host: int = 50
    max_pending: int = 1_000
    max_subscriptions: int = 10_000


DEFAULT_HUB_LIMITS: Final = HubLimits()
HUB_IS_FULL: Final = "the hub takes no more subscriptions at the moment"
"""The reason in a denial to who confirmed a subscription after the last one was given away."""
