"""A delivery of one event to one subscriber: its states, and the log of its attempts.

    pending --claim--> leased --2xx--> delivered
       ^                 |--failed--> pending, due by the schedule --none left--> exhausted
       |                 |--410 or "webhook-delivery: disable"--> gone, subscription disabled
       |                 '--lease expired--> pending, due now, the attempt recorded as lost
    pending, leased --subscription deleted, disabled or expired--> cancelled
    delivered, exhausted, gone, cancelled --replay--> pending

`syndicate.model.retry_policy` decides what an attempt changes. Storage applies each step in one
transaction, fenced by ``lease_by``.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal, NewType

from syndicate.model.event import EventId
from syndicate.model.subscription import Subscription, SubscriptionId

DeliveryId = NewType("DeliveryId", str)

DeliveryState = Literal["pending", "leased", "delivered", "exhausted", "gone", "cancelled"]

UNFINISHED: Final[frozenset[DeliveryState]] = frozenset({"pending", "leased"})

FAILED_STATES: Final[frozenset[DeliveryState]] = frozenset({"exhausted", "gone"})
"""States of deliveries that did not arrive and are not sent again by the schedule."""

RequestFault = Literal["none", "signature", "timestamp"]
"""What is wrong with a test request: a signature by another secret, or an old timestamp."""

AttemptTrigger = Literal["schedule", "manual"]
"""Whether a delivery is attempted by the schedule or because a person requested it."""

FailureCause = Literal[
    "",
    "status",
    "refused",
    "name",
    "connect",
    "tls",
    "timeout",
    "broken",
    "proxy",
    "busy",
    "sealed",
    "lost",
    "internal",
    "unreadable",
]
"""Why an attempt failed, empty if it did not: ``status``: the response was not 2xx; ``refused``:
the SSRF guard; ``name``: DNS; ``connect``, ``tls``, ``timeout``; ``broken``: the connection was
lost or the response is not HTTP; ``proxy``; ``busy``: no connection was free here, nothing was
sent; ``sealed``: the secret cannot be decrypted, nothing was sent; ``lost``: the sending process
died; ``internal``: a bug in this program; ``unreadable``: a stored row is damaged."""

AttemptOutcome = Literal["delivered", "failed", "gone", "lost", "deferred", "withheld"]

LEASE_MARGIN: Final = timedelta(seconds=4)
"""How much longer than the request timeout a lease lasts, so that the response can be recorded.

Less than the five seconds after which the deliveries of a dead process must be on their way
again, so that there is time to reclaim them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver, as the delivery log shows it.

    ``status`` is None if there was no response. ``headers`` are the recorded response headers, by
    names in lower case, and ``response`` is the beginning of the response body as text. ``cause``
    and ``error`` say why the attempt failed, for programs and for people.
    """

    number: int
    trigger: AttemptTrigger
    started: datetime
    took_ms: int
    ip_address: str = ""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    response: str = ""
    cause: FailureCause = ""
    error: str = ""

    def header(self, name: str) -> str:
        """Return the value of the response header ``name``, or an empty string."""
        return dict(self.headers).get(name, "")

    @property
    def is_opt_out(self) -> bool:
        """Whether the receiver wants no more requests: 410, or Standard Webhooks' header."""
        return (
            self.status == HTTPStatus.GONE or self.header("webhook-delivery").lower() == "disable"
        )

    @property
    def outcome(self) -> AttemptOutcome:
        """Outcome of the attempt; only a complete 2xx response is a delivery."""
        if self.cause == "":
            return "delivered"
        if self.cause == "busy":
            return "deferred"
        if self.cause == "sealed":
            return "withheld"
        if self.cause == "lost":
            return "lost"
        return "gone" if self.is_opt_out else "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one subscriber, or one state of a WebSub topic.

    ``seq`` rises by one with each delivery of a subscription. ``body`` is sent unchanged, with
    ``media_type``. ``attempts`` counts all attempts and numbers them; ``step`` is the number of
    used steps of the retry schedule: lost attempts use none, a replay starts again at 0.
    """

    id: DeliveryId
    subscription: SubscriptionId
    event: EventId
    seq: int
    body: bytes
    media_type: str = "application/json"
    topic: str = ""
    """The WebSub topic URL whose content ``body`` is; empty for an event."""
    state: DeliveryState = "pending"
    trigger: AttemptTrigger = "schedule"
    attempts: int = 0
    step: int = 0
    due: datetime
    lease_by: str = ""
    lease_until: datetime | None = None
    last_status: int | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySearch:
    """Which deliveries to list: in ``state``, about ``post``, an id, key or URL; empty: all."""

    state: DeliveryState | None = None
    post: str = ""


ALL_DELIVERIES: Final = DeliverySearch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Number of unfinished deliveries, and when the oldest that is not paused is due.

    ``held_since`` is when an operator held all deliveries, None if they are not held.
    ``is_unavailable`` if the database cannot be read; ``has_wrong_key`` if nothing is sent, because
    ``secret_key`` decrypts none of the stored secrets.
    """

    waiting: int = 0
    oldest_due: datetime | None = None
    held_since: datetime | None = None
    is_unavailable: bool = False
    has_wrong_key: bool = False

    @property
    def is_degraded(self) -> bool:
        """Whether nothing is sent, or nobody knows."""
        return self.is_unavailable or self.has_wrong_key or self.held_since is not None


def claim(delivery: Delivery, *, lease_token: str, now: datetime, timeout: timedelta) -> Delivery:
    """Lease a pending delivery for one request to the holder of the fresh ``lease_token``."""
    return replace(
        delivery, state="leased", lease_by=lease_token, lease_until=now + timeout + LEASE_MARGIN
    )


def release(delivery: Delivery) -> Delivery:
    """Undo `claim` if nothing was sent."""
    return replace(delivery, state="pending", lease_by="", lease_until=None)


def lost_attempt(delivery: Delivery, *, now: datetime) -> Attempt:
    """Return the attempt of a process that died, whose result is unknown."""
    return Attempt(
        number=delivery.attempts + 1,
        trigger=delivery.trigger,
        started=now,
        took_ms=0,
        cause="lost",
        error="the sender stopped before the response was recorded",
    )


def unsent_attempt(delivery: Delivery, *, now: datetime, reason: str) -> Attempt:
    """Return the attempt of a delivery that could not be signed, so that nothing was sent."""
    return replace(lost_attempt(delivery, now=now), cause="sealed", error=reason)


def cancel(delivery: Delivery) -> Delivery:
    """End a delivery whose subscription was deleted, was disabled or has expired."""
    if delivery.state not in UNFINISHED:
        return delivery
    return replace(release(delivery), state="cancelled")


def replay(delivery: Delivery, *, now: datetime) -> Delivery:
    """Schedule a delivery again on request, with the same id and the whole retry schedule.

    A delivery that is being sent is not changed.
    """
    if delivery.state == "leased":
        return delivery
    return replace(delivery, state="pending", trigger="manual", step=0, due=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """A subscription with the number of its unfinished deliveries and its last attempt."""

    subscription: Subscription
    pending: int = 0
    last_attempt: Attempt | None = None
