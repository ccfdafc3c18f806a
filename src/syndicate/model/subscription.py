"""Subscriptions: endpoint, selection, secrets and health."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NewType, get_args
from urllib.parse import urlsplit

from syndicate.errors import Conflict, UsageError
from syndicate.model.selection import Selection
from syndicate.model.subscription_headers import SubscriptionHeaders
from syndicate.model.webhook_signature import Secret, active_secrets

SubscriptionId = NewType("SubscriptionId", str)
"""``sub_`` and letters or digits."""

SubscriptionKind = Literal["webhook", "websub"]
"""The channel: the module of `syndicate.channels` that sends."""

EventType = Literal["post.published", "post.updated", "post.removed"]

Payload = Literal["full", "thin"]
"""Whether a request carries the whole post or only its id, URL and title."""

SubscriptionState = Literal["verifying", "active", "paused", "suspended", "disabled"]
"""verifying: WebSub, until the subscriber confirms; paused: by the owner; suspended: one request
per step is sent (circuit breaker); disabled: by us, after 410 or days of failures."""

RequestedState = Literal["active", "paused"]
"""States that an owner can set."""

EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)

DELIVERABLE_STATES: Final[frozenset[SubscriptionState]] = frozenset({"active", "suspended"})
"""States in which deliveries are sent; in the others they wait, or are not created at all."""

UNDECRYPTABLE_REASON: Final = (
    "the secret cannot be decrypted: [service] secret_key has changed since it was stored; "
    "restore the key or rotate the secret"
)
"""Why nothing is sent to a subscription whose secret cannot be decrypted."""

SECRET_OVERLAP: Final = timedelta(hours=24)
"""How long a replaced secret still signs, together with the new one."""

MAX_OLD_SECRETS: Final = 2
"""Maximum number of replaced secrets that sign together with the current one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One endpoint and the events it receives.

    ``selection`` and ``types`` filter the events of a webhook; ``topic`` is the feed URL of a
    WebSub subscription. ``lease_until`` is when a WebSub subscription ends; a webhook's never does.
    """

    id: SubscriptionId
    kind: SubscriptionKind = "webhook"
    owner: str = ""
    """Name of the token that created it, so that a new token of that name has access; empty for
    WebSub, where knowing the callback is enough."""
    url: str
    topic: str = ""
    selection: Selection = Selection()
    types: tuple[EventType, ...] = EVENT_TYPES
    minor: bool = True
    payload: Payload = "full"
    backfill: bool = False
    headers: SubscriptionHeaders = field(default=(), repr=False)
    """Header fields that are added to each webhook."""
    secrets: tuple[Secret, ...] = ()
    """The newest first; a WebSub subscription may have none."""
    unreadable_secret: str = ""
    """The stored secrets, if they cannot be decrypted: then `secrets` and `headers` are empty."""
    state: SubscriptionState = "active"
    state_reason: str = ""
    failing_since: datetime | None = None
    """When the first of the latest consecutive failures was."""
    fail_streak: int = 0
    """Number of failures since the last success."""
    not_before: datetime | None = None
    """Nothing is sent before: the endpoint requested a pause, or the circuit breaker is open."""
    lease_until: datetime | None = None
    announced_selection: Selection | None = None
    """The selection that was in force when events were last made, if it changed while the
    subscription was disabled: recovery announces the difference."""

    @property
    def status_reason(self) -> str:
        """Why it is in its state, or why nothing can be sent; empty if it works."""
        return UNDECRYPTABLE_REASON if self.unreadable_secret else self.state_reason

    def accepts(self, kind: EventType, *, is_minor: bool) -> bool:
        """Return whether the subscription includes events of this type."""
        return kind in self.types and (self.minor or not is_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPatch:
    """Fields that an owner sets on a subscription; None keeps the value or the default."""

    url: str | None = None
    selection: Selection | None = None
    types: tuple[EventType, ...] | None = None
    minor: bool | None = None
    payload: Payload | None = None
    headers: SubscriptionHeaders | None = field(default=None, repr=False)
    backfill: bool | None = None
    state: RequestedState | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that are set."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) is not None)

    def _headers(self, subscription: Subscription) -> SubscriptionHeaders:
        """Return the header fields; another host gets none of those that were set for one."""
        if self.headers is not None:
            return self.headers
        is_elsewhere = self.url is not None and _origin(self.url) != _origin(subscription.url)
        return () if is_elsewhere else subscription.headers

    def apply_to(self, subscription: Subscription) -> Subscription:
        """Return ``subscription`` with these fields."""
        updated = replace(
            subscription,
            url=subscription.url if self.url is None else self.url,
            selection=subscription.selection if self.selection is None else self.selection,
            types=subscription.types if self.types is None else self.types,
            minor=subscription.minor if self.minor is None else self.minor,
            payload=subscription.payload if self.payload is None else self.payload,
            headers=self._headers(subscription),
            backfill=subscription.backfill if self.backfill is None else self.backfill,
        )
        if self.state is None:
            return updated
        return pause(updated) if self.state == "paused" else resume(updated)


def _origin(url: str) -> tuple[str, str]:
    parsed = urlsplit(url)
    return parsed.scheme, parsed.netloc


def parse_event_types(names: Collection[object]) -> tuple[EventType, ...]:
    """Return the event types with these ``names``, in their order; raises `UsageError`."""
    for name in names:
        if name not in EVENT_TYPES:
            raise unknown_value(name, EVENT_TYPES, code="unknown-type")
    return tuple(kind for kind in EVENT_TYPES if kind in names)


def unknown_value(
    value: object, choices: tuple[str, ...], *, code: str = "unknown-value"
) -> UsageError:
    """Return the error for a ``value`` that is none of ``choices``."""
    return UsageError(
        f"invalid value {value!r}",
        code=code,
        hint=f"Valid values: {', '.join(choices)}.",
        choices=choices,
    )


def require_readable_secret(subscription: Subscription) -> None:
    """Raise `Conflict` if secrets cannot be decrypted: header fields could not be stored."""
    if subscription.unreadable_secret:
        raise Conflict(
            "the stored secrets of this subscription cannot be decrypted",
            code="unreadable-secret",
            hint="Rotate the secret first, which also removes the header fields.",
        )


def pause(subscription: Subscription) -> Subscription:
    """Pause deliveries at the owner's request."""
    return replace(subscription, state="paused", state_reason="")


def resume(subscription: Subscription) -> Subscription:
    """Start sending again, with all failures forgotten."""
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
    """Sign with ``secret`` from now on, and for `SECRET_OVERLAP` with the previous one as well.

    At most ``max_old_secrets`` previous ones are kept, the newest, so that signatures stay short.
    What cannot be decrypted is dropped, header fields too, and no longer suspends the subscription.
    """
    if subscription.unreadable_secret and subscription.state == "suspended":
        subscription = resume(subscription)
    previous = (
        replace(old, valid_until=at + SECRET_OVERLAP) if old.valid_until is None else old
        for old in subscription.secrets
    )
    retained = active_secrets(previous, at)[:max_old_secrets]
    return replace(subscription, secrets=(secret, *retained), unreadable_secret="")


def is_well_formed_id(text: str) -> bool:
    """Return whether ``text`` could be an id; a database may reject other text as a parameter."""
    return text.isascii() and text.isprintable()
