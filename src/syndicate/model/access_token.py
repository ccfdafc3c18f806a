"""Tokens: who may subscribe and look after subscriptions, by what they can show."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NewType

TokenId = NewType("TokenId", str)
"""``tok_`` and letters or digits; no secret."""

Role = Literal["admin", "partner"]
"""admin: everything; partner: its own subscriptions, no others."""

TokenState = Literal["valid", "expired", "revoked"]

TOKEN_PREFIX: Final = "syn_"  # noqa: S105 — not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A right that was given to somebody called ``name``; what they show is not in here.

    Subscriptions belong to the name, so that a new token takes the place of an old one.
    ``expires`` and ``revoked`` are None for one that does not and was not.
    """

    id: TokenId
    role: Role
    name: str
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Tell whether it is good for anything at ``at``."""
        return self.state(at) == "valid"

    def state(self, at: datetime) -> TokenState:
        """Return what it is at ``at``; one that was revoked is that, expired or not."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if self.expires is None or at < self.expires else "expired"

    @property
    def owner(self) -> str | None:
        """Whose subscriptions it gives a right to; None if everybody's."""
        return None if self.role == "admin" else self.name


def token_digest(text: str) -> str:
    """Return what is kept of the text of a token: 256 random bits need no slower hash."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
