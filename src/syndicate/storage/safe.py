"""The safe: subscribers' secrets as they are stored, encrypted where the operator gave a key."""

import base64
import json
import secrets as dice
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from syndicate.errors import StorageError
from syndicate.model.signature import Secret
from syndicate.model.subscription import SEALED, SubscriptionId
from syndicate.storage.rows import perhaps_millis, perhaps_moment

_SEALED: Final = "aes-256-gcm:"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_PURPOSE: Final = b"syndicate subscribers' secrets"


class Safe:
    """Writes secrets as text and reads them again.

    With a ``key`` each is sealed by AES-256-GCM (NIST SP 800-38D) under a key derived from it
    (HKDF, RFC 5869), and only for the subscription it belongs to; without one it is readable, and
    what was stored readable can be read with a key as well.
    """

    def __init__(self, key: str = "") -> None:
        self._cipher = AESGCM(_derived(key)) if key else None

    def store(self, subscription: SubscriptionId, secrets: Iterable[Secret]) -> str:
        """Return ``secrets`` as text for the database."""
        return json.dumps(
            [
                [self._seal(subscription, secret.text), perhaps_millis(secret.until)]
                for secret in secrets
            ]
        )

    def load(self, subscription: SubscriptionId, text: str) -> tuple[Secret, ...]:
        """Return what `store` made a text of; raises `StorageError` where the key is wrong."""
        return tuple(
            Secret.stored(self._open(subscription, kept), until=perhaps_moment(until))
            for kept, until in json.loads(text)
        )

    def _seal(self, subscription: SubscriptionId, text: str) -> str:
        if self._cipher is None:
            return text
        nonce = dice.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), subscription.encode())
        return _SEALED + base64.b64encode(nonce + sealed).decode()

    def _open(self, subscription: SubscriptionId, kept: str) -> str:
        if not kept.startswith(_SEALED):
            return kept
        data = base64.b64decode(kept.removeprefix(_SEALED))
        try:
            return self._unsealed(subscription, data).decode()
        except InvalidTag:
            raise StorageError(
                f"subscription {subscription}: {SEALED}",
                code="wrong-secret-key",
                hint="Set secret_key back, or type: "
                f"syndicate subscriptions rotate-secret {subscription}",
            ) from None

    def _unsealed(self, subscription: SubscriptionId, data: bytes) -> bytes:
        if self._cipher is None:
            raise InvalidTag
        return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], subscription.encode())


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE).derive(
        key.encode()
    )
