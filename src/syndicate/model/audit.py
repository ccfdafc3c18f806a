"""The audit log: who did what, when, to which object, and from which address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Self, get_args

from syndicate.model.access_token import AccessToken
from syndicate.model.event import rfc3339

AuditAction = Literal[
    "token.created",
    "token.revoked",
    "authentication.failed",
    "portal.login",
    "portal.logout",
    "subscription.created",
    "subscription.changed",
    "subscription.removed",
    "subscription.tested",
    "subscription.recovered",
    "secret.rotated",
    "delivery.replayed",
    "deliveries.held",
    "deliveries.released",
    "settings.changed",
    "removals.accepted",
    "changes.accepted",
    "post.withdrawn",
    "post.restored",
    "database.restored",
    "keys.rotated",
]

AUDIT_ACTIONS: Final[tuple[AuditAction, ...]] = get_args(AuditAction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: ``name`` begins with ``token:``, ``command:``, ``service`` or ``unknown``.

    ``address`` is the IP address of the client (of an IPv6 client the /64), empty for commands.
    """

    name: str
    address: str = ""

    @classmethod
    def from_token(cls, token: AccessToken, address: str) -> Self:
        """Return the holder of ``token``; the id comes first, since anyone chooses a name."""
        return cls(name=f"token:{token.id} ({token.name})", address=address)


SERVICE: Final = Actor(name="service")
"""The service itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry; ``detail`` never holds secrets. ``id`` is 0 until the entry is stored."""

    at: datetime
    actor: Actor
    action: AuditAction
    object_id: str
    detail: Mapping[str, object] = field(default_factory=dict)
    id: int = 0

    def to_json(self) -> dict[str, object]:
        """Return the entry as one JSON object."""
        return {
            "id": self.id,
            "at": rfc3339(self.at),
            "actor": self.actor.name,
            "action": self.action,
            "object": self.object_id,
            "address": self.actor.address,
            "detail": dict(self.detail),
        }


def failed_authentication(
    *, at: datetime, address: str, reason: str, token: AccessToken | None, suppressed: int
) -> AuditEntry:
    """Return the entry for invalid credentials.

    ``token`` is the expired or revoked token, if any; ``suppressed`` is the number of failures
    before this one that were counted only.
    """
    name = "unknown" if token is None else f"token:{token.id} ({token.name})"
    detail: dict[str, object] = {"reason": reason}
    if suppressed:
        detail["suppressed"] = suppressed
    return AuditEntry(
        at=at,
        actor=Actor(name=name, address=address),
        action="authentication.failed",
        object_id="" if token is None else token.id,
        detail=detail,
    )
