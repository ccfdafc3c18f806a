"""Credentials of push hooks: how a git host proves that it knows the secret of a source.

GitHub, Gitea and Forgejo sign the body of the request with HMAC-SHA256, in hexadecimal digits;
GitLab sends the secret itself. Signatures by SHA-1 alone are not accepted.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

_SIGNATURE_HEADERS: Final = {
    b"x-hub-signature-256": b"sha256=",
    b"x-gitea-signature": b"",
    b"x-forgejo-signature": b"",
}
"""Headers with a signature, and the prefix before its digits."""

_SECRET_HEADER: Final = b"x-gitlab-token"


class BodySigner:
    """Computes the HMAC of a body that arrives in pieces and is not stored."""

    def __init__(self, secret: str) -> None:
        self._hmac = hmac.new(secret.encode(), digestmod="sha256")

    def update(self, piece: bytes) -> None:
        """Add the next piece of the body."""
        self._hmac.update(piece)

    @property
    def signature(self) -> str:
        """HMAC-SHA256 of the pieces so far, in hexadecimal digits."""
        return self._hmac.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCredentials:
    """Credentials in a request: ``signatures`` with their prefixes, and ``secrets``."""

    signatures: tuple[tuple[bytes, bytes], ...] = ()
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """Read the credentials from headers with names in lower case; empty values are ignored."""
        pairs = tuple(headers)
        return cls(
            signatures=tuple(
                (prefix, value)
                for name, value in pairs
                if (prefix := _SIGNATURE_HEADERS.get(name)) is not None
                and value not in (b"", prefix)
            ),
            secrets=tuple(value for name, value in pairs if name == _SECRET_HEADER and value),
        )

    @property
    def is_empty(self) -> bool:
        """Whether the request has no credentials."""
        return not self.signatures and not self.secrets

    def verify(self, secret: str, signature: str) -> bool:
        """Return whether all credentials are right, given the body's ``signature``.

        The time this takes is independent of the expected value.
        """
        matches = [
            *(
                hmac.compare_digest(value, prefix + signature.encode())
                for prefix, value in self.signatures
            ),
            *(hmac.compare_digest(value, secret.encode()) for value in self.secrets),
        ]
        return all(matches) and not self.is_empty
