"""Access tokens of the API and the portal: role, owner and validity."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NewType

from syndicate.errors import UsageError
from syndicate.model.contact import check_contact

TokenId = NewType("TokenId", str)
"""``tok_`` and letters or digits; not secret."""

Role = Literal["admin", "editor", "partner"]
"""admin: everything; editor: explanations, checks, problems and previews of posts; partner: its
own subscriptions."""

TokenState = Literal["valid", "expired", "revoked"]

TOKEN_PREFIX: Final = "syn_"  # noqa: S105 — not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token, without its secret text.

    Subscriptions belong to its ``name``, so that a new token can replace an old one. ``contact`` is
    notified of failures: an email address, ``mailto:`` or ``https://`` URL, or empty. A token that
    is ``read_only`` changes nothing. ``expires`` and ``revoked`` are None if it does not expire or
    was not revoked; ``last_used`` is accurate to some minutes, None if it was never used.
    """

    id: TokenId
    role: Role
    name: str
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    contact: str = ""
    read_only: bool = False
    last_used: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Return whether the token is valid at ``at``."""
        return self.state(at) == "valid"

    def state(self, at: datetime) -> TokenState:
        """Return its state at ``at``; a revoked token is "revoked" even if it has expired."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if self.expires is None or at < self.expires else "expired"

    @property
    def owner(self) -> str | None:
        """Whose subscriptions it gives access to; None means all."""
        return None if self.role == "admin" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """What a token is created with; the fields are those of `AccessToken`."""

    role: Role
    name: str
    expires: datetime | None = None
    contact: str = ""
    read_only: bool = False

    def validate(self, now: datetime) -> None:
        """Raise `UsageError` for a malformed name or contact, and for an expiry in the past.

        Subscriptions belong to names.
        """
        if not self.name or self.name != self.name.strip() or not self.name.isprintable():
            raise UsageError(
                f"invalid token name {self.name!r}",
                code="malformed-name",
                hint="Give the name of the owner, as in --name 'Example agency'.",
            )
        if self.expires is not None and self.expires <= now:
            raise UsageError(
                f"the expiry is in the past: {self.expires.isoformat()}",
                code="already-expired",
                hint="Give a time in the future, or none.",
            )
        check_contact(self.contact)


def token_digest(text: str) -> str:
    """Return the stored hash of a token or session id: 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
