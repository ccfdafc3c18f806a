"""The safe: subscribers' secrets as they are stored, encrypted where the operator gave a key."""

import base64
import json
from collections.abc import Iterable
from typing import Final, Protocol

from syndicate.errors import StorageError
from syndicate.model.signature import Secret
from syndicate.model.subscription import SEALED, SubscriptionId
from syndicate.storage.rows import perhaps_millis, perhaps_moment

_SEALED: Final = "aes-256-gcm:"


class Safe:
    """Writes secrets as text and reads them again.

    With a ``key`` each is sealed by AES-256-GCM (NIST SP 800-38D) under a key derived from it
    (HKDF, RFC 5869), and only for the subscription it belongs to; without one it is readable, and
    what was stored readable can be read with a key as well.
    """

    def __init__(self, key: str = "") -> None:
        self._cipher = _cipher(key) if key else None

    def store(self, subscription: SubscriptionId, secrets: Iterable[Secret]) -> str:
        """Return ``secrets`` as text for the database."""
        return json.dumps(
            [
                [self._seal(subscription, secret.text), perhaps_millis(secret.until)]
                for secret in secrets
            ]
        )

    def load(self, subscription: SubscriptionId, text: str) -> tuple[Secret, ...]:
        """Return what `store` made a text of.

        Raises `StorageError` where the key is wrong or the text is none of ours.
        """
        try:
            secrets = tuple(
                Secret.stored(self._open(subscription, kept), until=perhaps_moment(until))
                for kept, until in json.loads(text)
            )
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise _unreadable(subscription) from error
        if not all(secret.key for secret in secrets):
            raise _unreadable(subscription)
        return secrets

    def _seal(self, subscription: SubscriptionId, text: str) -> str:
        if self._cipher is None:
            return text
        return _SEALED + base64.b64encode(self._cipher.seal(text, subscription)).decode()

    def _open(self, subscription: SubscriptionId, kept: str) -> str:
        if not kept.startswith(_SEALED):
            return kept
        data = base64.b64decode(kept.removeprefix(_SEALED))
        text = self._cipher.unseal(data, subscription) if self._cipher else None
        if text is None:
            raise StorageError(
                f"subscription {subscription}: {SEALED}",
                code="wrong-secret-key",
                hint="Set secret_key back, or type: "
                f"syndicate subscriptions rotate-secret {subscription}",
            )
        return text


def _unreadable(subscription: SubscriptionId) -> StorageError:
    return StorageError(
        f"subscription {subscription}: the stored secret cannot be read",
        code="unreadable-secret",
        hint=f"Type: syndicate subscriptions rotate-secret {subscription}",
    )


class _Cipher(Protocol):
    """What is asked of a `Cipher`, whose module is imported where there is a key."""

    def seal(self, text: str, about: str) -> bytes:
        """Seal a text that is about something."""
        ...

    def unseal(self, data: bytes, about: str) -> str | None:
        """Return the text, None where the key is another or it is about something else."""
        ...


def _cipher(key: str) -> _Cipher:
    from syndicate.storage.cipher import Cipher  # noqa: PLC0415 — 6 MB for who has a key

    return Cipher(key)
