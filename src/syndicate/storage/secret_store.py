"""Encrypts subscribers' secrets at rest."""

import base64
import json
import secrets as dice
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from syndicate.errors import StorageError
from syndicate.model.subscription import UNDECRYPTABLE_REASON, SubscriptionId
from syndicate.model.subscription_headers import SubscriptionHeaders
from syndicate.model.webhook_signature import Secret
from syndicate.storage.row_mapping import optional_from_millis, optional_millis

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_PURPOSE: Final = b"syndicate subscribers' secrets"


class Cipher:
    """Encrypts texts under ``key``, each bound to a context."""

    def __init__(self, key: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
        self._gcm = AESGCM(derived.derive(key.encode()))

    def encrypt(self, text: str, context: str) -> bytes:
        """Return the nonce and the encrypted text; different each time."""
        nonce = dice.token_bytes(_NONCE_BYTES)
        return nonce + self._gcm.encrypt(nonce, text.encode(), context.encode())

    def decrypt(self, data: bytes, context: str) -> str | None:
        """Return the text; None if the key or the context is another."""
        try:
            return self._gcm.decrypt(
                data[:_NONCE_BYTES], data[_NONCE_BYTES:], context.encode()
            ).decode()
        except InvalidTag:
            return None


ENCRYPTED_PREFIX: Final = "aes-256-gcm:"
"""Begins each secret that is encrypted."""


class SecretStore:
    """Encodes secrets as text for the database, and decodes them.

    With a ``key`` each secret is encrypted by AES-256-GCM (NIST SP 800-38D) under a key derived
    from it (HKDF, RFC 5869), bound to its subscription; without one it is stored as plain text.
    Plain text can be decoded with a key as well, and so can secrets under ``previous_keys``.

    With ``checks_key``, nothing is stored in a database of which the keys decrypt no secret (see
    `syndicate.storage.secret_keys.check_key`): for processes, which may have the wrong settings;
    a command of an operator may give subscriptions a new secret.
    """

    def __init__(
        self, key: str = "", previous_keys: Sequence[str] = (), *, checks_key: bool = False
    ) -> None:
        self._cipher = Cipher(key) if key else None
        self._previous_ciphers = tuple(Cipher(previous) for previous in previous_keys)
        self.checks_key: Final = checks_key

    def encode(self, subscription_id: SubscriptionId, secrets: Iterable[Secret]) -> str:
        """Return ``secrets`` as text for the database."""
        return json.dumps(
            [
                [self._encrypt(subscription_id, secret.text), optional_millis(secret.valid_until)]
                for secret in secrets
            ]
        )

    def decode(self, subscription_id: SubscriptionId, text: str) -> tuple[Secret, ...]:
        """Return the secrets in a text of `encode`.

        Raises `StorageError` if the key is wrong or the text malformed.
        """
        try:
            secrets = tuple(
                Secret.from_storage(
                    self._decrypt(subscription_id, kept), valid_until=optional_from_millis(until)
                )
                for kept, until in json.loads(text)
            )
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise _unreadable_secret(subscription_id) from error
        if not all(secret.key for secret in secrets):
            raise _unreadable_secret(subscription_id)
        return secrets

    def encode_headers(self, subscription_id: SubscriptionId, headers: SubscriptionHeaders) -> str:
        """Return header fields as text for the database; empty if there are none."""
        return self._encrypt(subscription_id, json.dumps(headers)) if headers else ""

    def decode_headers(self, subscription_id: SubscriptionId, text: str) -> SubscriptionHeaders:
        """Return the header fields in a text of `encode_headers`; raises `StorageError`."""
        if not text:
            return ()
        try:
            fields = json.loads(self._decrypt(subscription_id, text))
            return tuple((str(name), str(value)) for name, value in fields)
        except (ValueError, TypeError, AttributeError) as error:
            raise _unreadable_secret(subscription_id) from error

    def is_current(self, subscription_id: SubscriptionId, text: str) -> bool:
        """Return whether the secrets in a text that can be decoded are as `encode` writes them."""
        return all(self._is_current(subscription_id, stored) for stored, _ in json.loads(text))

    def are_headers_current(self, subscription_id: SubscriptionId, text: str) -> bool:
        """Return whether the header fields in a text that can be decoded are, too."""
        return not text or self._is_current(subscription_id, text)

    def _is_current(self, subscription_id: SubscriptionId, stored: str) -> bool:
        if self._cipher is None:
            return not stored.startswith(ENCRYPTED_PREFIX)
        return (
            stored.startswith(ENCRYPTED_PREFIX)
            and self._cipher.decrypt(_encrypted_data(stored), subscription_id) is not None
        )

    def _encrypt(self, subscription_id: SubscriptionId, text: str) -> str:
        if self._cipher is None:
            return text
        return (
            ENCRYPTED_PREFIX
            + base64.b64encode(self._cipher.encrypt(text, subscription_id)).decode()
        )

    def _decrypt(self, subscription_id: SubscriptionId, stored: str) -> str:
        if not stored.startswith(ENCRYPTED_PREFIX):
            return stored
        data = _encrypted_data(stored)
        texts = (cipher.decrypt(data, subscription_id) for cipher in self._ciphers())
        text = next((text for text in texts if text is not None), None)
        if text is None:
            raise StorageError(
                f"subscription {subscription_id}: {UNDECRYPTABLE_REASON}",
                code="wrong-secret-key",
                hint="Set secret_key back, or type: "
                f"syndicate subscriptions rotate-secret {subscription_id}",
            )
        return text

    def _ciphers(self) -> Iterator[Cipher]:
        if self._cipher:
            yield self._cipher
        yield from self._previous_ciphers


def _encrypted_data(stored: str) -> bytes:
    return base64.b64decode(stored.removeprefix(ENCRYPTED_PREFIX))


def _unreadable_secret(subscription_id: SubscriptionId) -> StorageError:
    return StorageError(
        f"subscription {subscription_id}: the stored secret cannot be read",
        code="unreadable-secret",
        hint=f"Type: syndicate subscriptions rotate-secret {subscription_id}",
    )
