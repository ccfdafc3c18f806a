"""AES-256-GCM (NIST SP 800-38D) under a derived key (HKDF, RFC 5869)."""

import secrets as dice
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

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
