"""Push hooks: how a git host proves that it knows the secret of a source.

GitHub, Gitea and Forgejo sign the body of a request with HMAC-SHA256, in hexadecimal digits; GitLab
shows the secret itself. What signs with SHA-1 alone is not believed.
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
"""Header fields with a signature, and what stands before the digits."""

_SECRET_HEADER: Final = b"x-gitlab-token"


class BodySigner:
    """Signs a body that comes in pieces and is not kept."""

    def __init__(self, secret: str) -> None:
        self._hmac = hmac.new(secret.encode(), digestmod="sha256")

    def update(self, piece: bytes) -> None:
        """Sign what follows, too."""
        self._hmac.update(piece)

    @property
    def signature(self) -> str:
        """The signature of everything so far, in hexadecimal digits."""
        return self._hmac.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCredentials:
    """What a request shows: ``signatures`` with what stands before them, and ``secrets``."""

    signatures: tuple[tuple[bytes, bytes], ...] = ()
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """Read header fields, their names in lower case; what a host leaves empty shows nothing."""
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
        """Whether nothing is shown at all."""
        return not self.signatures and not self.secrets

    def verify(self, secret: str, signature: str) -> bool:
        """Tell whether all that is shown is right, given what `BodySigner` makes of the body.

        How long this takes says nothing about what would be right.
        """
        matches = [
            *(
                hmac.compare_digest(one, before + signature.encode())
                for before, one in self.signatures
            ),
            *(hmac.compare_digest(one, secret.encode()) for one in self.secrets),
        ]
        return all(matches) and not self.is_empty
