"""The press: makes the representations of feeds out of entries that it keeps."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from weakref import WeakValueDictionary, ref

from syndicate.formats import FORMATS, Format
from syndicate.formats.link import Link, essence, feed_links
from syndicate.model.change import Told
from syndicate.model.edition import Edition, Reader
from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Item, PostId
from syndicate.model.query import Content, Query
from syndicate.model.view import compose, last_modified, removals, view
from syndicate.representation.answer import (
    Representation,
    digest,
    etag_of_pieces,
    improve,
    represent,
)
from syndicate.representation.shelf import Shelf

Removed = Callable[[], tuple[Told, ...]]
"""Returns what was told to be gone lately: the same object until there is something else."""

_ROOM: Final = 16 * 2**20
_FORMATS: Final = len(FORMATS)

_OBJECTS: Final = 2_000
"""Bytes that an entry or a composed feed takes beside its texts, about."""

_REPEATED: Final = 10
"""How often a composed feed holds its query, in addresses and in words, about."""


class _Entry(NamedTuple):
    item: Item
    body: bytes
    digest: bytes


class _Composed(NamedTuple):
    edition: ref[Edition]
    removed: tuple[Told, ...]
    feed: Feed
    last_modified: datetime


class _Print(NamedTuple):
    edition: ref[Edition]
    removed: tuple[Told, ...]
    feed: Feed
    representation: Representation
    mark: object
    """Another one for each print, so that whoever watches need not hold on to it."""


_Place = tuple[str, str]
"""Name and canonical query of a feed."""

_Address = tuple[str, str, str]
"""Name, canonical query and format of a feed."""


def nothing() -> tuple[Told, ...]:
    """Return that no post left."""
    return ()


class Press:
    """Makes the representations of feeds and keeps them.

    An entry is written once per version of its post, format and choice of content, whatever feeds
    it is in; a feed is composed once per edition for all formats, and written and compressed anew
    only where something in it changed. What was not asked for longest makes room for what is.
    """

    def __init__(
        self,
        masthead: Masthead,
        *,
        executor: Executor | None = None,
        removed: Removed = nothing,
        room: int = _ROOM,
    ) -> None:
        """Speak as ``masthead`` and mention what ``removed`` tells.

        What comes out is compressed well in ``executor``, later and one after the other; never
        without one. ``room`` is the bytes of entries to keep, of what feeds are composed of, and
        of representations in each format.
        """
        self._masthead = masthead
        self._executor = executor
        self._removed = removed
        self._entries = Shelf[tuple[PostId, str, Content], _Entry](room)
        self._feeds = Shelf[_Place, _Composed](room)
        self._prints = Shelf[_Address, _Print](_FORMATS * room)
        self._hasty: dict[_Address, None] = {}
        """What is to be compressed well, the oldest first; by then it may be another print."""
        self._is_improving = False
        self._turns = WeakValueDictionary[_Place, asyncio.Lock]()
        """Who makes a feed; others who want it wait, rather than make the same beside it."""

    async def feed(self, reader: Reader, name: str, query: Query, form: Format) -> Representation:
        """Return the feed ``name``, narrowed by ``query``, in a format.

        Raises `NotReady`, `UnknownName` for the name and `UsageError` for a cursor that is none.
        """
        place = (name, query.canonical())
        found = self._current(reader, (*place, form.name))
        if found is not None:
            return found
        async with self._turns.setdefault(place, asyncio.Lock()):
            found = self._current(reader, (*place, form.name))
            return found or await self._print(reader, place, query, form)

    def _current(self, reader: Reader, address: _Address) -> Representation | None:
        found = self._prints.get(address)
        if found is None or found.edition() is not reader.edition:
            return None
        return found.representation if found.removed is self._removed() else None

    async def _print(
        self, reader: Reader, place: _Place, query: Query, form: Format
    ) -> Representation:
        address = (*place, form.name)
        before = self._prints.get(address)
        composed = await self._compose(reader, place, query)
        if before is not None and before.feed is composed.feed:
            made = replace(before.representation, last_modified=composed.last_modified)
        else:
            made = self._make(composed, form)
        self._keep(
            address, _Print(composed.edition, composed.removed, composed.feed, made, object())
        )
        if not made.is_improved:
            self._hasty[address] = None
            self._improve()
        return made

    def watch(self, reader: Reader, name: str, query: Query, form: Format) -> Callable[[], bool]:
        """Return what tells, in a microsecond, whether a feed would still come out as it is now.

        With the very same bytes, however compressed; after it did not, it never does again.
        """
        address = (name, query.canonical(), form.name)
        seen = self._prints.get(address)
        mark = seen and seen.mark

        def is_current() -> bool:
            now = self._prints.get(address)
            return (
                now is not None
                and now.mark is mark
                and reader.edition is now.edition()
                and self._removed() is now.removed
            )

        return is_current

    def entry(self, item: Item, form: Format, content: Content = "full") -> bytes:
        """Return ``item`` as it stands in feeds of a format."""
        return self._entry(item, form, content).body

    async def _compose(self, reader: Reader, place: _Place, query: Query) -> _Composed:
        edition, removed, before = reader.edition, self._removed(), self._feeds.get(place)
        if before is not None and before.edition() is edition and before.removed is removed:
            return before
        seen = view(edition, place[0], query)
        items = await reader.items(seen.page.posts, edition)
        gone = removals(removed, edition, seen.selection)
        feed = compose(edition, seen, self._masthead, items, gone)
        if before is not None and before.feed == feed:
            feed = before.feed
        composed = _Composed(ref(edition), removed, feed, last_modified(edition, seen))
        size = _OBJECTS + _REPEATED * len(place[1]) + sum(len(item.content) for item in items)
        self._feeds.put(place, composed, size)
        return composed

    def _make(self, composed: _Composed, form: Format) -> Representation:
        """Return the feed in a format, out of kept entries and new ones."""
        feed = composed.feed
        frame = form.frame(feed)
        entries = [self._entry(item, form, feed.content) for item in feed.items]
        return represent(
            frame.around(entry.body for entry in entries),
            media_type=form.media_type,
            last_modified=composed.last_modified,
            links=answer_links(feed, form),
            etag=etag_of_pieces([digest(frame.around([])), *(entry.digest for entry in entries)]),
        )

    def _entry(self, item: Item, form: Format, content: Content) -> _Entry:
        address = (item.post.id, form.name, content)
        known = self._entries.get(address)
        if known is not None and (known.item is item or known.item == item):
            return known
        body = form.entry(item, self._masthead, content)
        entry = _Entry(item, body, digest(body))
        size = _OBJECTS + len(body) + len(item.content) + len(item.text)
        self._entries.put(address, entry, size)
        return entry

    def _improve(self) -> None:
        """Have the next print compressed well that was compressed in haste and is still kept."""
        while self._executor is not None and self._hasty and not self._is_improving:
            address = next(iter(self._hasty))
            del self._hasty[address]
            now = self._prints.get(address)
            if now is not None and not now.representation.is_improved:
                loop = asyncio.get_running_loop()
                with suppress(RuntimeError):  # which says that the service is stopping
                    better = loop.run_in_executor(self._executor, improve, now.representation)
                    better.add_done_callback(partial(self._swap, address))
                    self._is_improving = True

    def _swap(self, address: _Address, better: asyncio.Future[Representation]) -> None:
        """Put what was compressed well in the place of what was compressed in haste."""
        self._is_improving = False
        if better.cancelled():
            return
        well, now = better.result(), self._prints.get(address)
        if now is not None and now.representation.etag == well.etag:
            made = replace(now.representation, gzip=well.gzip, br=well.br, is_improved=True)
            self._keep(address, now._replace(representation=made, mark=object()))
        self._improve()

    def _keep(self, address: _Address, made: _Print) -> None:
        self._prints.put(address, made, made.representation.size)


def answer_links(feed: Feed, form: Format) -> tuple[Link, ...]:
    """Return the links of an answer: those in the feed, canonical, and the other formats."""
    others = (
        Link(rel="alternate", href=feed.url(f".{other.name}"), type=essence(other.media_type))
        for other in FORMATS.values()
        if other is not form
    )
    canonical = Link(rel="canonical", href=feed.url(f".{form.name}"))
    return (*feed_links(feed, f".{form.name}", form.media_type), canonical, *others)
