"""From an edition to the bytes that go out: made once, kept while nothing changes them."""

import asyncio
import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Generic, Literal, NamedTuple, TypeVar

import brotli
from isal import isal_zlib

from syndicate.formats import FORMATS, Format
from syndicate.formats.link import Link, feed_links
from syndicate.model.edition import Edition, Reader
from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Item, PostId
from syndicate.model.query import Content, Query
from syndicate.model.view import compose, last_modified, view

Encoding = Literal["identity", "gzip", "br"]

_K = TypeVar("_K")
_V = TypeVar("_V")

_GZIP: Final = 31
"""zlib's window size for gzip, whose header then has no time in it."""
_ROOM: Final = 128 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """What an address answers with.

    ``etag`` is quoted and strong, of the identity bytes; ``br`` is None until somebody made it.
    """

    body: bytes
    media_type: str
    etag: str
    last_modified: datetime
    links: tuple[Link, ...] = ()
    gzip: bytes
    br: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes in memory, in all encodings."""
        return len(self.body) + len(self.gzip) + len(self.br or b"")

    def encoded(self, encoding: Encoding) -> bytes | None:
        """Return the body in ``encoding``, None if nobody has made it yet."""
        return {"identity": self.body, "gzip": self.gzip, "br": self.br}[encoding]

    def etag_of(self, encoding: Encoding) -> str:
        """Return the tag of the body in ``encoding``; better compression keeps it."""
        return self.etag if encoding == "identity" else f'{self.etag[:-1]}-{encoding}"'


def represent(
    body: bytes, media_type: str, last_modified: datetime, links: Iterable[Link] = ()
) -> Representation:
    """Return ``body`` ready to be served, compressed in haste."""
    return Representation(
        body=body,
        media_type=media_type,
        etag=_etag([_digest(body)]),
        last_modified=last_modified,
        links=tuple(links),
        gzip=_in_haste(body),
    )


def improve(hasty: Representation) -> Representation:
    """Return the same compressed well: some 15 ms for 200 kB, so not on the event loop."""
    return replace(
        hasty,
        gzip=min(zlib.compress(hasty.body, 9, _GZIP), hasty.gzip, key=len),
        br=brotli.compress(hasty.body, quality=5),
    )


def http_links(feed: Feed, form: Format) -> tuple[Link, ...]:
    """Return the links of an answer: those in the feed, canonical, and the other formats."""
    links = feed_links(feed, f".{form.name}", form.media_type)
    others = (
        Link(rel="alternate", href=feed.url(f".{other.name}"), type=_bare(other.media_type))
        for other in FORMATS.values()
        if other is not form
    )
    return (*links, Link(rel="canonical", href=feed.url(f".{form.name}")), *others)


_Address = tuple[str, ...]
"""Name, canonical query and format of a feed, or what tells another document from it."""


class _Entry(NamedTuple):
    item: Item
    body: bytes
    digest: bytes


class _Print(NamedTuple):
    edition: Edition
    representation: Representation


class _Shelf(Generic[_K, _V]):
    """Keeps values up to a sum of their sizes; the one unused for longest goes first."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: _K, value: _V, size: int) -> None:
        self._room += self._kept.pop(key, (value, 0))[1] - size
        self._kept[key] = (value, size)
        while self._room < 0:
            self._room += self._kept.popitem(last=False)[1][1]


class Press:
    """Makes the representations of feeds and keeps them.

    An entry is written once per version of its post, format and choice of content, whatever feeds
    it is in; a feed once per edition. What was not asked for longest makes room for what is.
    """

    def __init__(
        self, masthead: Masthead, *, executor: Executor | None = None, room: int = _ROOM
    ) -> None:
        """Speak as ``masthead``; keep up to ``room`` bytes of entries and as much of feeds.

        What comes out is compressed well in ``executor``, later; never without one.
        """
        self._masthead = masthead
        self._executor = executor
        self._entries = _Shelf[tuple[PostId, str, Content], _Entry](room)
        self._prints = _Shelf[_Address, _Print](room)

    async def feed(self, reader: Reader, name: str, query: Query, form: Format) -> Representation:
        """Return the feed ``name``, narrowed by ``query``, in a format.

        Raises `NotReady`, `UnknownName` for the name and `UsageError` for a cursor that is none.
        """

        async def make(edition: Edition) -> Representation:
            seen = view(edition, name, query)
            items = await reader.items(seen.page.posts)
            feed = compose(edition, seen, self._masthead, items)
            return self.make(feed, form, last_modified(edition, seen))

        return await self.document(reader, (name, query.canonical(), form.name), make)

    async def document(
        self,
        reader: Reader,
        address: tuple[str, ...],
        make: Callable[[Edition], Awaitable[Representation]],
    ) -> Representation:
        """Return what ``make`` makes of the edition, under an ``address`` of its own.

        Raises `NotReady` and whatever ``make`` does.
        """
        edition = reader.edition
        before = self._prints.get(address)
        if before is not None and before.edition is edition:
            return before.representation
        made = await make(edition)
        if before is not None and before.representation.etag == made.etag:
            made = replace(made, gzip=before.representation.gzip, br=before.representation.br)
        self._keep(address, _Print(edition, made))
        self._improve_later(address, made)
        return made

    def make(self, feed: Feed, form: Format, last_modified: datetime) -> Representation:
        """Return ``feed`` in a format, out of kept entries and new ones."""
        entries = [self._entry(item, form, feed.content) for item in feed.items]
        frame = form.frame(feed)
        body = frame.around(entry.body for entry in entries)
        return Representation(
            body=body,
            media_type=form.media_type,
            etag=_etag([_digest(frame.around([])), *(entry.digest for entry in entries)]),
            last_modified=last_modified,
            links=http_links(feed, form),
            gzip=_in_haste(body),
        )

    def _entry(self, item: Item, form: Format, content: Content) -> _Entry:
        address = (item.post.id, form.name, content)
        known = self._entries.get(address)
        if known is not None and known.item == item:
            return known
        body = form.entry(item, self._masthead, content)
        entry = _Entry(item, body, _digest(body))
        self._entries.put(address, entry, len(body))
        return entry

    def _improve_later(self, address: _Address, made: Representation) -> None:
        if self._executor is None or made.br is not None:
            return
        work = asyncio.get_running_loop().run_in_executor(self._executor, improve, made)
        work.add_done_callback(partial(self._swap, address, made))

    def _swap(
        self, address: _Address, old: Representation, work: asyncio.Future[Representation]
    ) -> None:
        now = self._prints.get(address)
        if now is not None and now.representation is old and not work.cancelled():
            self._keep(address, _Print(now.edition, work.result()))

    def _keep(self, address: _Address, print_: _Print) -> None:
        self._prints.put(address, print_, print_.representation.size)


def _digest(piece: bytes) -> bytes:
    return hashlib.sha256(piece).digest()


def _etag(digests: Iterable[bytes]) -> str:
    """Return the tag of what the pieces with ``digests`` make up together."""
    return f'"{_digest(b"".join(digests)).hex()[:32]}"'


def _in_haste(body: bytes) -> bytes:
    return isal_zlib.compress(body, 1, _GZIP)


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0]
