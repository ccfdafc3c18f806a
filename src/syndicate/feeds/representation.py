"""What an address answers with: bytes, plain and compressed, with their tags and links."""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

import brotli
from isal import isal_zlib

from syndicate.feeds.formats.link import Link

Encoding = Literal["identity", "gzip", "br"]

_GZIP_WINDOW_BITS: Final = 31
"""zlib's window size for gzip, whose header then has no time in it."""

_FAST_BROTLI_QUALITY: Final = 1
"""0.9 ms for 140 kB, and smaller than quick gzip; quality 5 takes seven times as long."""

_OBJECT_BYTES: Final = 2_000
"""Bytes that a representation takes beside its texts, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """What an address answers with.

    ``etag`` is quoted and strong, of the identity bytes. Every encoding is there from the start: a
    cache in front keeps the first response as long as the feed does not change.
    """

    body: bytes
    media_type: str
    etag: str
    last_modified: datetime | None
    """None where seconds are too coarse to go by."""
    links: tuple[Link, ...] = ()
    gzip: bytes
    br: bytes
    is_recompressed: bool = False
    """Whether ``gzip`` and ``br`` are compressed well, not only quickly."""
    previous_date: datetime | None = None
    """The latest ``last_modified`` of what was served at the same address before, if later."""
    is_provisional: bool = False
    """Whether it is to be replaced in a moment: posts in it are still being rendered."""

    @property
    def size(self) -> int:
        """Bytes in memory, about: in all encodings, with the links, which repeat a long query."""
        links = sum(len(link.href) for link in self.links)
        return _OBJECT_BYTES + len(self.body) + len(self.gzip) + len(self.br) + links

    def encoded(self, encoding: Encoding) -> bytes:
        """Return the body in ``encoding``."""
        return {"identity": self.body, "gzip": self.gzip, "br": self.br}[encoding]

    def etag_of(self, encoding: Encoding) -> str:
        """Return the tag of the body in ``encoding``; better compression keeps it."""
        return self.etag if encoding == "identity" else f'{self.etag[:-1]}-{encoding}"'


def make_representation(
    body: bytes,
    *,
    media_type: str,
    last_modified: datetime | None,
    links: Iterable[Link] = (),
    etag: str = "",
) -> Representation:
    """Return ``body`` ready to be served, compressed quickly; ``etag`` if it is known already."""
    return Representation(
        body=body,
        media_type=media_type,
        etag=etag or etag_of_digests([digest(body)]),
        last_modified=last_modified,
        links=tuple(links),
        gzip=isal_zlib.compress(body, 1, _GZIP_WINDOW_BITS),
        br=brotli.compress(body, quality=_FAST_BROTLI_QUALITY),
    )


def as_provisional(representation: Representation) -> Representation:
    """Return ``made`` as one that is replaced in a moment.

    It has no date: what replaces it will have the same.
    """
    return replace(representation, last_modified=None, is_provisional=True)


def with_unambiguous_date(
    representation: Representation, previous: Representation | None
) -> Representation:
    """Return ``made``, which takes the place of ``before`` at an address.

    Its date is left out where it proves nothing: other bytes with the date of former ones, or an
    earlier one, as after a branch was reset or two commits in one second. Who goes by dates alone
    would keep the former bytes.
    """
    if previous is None:
        return representation
    latest = max(filter(None, (previous.previous_date, previous.last_modified)), default=None)
    date = representation.last_modified
    if latest is None or (date and date.replace(microsecond=0) > latest.replace(microsecond=0)):
        return representation
    if date is not None:
        date = previous.last_modified if previous.etag == representation.etag else None
    return replace(representation, last_modified=date, previous_date=latest)


def recompress(fast: Representation) -> Representation:
    """Return the same compressed well: some 10 ms for 200 kB, so not on the event loop."""
    return replace(
        fast,
        gzip=min(fast.gzip, zlib.compress(fast.body, 9, _GZIP_WINDOW_BITS), key=len),
        br=min(fast.br, brotli.compress(fast.body, quality=5), key=len),
        is_recompressed=True,
    )


def digest(data: bytes) -> bytes:
    """Return the SHA-256 digest of ``piece``, 32 bytes."""
    return hashlib.sha256(data).digest()


def etag_of_digests(digests: Iterable[bytes]) -> str:
    """Return the quoted tag of bytes whose pieces have ``digests``.

    A feed is made of entries whose digests are kept: hashing these takes a hundredth of the time
    of hashing the whole, and tells the same apart.
    """
    return f'"{digest(b"".join(digests)).hex()[:32]}"'
