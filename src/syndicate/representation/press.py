"""The press: makes the representations of feeds out of entries that it keeps."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import inf
from time import monotonic
from typing import Final, NamedTuple
from weakref import WeakValueDictionary, ref

from syndicate.errors import Rendering
from syndicate.formats import FORMATS, Format
from syndicate.formats.link import Link, essence, feed_links
from syndicate.model.change import Told
from syndicate.model.edition import Edition, Reader
from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Item, PostId, RenderedPosts
from syndicate.model.query import Content, Query
from syndicate.model.view import compose, last_modified, removals, view
from syndicate.representation.answer import (
    Representation,
    digest,
    etag_of_pieces,
    improve,
    provisional,
    represent,
    succeed,
)
from syndicate.representation.shelf import Shelf

Removed = Callable[[], tuple[Told, ...]]
"""Returns what was told to be gone lately: the same object until there is something else."""

_ROOM: Final = 16 * 2**20
_FORMATS: Final = len(FORMATS)

_OBJECTS: Final = 2_000
"""Bytes that an entry or a composed feed takes beside its texts, about."""

_PROVISIONAL_SECONDS: Final = 1.0
"""How long a feed with outdated posts is served before another look at what is rendered by then:
many readers who ask meanwhile cost no more than one."""

_LARGE: Final = 1_000_000
"""Bytes of content that are written on the event loop: some 10 ms of work."""

_VALUE: Final = 200
"""Bytes of an entry that a category or an author makes, about."""

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
    valid_until: float = inf
    """Seconds of `monotonic`; less than for ever where items are outdated."""


class _Print(NamedTuple):
    edition: ref[Edition]
    removed: tuple[Told, ...]
    feed: Feed
    representation: Representation
    mark: object
    """Another one for each print, so that whoever watches need not hold on to it."""
    valid_until: float


class _Composing(NamedTuple):
    edition: Edition
    removed: tuple[Told, ...]
    task: "asyncio.Task[_Composed]"


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
        self._writer = ThreadPoolExecutor(1, "feed-writer")
        self._entries = Shelf[tuple[PostId, str, Content], _Entry](room)
        self._feeds = Shelf[_Place, _Composed](room)
        self._prints = Shelf[_Address, _Print](_FORMATS * room)
        self._hasty: dict[_Address, None] = {}
        """What is to be compressed well, the oldest first; by then it may be another print."""
        self._is_improving = False
        self._composing: dict[tuple[_Place, bool], _Composing] = {}
        """Feeds whose posts are being rendered: whoever else asks waits for the same outcome."""
        self._turns = WeakValueDictionary[_Address, asyncio.Lock]()
        """Who makes a feed; others who want it wait, rather than make the same beside it."""

    async def feed(
        self, reader: Reader, name: str, query: Query, form: Format, *, wait: bool = False
    ) -> Representation:
        """Return the feed ``name``, narrowed by ``query``, in a format.

        Posts that are still being rendered are in it as they were last, unless it may ``wait``
        for them. Raises `NotReady`, `UnknownName` for the name, `UsageError` for a cursor that is
        none, and `Rendering` if a post was never rendered before.
        """
        place = (name, query.canonical())
        address = (*place, form.name)
        found = self._current(reader, address, wait=wait)
        if found is not None:
            return found
        composed = await self._composed(reader, place, query, wait=wait)
        async with self._turns.setdefault(address, asyncio.Lock()):
            found = self._current(reader, address, wait=wait)
            return found or await self._print(composed, address, form)

    def _current(self, reader: Reader, address: _Address, *, wait: bool) -> Representation | None:
        found = self._prints.get(address)
        if found is None or found.edition() is not reader.edition or _is_over(found, wait=wait):
            return None
        return found.representation if found.removed is self._removed() else None

    async def _print(self, composed: _Composed, address: _Address, form: Format) -> Representation:
        before = self._prints.get(address)
        if before is not None and before.feed is composed.feed:
            made = replace(
                before.representation, last_modified=composed.last_modified, is_provisional=False
            )
        else:
            made = await self._make(composed, form)
        if composed.valid_until < inf:
            made = provisional(made)
        made = succeed(made, before and before.representation)
        self._keep(address, _Print(*composed[:3], made, object(), composed.valid_until))
        if not made.is_improved and not made.is_provisional:
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
                and not _is_over(now, wait=False)
            )

        return is_current

    def entry(self, item: Item, form: Format, content: Content = "full") -> bytes:
        """Return ``item`` as it stands in feeds of a format."""
        return self._entry(item, form, content).body

    async def _composed(
        self, reader: Reader, place: _Place, query: Query, *, wait: bool
    ) -> _Composed:
        """Return the feed composed; many who ask at once share the outcome, an error too."""
        edition, removed, before = reader.edition, self._removed(), self._feeds.get(place)
        if (
            before is not None
            and before.edition() is edition
            and before.removed is removed
            and not _is_over(before, wait=wait)
        ):
            return before
        composing = self._composing.get((place, wait))
        if composing is None or composing[:2] != (edition, removed):
            task = asyncio.create_task(self._compose(reader, place, query, wait=wait))
            composing = self._composing[place, wait] = _Composing(edition, removed, task)
            task.add_done_callback(partial(self._forget_composing, (place, wait)))
        return await asyncio.shield(composing.task)

    def _forget_composing(
        self, address: tuple[_Place, bool], task: asyncio.Task[_Composed]
    ) -> None:
        with suppress(asyncio.CancelledError):
            task.exception()  # retrieved here in case that everybody who waited has left
        composing = self._composing.get(address)
        if composing is not None and composing.task is task:
            del self._composing[address]

    async def _compose(
        self, reader: Reader, place: _Place, query: Query, *, wait: bool
    ) -> _Composed:
        edition, removed = reader.edition, self._removed()
        seen = view(edition, place[0], query)
        posts = seen.page.posts
        rendered = (
            RenderedPosts(items=await reader.items(posts, edition))
            if wait
            else await reader.rendered(posts, edition)
        )
        if rendered.unrendered:
            raise Rendering.of(len(rendered.unrendered))
        items = rendered.items
        gone = removals(removed, edition, seen.selection)
        feed = compose(edition, seen, self._masthead, items, gone)
        before = self._feeds.get(place)
        if before is not None and before.feed == feed:
            feed = before.feed
        composed = _Composed(
            ref(edition),
            removed,
            feed,
            last_modified(edition, seen),
            inf if rendered.is_current else monotonic() + _PROVISIONAL_SECONDS,
        )
        size = _OBJECTS + _REPEATED * len(place[1]) + sum(len(item.content) for item in items)
        self._feeds.put(place, composed, size)
        return composed

    async def _make(self, composed: _Composed, form: Format) -> Representation:
        """Return the feed in a format, out of kept entries and new ones; if large, in a thread."""
        feed = composed.feed
        kept = [self._kept_entry(item, form, feed.content) for item in feed.items]
        write = partial(_write, composed, form, kept)
        if sum(map(_size, feed.items)) > _LARGE:
            loop = asyncio.get_running_loop()
            entries, made = await loop.run_in_executor(self._writer, write)
        else:
            entries, made = write()
        for entry, before in zip(entries, kept, strict=True):
            if before is None:
                self._keep_entry(entry, form, feed.content)
        return made

    def _entry(self, item: Item, form: Format, content: Content) -> _Entry:
        kept = self._kept_entry(item, form, content)
        if kept is None:
            kept = _made_entry(item, form, self._masthead, content)
            self._keep_entry(kept, form, content)
        return kept

    def _kept_entry(self, item: Item, form: Format, content: Content) -> _Entry | None:
        known = self._entries.get((item.post.id, form.name, content))
        if known is not None and (known.item is item or known.item == item):
            return known
        return None

    def _keep_entry(self, entry: _Entry, form: Format, content: Content) -> None:
        item = entry.item
        size = _OBJECTS + len(entry.body) + len(item.content) + len(item.text)
        self._entries.put((item.post.id, form.name, content), entry, size)

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


def _is_over(made: _Composed | _Print, *, wait: bool) -> bool:
    """Tell whether ``made`` was of outdated items and another try is due."""
    return made.valid_until < inf and (wait or monotonic() >= made.valid_until)


def _made_entry(item: Item, form: Format, masthead: Masthead, content: Content) -> _Entry:
    body = form.entry(item, masthead, content)
    return _Entry(item, body, digest(body))


def _size(item: Item) -> int:
    """Return about how many bytes an entry has: how long it takes goes by that."""
    values = len(item.post.categories) + len(item.authors) + len(item.translations)
    return len(item.content) + len(item.text) + _VALUE * values


def _write(
    composed: _Composed, form: Format, kept: Sequence[_Entry | None]
) -> tuple[list[_Entry], Representation]:
    """Return the entries of a feed, those that are not ``kept`` made anew, and all of it."""
    feed = composed.feed
    frame = form.frame(feed)
    entries = [
        entry or _made_entry(item, form, feed.masthead, feed.content)
        for item, entry in zip(feed.items, kept, strict=True)
    ]
    made = represent(
        frame.around(entry.body for entry in entries),
        media_type=form.media_type,
        last_modified=composed.last_modified,
        links=answer_links(feed, form),
        etag=etag_of_pieces([digest(frame.around([])), *(entry.digest for entry in entries)]),
    )
    return entries, made


def answer_links(feed: Feed, form: Format) -> tuple[Link, ...]:
    """Return the links of an answer: those in the feed, canonical, and the other formats."""
    others = (
        Link(rel="alternate", href=feed.url(f".{other.name}"), type=essence(other.media_type))
        for other in FORMATS.values()
        if other is not form
    )
    canonical = Link(rel="canonical", href=feed.url(f".{form.name}"))
    return (*feed_links(feed, f".{form.name}", form.media_type), canonical, *others)
