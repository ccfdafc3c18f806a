"""WebSub requests: what was requested of the hub, until the callback confirms it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret

RequestMode = Literal["subscribe", "unsubscribe", "denied"]
"""``denied``: not requested; tells a subscriber that its subscription ended (W3C WebSub 5.2)."""

MAX_PENDING_PER_CLIENT: Final = 200
"""How many requests of one client may wait for verification."""

MAX_FAILED_PER_HOST: Final = 10
MAX_FAILED_PER_CLIENT: Final = 30
"""How many unconfirmed requests are too many, for one callback host and for one client …"""

FAILURE_WINDOW: Final = timedelta(hours=1)
"""… within this time."""

RETRY_AFTER: Final = timedelta(seconds=30)
"""When to repeat a request that was rejected because too many wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubRequest:
    """A request to the hub that is not verified yet, or a denial that is not sent yet.

    ``topic`` and ``callback`` are as requested. ``last_sent_tag`` is the ETag of the topic at that
    time, so that the first delivery is the first change after it. ``host`` and ``client`` count
    towards limits, unless they are empty.
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
    """Why a subscription was denied."""

    def to_subscription(self, now: datetime) -> Subscription:
        """Return the subscription that confirming this request starts at ``now``."""
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
    """Bounds and default of WebSub leases, in seconds."""

    minimum: int
    default: int
    maximum: int

    def clamp(self, requested_seconds: int | None) -> timedelta:
        """Return the lease for a request for ``requested_seconds``, or the default."""
        seconds = self.default if requested_seconds is None else requested_seconds
        return timedelta(seconds=min(max(seconds, self.minimum), self.maximum))


DEFAULT_LEASE_LIMITS: Final = LeaseLimits(minimum=3_600, default=864_000, maximum=2_592_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLimits:
    """How many WebSub requests and subscriptions the hub holds.

    ``max_pending_per_host`` and ``max_pending`` limit requests that wait for verification, for one
    callback host and in all; ``max_subscriptions`` limits verified subscriptions in all. Hosted
    readers share one host, so verified subscriptions are not limited per host. A request for an
    existing subscription is never rejected because of these limits.
    """

    max_pending_per_host: int = 50
    max_pending: int = 1_000
    max_subscriptions: int = 10_000


DEFAULT_HUB_LIMITS: Final = HubLimits()
HUB_IS_FULL: Final = "the hub accepts no more subscriptions at present"
"""Reason in the denial of a request that was confirmed after the last subscription was taken."""
