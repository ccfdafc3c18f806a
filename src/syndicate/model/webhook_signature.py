"""Signing of webhooks and verifying of signatures, by Standard Webhooks 1.0.

The signed content is ``ID.TIMESTAMP.BODY`` with HMAC-SHA256, version ``v1``. During a rotation the
old and the new secret both sign, so that a receiver can change over at any time.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from syndicate.errors import UsageError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 — not a secret
MIN_SECRET_BYTES: Final = 24
MAX_SECRET_BYTES: Final = 64
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of sender and receiver may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A key shared with one receiver; ``repr`` does not show it.

    ``valid_until`` is when a replaced secret stops signing, None for the current one.
    """

    key: bytes = field(repr=False)
    valid_until: datetime | None = None

    @classmethod
    def parse(cls, text: str, *, valid_until: datetime | None = None) -> Self:
        """Parse ``whsec_`` and base64 of 24 to 64 bytes; raises `UsageError`."""
        encoded = text.removeprefix(SECRET_PREFIX)
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except ValueError:
            key = b""
        if (
            not text.startswith(SECRET_PREFIX)
            or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES
        ):
            raise UsageError(
                "malformed webhook secret",
                code="malformed-secret",
                hint=f"Expected {SECRET_PREFIX} and {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes "
                "in base64.",
            )
        return cls(key=key, valid_until=valid_until)

    @classmethod
    def from_storage(cls, text: str, *, valid_until: datetime | None = None) -> Self:
        """Parse the result of `text`; keys of WebSub subscribers may be shorter than ours."""
        return cls(key=base64.b64decode(text.removeprefix(SECRET_PREFIX)), valid_until=valid_until)

    @property
    def text(self) -> str:
        """Form that receivers get: ``whsec_`` and base64."""
        return SECRET_PREFIX + base64.b64encode(self.key).decode()


def active_secrets(secrets: Iterable[Secret], at: datetime) -> tuple[Secret, ...]:
    """Return the ``secrets`` that sign at ``at``, in order."""
    return tuple(
        secret for secret in secrets if secret.valid_until is None or at < secret.valid_until
    )


def sign(secrets: Iterable[Secret], *, message_id: str, at: datetime, body: bytes) -> str:
    """Return the value of ``webhook-signature``: one signature per secret, space-separated."""
    signed = _signed_content(message_id, str(int(at.timestamp())), body)
    return " ".join(_v1(secret, signed) for secret in secrets)


def verification_error(
    secrets: Iterable[Secret], *, headers: Mapping[str, str], body: bytes, now: datetime
) -> str:
    """Return why a received request is invalid, or "" if one of ``secrets`` signed it.

    The names in ``headers`` are in lower case; ``now`` is the receiver's clock.
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    missing = [name for name in names if not headers.get(name)]
    if missing:
        return f"header {missing[0]} is missing"
    message_id, timestamp, signatures = (headers[name] for name in names)
    if not (timestamp.isascii() and timestamp.isdigit()):
        return "webhook-timestamp is not a number"
    if abs(int(timestamp[:20]) - now.timestamp()) > CLOCK_TOLERANCE.total_seconds():
        return "webhook-timestamp differs too much from the current time"
    signed = _signed_content(message_id, timestamp, body)
    expected = [_v1(secret, signed).encode() for secret in secrets]
    signatures_given = signatures.encode(errors="replace").split(b" ")
    if any(
        hmac.compare_digest(actual, wanted) for actual in signatures_given for wanted in expected
    ):
        return ""
    return "no signature in webhook-signature matches a known secret"


def _signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _v1(secret: Secret, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret.key, signed, "sha256")).decode()
