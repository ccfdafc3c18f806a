"""One event on its way to one subscriber: the states it passes, and the record of each attempt.

    pending --claim--> leased --2xx--> delivered
       ^                 |--failed--> pending, due by the schedule --used up--> exhausted
       |                 |--410 or "webhook-delivery: disable"--> gone, subscription disabled
       |                 '--lease ran out--> pending, due now, the attempt recorded as lost
    pending, leased --subscription deleted, disabled or at its end--> cancelled
    delivered, exhausted, gone, cancelled --replay--> pending

What an attempt does to delivery and subscription stands in `syndicate.model.retry_policy`. Whoever
stores a step does so in one transaction, fenced by ``lease_by``.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal, NewType

from syndicate.model.event import EventId
from syndicate.model.subscription import SubscriptionId

DeliveryId = NewType("DeliveryId", str)

DeliveryState = Literal["pending", "leased", "delivered", "exhausted", "gone", "cancelled"]

UNFINISHED: Final[frozenset[DeliveryState]] = frozenset({"pending", "leased"})

AttemptTrigger = Literal["schedule", "manual"]
"""Whether a delivery is tried by itself, or again because somebody asked."""

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
"""Why an attempt came to nothing, empty if it did not: the answer was not 2xx; our guard; the
host's name; no connection; TLS; no complete answer in time; a connection that died or an answer
that is not HTTP; the proxy; no connection to be had here, so nothing was sent; no secret to be
read here, so neither; our own death; a fault of this program; a stored row that it cannot read."""

AttemptOutcome = Literal["delivered", "failed", "gone", "lost", "deferred", "withheld"]

LEASE_MARGIN: Final = timedelta(seconds=4)
"""How much longer than a request a lease lasts: for the answer to be written down.

Short of the five seconds after which what a dead process held is promised to be under way again,
so that there is time left to take it back.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver, as the delivery log shows it.

    ``status`` is None if no answer came. ``headers`` are those of the answer that matter here,
    by names in lower case, and ``answer`` the first bytes of its body as text. ``cause`` and
    ``error`` say what went wrong, for programs and for people.
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
        """Return the value of the answer's header ``name``, empty if it has none."""
        return dict(self.headers).get(name, "")

    @property
    def is_opt_out(self) -> bool:
        """Whether the receiver wants no more: 410, or the header that Standard Webhooks names."""
        return (
            self.status == HTTPStatus.GONE or self.header("webhook-delivery").lower() == "disable"
        )

    @property
    def outcome(self) -> AttemptOutcome:
        """What the attempt comes to; only a complete answer of 2xx is a delivery."""
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
    """One event for one subscriber, or one state of a topic.

    ``seq`` rises by one with each delivery of a subscription. ``body`` is sent as it is, with
    ``media_type``. ``attempts`` counts and numbers all attempts, ``step`` is how much of the
    schedule is used up: lost attempts use up nothing, a replay begins anew.
    """

    id: DeliveryId
    subscription: SubscriptionId
    event: EventId
    seq: int
    body: bytes
    media_type: str = "application/json"
    topic: str = ""
    """The address that ``body`` is the state of; empty where it is an event."""
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
class Backlog:
    """What is on its way: how many deliveries, and since when the oldest is due (or will be).

    ``failing`` if that cannot be found out, since the database fails.
    """

    waiting: int = 0
    oldest_due: datetime | None = None
    is_unavailable: bool = False


def claim(delivery: Delivery, *, lease_token: str, now: datetime, timeout: timedelta) -> Delivery:
    """Lease a pending delivery to the holder of the fresh token ``by``, for one request."""
    return replace(
        delivery, state="leased", lease_by=lease_token, lease_until=now + timeout + LEASE_MARGIN
    )


def release(delivery: Delivery) -> Delivery:
    """Undo `claim` when nothing was sent."""
    return replace(delivery, state="pending", lease_by="", lease_until=None)


def lost_attempt(delivery: Delivery, *, now: datetime) -> Attempt:
    """Return the record of an attempt whose maker died: nobody knows what came of it."""
    return Attempt(
        number=delivery.attempts + 1,
        trigger=delivery.trigger,
        started=now,
        took_ms=0,
        cause="lost",
        error="the sender stopped before the answer was written down",
    )


def unsent_attempt(delivery: Delivery, *, now: datetime, reason: str) -> Attempt:
    """Return what there is to say where nothing could be signed, so that nothing was sent."""
    return replace(lost_attempt(delivery, now=now), cause="sealed", error=reason)


def cancel(delivery: Delivery) -> Delivery:
    """End a delivery whose subscription is deleted, disabled or at its end."""
    if delivery.state not in UNFINISHED:
        return delivery
    return replace(release(delivery), state="cancelled")


def replay(delivery: Delivery, *, now: datetime) -> Delivery:
    """Send a delivery again, by hand, with the same id and the whole schedule before it.

    One that is being sent at this moment is left alone.
    """
    if delivery.state == "leased":
        return delivery
    return replace(delivery, state="pending", trigger="manual", step=0, due=now)
