"""Who wants to hear of which posts, where, and how well that goes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NewType, get_args

from syndicate.model.selection import Selection
from syndicate.model.webhook_signature import Secret, active_secrets

SubscriptionId = NewType("SubscriptionId", str)
"""``sub_`` and letters or digits."""

SubscriptionKind = Literal["webhook", "websub"]
"""The channel: which file of `syndicate.channels` sends."""

EventType = Literal["post.published", "post.updated", "post.removed"]

Payload = Literal["full", "thin"]
"""Whether a request carries the whole item or only says which post it is about."""

SubscriptionState = Literal["verifying", "active", "paused", "suspended", "disabled"]
"""verifying: WebSub, until the subscriber confirmed; paused: by the owner; suspended: the breaker
lets one request through now and then; disabled: gone or failing for days, by us."""

EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)

DELIVERABLE_STATES: Final[frozenset[SubscriptionState]] = frozenset({"active", "suspended"})
"""States in which deliveries are sent; in the others they wait, or are not made at all."""

UNDECRYPTABLE_REASON: Final = (
    "its secret cannot be opened: [service] secret_key is not what it was when the secret was "
    "stored; set it back, or rotate the secret"
)
"""Why nothing is sent to a subscription whose secret nobody can read."""

SECRET_OVERLAP: Final = timedelta(hours=24)
"""How long a secret that was replaced still signs, beside the one that took its place."""

MAX_OLD_SECRETS: Final = 2
"""How many replaced secrets sign beside the current one, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One endpoint and what it hears of.

    ``selection`` and ``types`` are what a webhook asked for, ``topic`` is the feed address of a
    WebSub subscriber. ``lease_until`` is when a WebSub subscription ends; a webhook's never does.
    """

    id: SubscriptionId
    kind: SubscriptionKind = "webhook"
    owner: str = ""
    """The name on the token that made it, so that a new token of that name takes over; empty for
    WebSub, where knowing the callback is the right."""
    url: str
    topic: str = ""
    selection: Selection = Selection()
    types: tuple[EventType, ...] = EVENT_TYPES
    minor: bool = True
    payload: Payload = "full"
    backfill: bool = False
    secrets: tuple[Secret, ...] = ()
    """The newest first; a WebSub subscriber may have none."""
    unreadable_secret: str = ""
    """The secrets as they are stored, where they cannot be opened: then `secrets` is empty."""
    state: SubscriptionState = "active"
    state_reason: str = ""
    failing_since: datetime | None = None
    """When the first of the present row of failures began."""
    fail_streak: int = 0
    """How many attempts failed since the last success."""
    not_before: datetime | None = None
    """Until when nothing is sent: the endpoint asked for it, or the breaker waits."""
    lease_until: datetime | None = None

    @property
    def status_reason(self) -> str:
        """Why it is in its state, or why nothing can be sent in any; empty if all is well."""
        return UNDECRYPTABLE_REASON if self.unreadable_secret else self.state_reason

    def accepts(self, kind: EventType, *, is_minor: bool) -> bool:
        """Tell whether the owner wants to hear of such a change."""
        return kind in self.types and (self.minor or not is_minor)


def pause(subscription: Subscription) -> Subscription:
    """Let deliveries wait, as the owner wants."""
    return replace(subscription, state="paused", state_reason="")


def resume(subscription: Subscription) -> Subscription:
    """Begin to send again, as if nothing had ever failed."""
    return replace(
        subscription,
        state="active",
        state_reason="",
        fail_streak=0,
        failing_since=None,
        not_before=None,
    )


def rotate_secret(
    subscription: Subscription,
    secret: Secret,
    at: datetime,
    *,
    max_old_secrets: int = MAX_OLD_SECRETS,
) -> Subscription:
    """Sign with ``secret`` from now on, and for `OVERLAP` with the one before as well.

    At most ``max_old_secrets`` former ones are kept, the newest, so that signatures stay short.

    One before that cannot be opened is forgotten, and holds nothing up any more.
    """
    if subscription.unreadable_secret and subscription.state == "suspended":
        subscription = resume(subscription)
    previous = (
        replace(one, valid_until=at + SECRET_OVERLAP) if one.valid_until is None else one
        for one in subscription.secrets
    )
    retained = active_secrets(previous, at)[:max_old_secrets]
    return replace(subscription, secrets=(secret, *retained), unreadable_secret="")


def is_well_formed_id(text: str) -> bool:
    """Tell whether ``text`` could be an id; a database may not accept others as a parameter."""
    return text.isascii() and text.isprintable()
