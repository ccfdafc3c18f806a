"""Representations: the bytes of a document, plain and compressed, with their header fields."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final, Literal, NamedTuple, TypeAlias

import brotli
from isal import isal_zlib

from syndicate.feeds.formats.link import Link, link_header

Encoding = Literal["identity", "gzip", "br"]

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Header fields as ASGI has them: names in lower case."""

_GZIP_WINDOW_BITS: Final = 31
"""zlib's window size for gzip, whose header then contains no time."""

_FAST_BROTLI_QUALITY: Final = 1
"""0.9 ms for 140 kB, and smaller than fast gzip; quality 5 takes seven times as long."""

_OBJECT_BYTES: Final = 3_000
"""Approximate memory of a representation beside its bodies and links."""


class Variant(NamedTuple):
    """A representation in one content coding.

    ``validators`` are header fields of 200 and 304 responses, ``content`` those of 200 alone.
    """

    body: bytes
    etag: str
    validators: RawHeaders
    content: RawHeaders


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """The bytes of a document in every content coding, ready to be sent.

    ``etag`` is quoted and strong, of the identity bytes. Every coding exists from the start: a
    cache in front keeps the first response as long as the feed does not change.
    """

    body: bytes
    media_type: str
    etag: str
    last_modified: datetime | None
    """None where a date in seconds could not tell two versions apart."""
    links: tuple[Link, ...] = ()
    headers: RawHeaders = ()
    """Further header fields of 200 and 304 responses."""
    gzip: bytes
    br: bytes
    is_recompressed: bool = False
    """Whether ``gzip`` and ``br`` have the final compression, not the fast one."""
    previous_date: datetime | None = None
    """The latest ``last_modified`` of what was served at the same URL before, if later."""
    is_provisional: bool = False
    """Whether posts in it are still being rendered, so that another one follows in a moment."""
    variants: Mapping[Encoding, Variant] = field(init=False, repr=False, compare=False)
    codings: tuple[Encoding, ...] = field(init=False, repr=False, compare=False)
    """The codings that are smaller than the plain body, and identity."""
    date_header: RawHeaders = field(init=False, repr=False, compare=False)
    """Last-Modified, for the time when it may be sent; empty without a date."""

    def __post_init__(self) -> None:
        """Encode the header fields once, not for each response."""
        link = link_header(self.links).encode()
        bodies: dict[Encoding, bytes] = {"br": self.br, "gzip": self.gzip, "identity": self.body}
        variants = {coding: self._variant(coding, body, link) for coding, body in bodies.items()}
        smaller = [coding for coding, body in bodies.items() if len(body) < len(self.body)]
        object.__setattr__(self, "variants", variants)
        object.__setattr__(self, "codings", (*smaller, "identity"))
        object.__setattr__(self, "date_header", date_header(self.last_modified))

    def _variant(self, coding: Encoding, body: bytes, link: bytes) -> Variant:
        etag = self.etag if coding == "identity" else f'{self.etag[:-1]}-{coding}"'
        validators = [(b"etag", etag.encode()), (b"vary", b"Accept-Encoding"), *self.headers]
        if link:
            validators.append((b"link", link))
        content = [(b"content-type", self.media_type.encode())]
        if coding != "identity":
            content.append((b"content-encoding", coding.encode()))
        content.append((b"content-length", str(len(body)).encode()))
        return Variant(body, etag, validators, content)

    @property
    def size(self) -> int:
        """Approximate bytes in memory: all codings, and the links, which repeat a long query."""
        links = sum(len(link.href) for link in self.links)
        return _OBJECT_BYTES + len(self.body) + len(self.gzip) + len(self.br) + links


def date_header(time: datetime | None) -> RawHeaders:
    """Return the field Last-Modified for ``time``, nothing where that is None."""
    if time is None:
        return ()
    date = time.astimezone(UTC).replace(microsecond=0)
    return ((b"last-modified", format_datetime(date, usegmt=True).encode()),)


def make_representation(
    body: bytes,
    *,
    media_type: str,
    last_modified: datetime | None,
    links: Iterable[Link] = (),
    etag: str = "",
) -> Representation:
    """Return ``body`` with fast compression; ``etag`` where it is known already."""
    return Representation(
        body=body,
        media_type=media_type,
        etag=etag or etag_of_digests([digest(body)]),
        last_modified=last_modified,
        links=tuple(links),
        gzip=isal_zlib.compress(body, 1, _GZIP_WINDOW_BITS),
        br=brotli.compress(body, quality=_FAST_BROTLI_QUALITY),
    )


def with_headers(representation: Representation, headers: Mapping[str, str]) -> Representation:
    """Return the same with further header fields of 200 and 304 responses."""
    fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return replace(representation, headers=(*representation.headers, *fields))


def as_provisional(representation: Representation) -> Representation:
    """Return the same, marked as provisional; without its date, which its successor will have."""
    return replace(representation, last_modified=None, is_provisional=True)


def with_unambiguous_date(
    representation: Representation, previous: Representation | None
) -> Representation:
    """Return ``representation`` without a date that ``previous``, at the same URL, had already.

    New bytes may have the date of the previous ones, or an earlier date: after a branch was reset,
    or with two commits in one second. A client that sends only If-Modified-Since would keep the
    previous bytes.
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
    """Return the same in its final compression; takes some 10 ms for 200 kB: use a thread."""
    return replace(
        fast,
        gzip=min(fast.gzip, zlib.compress(fast.body, 9, _GZIP_WINDOW_BITS), key=len),
        br=min(fast.br, brotli.compress(fast.body, quality=5), key=len),
        is_recompressed=True,
    )


def digest(data: bytes) -> bytes:
    """Return the SHA-256 digest of ``data``, 32 bytes."""
    return hashlib.sha256(data).digest()


def etag_of_digests(digests: Iterable[bytes]) -> str:
    """Return the quoted entity tag of a body whose pieces have ``digests``.

    A feed is made of cached entries with cached digests: hashing these takes a hundredth of the
    time of hashing the whole body.
    """
    return f'"{digest(b"".join(digests)).hex()[:32]}"'
