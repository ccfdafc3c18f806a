"""What an address answers with: bytes, plain and compressed, with their tags and links."""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

import brotli
from isal import isal_zlib

from syndicate.formats.link import Link

Encoding = Literal["identity", "gzip", "br"]

_GZIP: Final = 31
"""zlib's window size for gzip, whose header then has no time in it."""

_OBJECTS: Final = 2_000
"""Bytes that a representation takes beside its texts, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """What an address answers with.

    ``etag`` is quoted and strong, of the identity bytes; ``br`` is None until somebody made it.
    """

    body: bytes
    media_type: str
    etag: str
    last_modified: datetime | None
    """None where seconds are too coarse to go by."""
    links: tuple[Link, ...] = ()
    gzip: bytes
    br: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes in memory, about: in all encodings, with the links, which repeat a long query."""
        links = sum(len(link.href) for link in self.links)
        return _OBJECTS + len(self.body) + len(self.gzip) + len(self.br or b"") + links

    def encoded(self, encoding: Encoding) -> bytes | None:
        """Return the body in ``encoding``, None if nobody has made it yet."""
        return {"identity": self.body, "gzip": self.gzip, "br": self.br}[encoding]

    def etag_of(self, encoding: Encoding) -> str:
        """Return the tag of the body in ``encoding``; better compression keeps it."""
        return self.etag if encoding == "identity" else f'{self.etag[:-1]}-{encoding}"'


def represent(
    body: bytes,
    *,
    media_type: str,
    last_modified: datetime | None,
    links: Iterable[Link] = (),
    etag: str = "",
) -> Representation:
    """Return ``body`` ready to be served, compressed in haste; ``etag`` if it is known already."""
    return Representation(
        body=body,
        media_type=media_type,
        etag=etag or etag_of_pieces([digest(body)]),
        last_modified=last_modified,
        links=tuple(links),
        gzip=isal_zlib.compress(body, 1, _GZIP),
    )


def improve(hasty: Representation) -> Representation:
    """Return the same compressed well: some 10 ms for 200 kB, so not on the event loop."""
    return replace(
        hasty,
        gzip=min(hasty.gzip, zlib.compress(hasty.body, 9, _GZIP), key=len),
        br=brotli.compress(hasty.body, quality=5),
    )


def digest(piece: bytes) -> bytes:
    """Return the SHA-256 digest of ``piece``, 32 bytes."""
    return hashlib.sha256(piece).digest()


def etag_of_pieces(digests: Iterable[bytes]) -> str:
    """Return the quoted tag of bytes whose pieces have ``digests``.

    A feed is made of entries whose digests are kept: hashing these takes a hundredth of the time
    of hashing the whole, and tells the same apart.
    """
    return f'"{digest(b"".join(digests)).hex()[:32]}"'
