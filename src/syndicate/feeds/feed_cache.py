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
from syndicate.feeds.formats import FORMATS, Format
from syndicate.feeds.formats.link import Link, essence, feed_links
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.feeds.representation import (
    Representation,
    as_provisional,
    digest,
    etag_of_digests,
    make_representation,
    recompress,
    with_unambiguous_date,
)
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import ContentReader, Edition
from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.feed_view import build_feed, build_feed_view, find_tombstones, last_modified
from syndicate.model.post import PostId, RenderedPost, RenderedPosts
from syndicate.model.query import ContentMode, Query

RemovedEntries = Callable[[], tuple[LedgerEntry, ...]]
"""Returns what was told to be gone lately: the same object until there is something else."""

_CACHE_BYTES: Final = 16 * 2**20
_FORMAT_COUNT: Final = len(FORMATS)

_OBJECT_BYTES: Final = 2_000
"""Bytes that an entry or a composed feed takes beside its texts, about."""

_PROVISIONAL_SECONDS: Final = 1.0
"""How long a feed with outdated posts is served before another look at what is rendered by then:
many readers who ask meanwhile cost no more than one."""

_MAX_BYTES_ON_LOOP: Final = 1_000_000
"""Bytes of content that are written on the event loop: some 10 ms of work."""

_VALUE_BYTES: Final = 200
"""Bytes of an entry that a category or an author makes, about."""

_QUERY_COPIES: Final = 10
"""How often a composed feed holds its query, in addresses and in words, about."""


class _Entry(NamedTuple):
    item: RenderedPost
    body: bytes
    digest: bytes


class _BuiltFeed(NamedTuple):
    edition: ref[Edition]
    removed: tuple[LedgerEntry, ...]
    feed: Feed
    last_modified: datetime
    valid_until: float = inf
    """Seconds of `monotonic`; less than for ever where items are outdated."""


class _CachedFeed(NamedTuple):
    edition: ref[Edition]
    removed: tuple[LedgerEntry, ...]
    feed: Feed
    representation: Representation
    version: object
    """Another one for each print, so that whoever watches need not hold on to it."""
    valid_until: float


class _PendingBuild(NamedTuple):
    edition: Edition
    removed: tuple[LedgerEntry, ...]
    task: "asyncio.Task[_BuiltFeed]"


_FeedKey = tuple[str, str]
"""Name and canonical query of a feed."""

_RepresentationKey = tuple[str, str, str]
"""Name, canonical query and format of a feed."""


def no_tombstones() -> tuple[LedgerEntry, ...]:
    """Return that no post left."""
    return ()


class FeedCache:
    """Makes the representations of feeds and keeps them.

    An entry is written once per version of its post, format and choice of content, whatever feeds
    it is in; a feed is composed once per edition for all formats, and written and compressed anew
    only where something in it changed. What was not asked for longest makes room for what is.
    """

    def __init__(
        self,
        service_info: ServiceInfo,
        *,
        executor: Executor | None = None,
        removed: RemovedEntries = no_tombstones,
        max_bytes: int = _CACHE_BYTES,
    ) -> None:
        """Speak as ``masthead`` and mention what ``removed`` tells.

        What comes out is compressed well in ``executor``, later and one after the other; never
        without one. ``room`` is the bytes of entries to keep, of what feeds are composed of, and
        of representations in each format.
        """
        self._service_info = service_info
        self._executor = executor
        self._removed = removed
        self._writer = ThreadPoolExecutor(1, "feed-writer")
        self._entries = SizedLruCache[tuple[PostId, str, ContentMode], _Entry](max_bytes)
        self._built_feeds = SizedLruCache[_FeedKey, _BuiltFeed](max_bytes)
        self._cached_feeds = SizedLruCache[_RepresentationKey, _CachedFeed](
            _FORMAT_COUNT * max_bytes
        )
        self._recompress_queue: dict[_RepresentationKey, None] = {}
        """What is to be compressed well, the oldest first; by then it may be another print."""
        self._is_recompressing = False
        self._pending: dict[tuple[_FeedKey, bool], _PendingBuild] = {}
        """Feeds whose posts are being rendered: whoever else asks waits for the same outcome."""
        self._locks = WeakValueDictionary[_RepresentationKey, asyncio.Lock]()
        """Who makes a feed; others who want it wait, rather than make the same beside it."""

    async def get(
        self,
        reader: ContentReader,
        name: str,
        query: Query,
        feed_format: Format,
        *,
        wait: bool = False,
    ) -> Representation:
        """Return the feed ``name``, narrowed by ``query``, in a format.

        Posts that are still being rendered are in it as they were last, unless it may ``wait``
        for them. Raises `NotReady`, `UnknownName` for the name, `UsageError` for a cursor that is
        none, and `RenderResult` if a post was never rendered before.
        """
        feed_key = (name, query.canonical())
        key = (*feed_key, feed_format.name)
        cached = self._find_current(reader, key, wait=wait)
        if cached is not None:
            return cached
        built = await self._get_built_feed(reader, feed_key, query, wait=wait)
        async with self._locks.setdefault(key, asyncio.Lock()):
            cached = self._find_current(reader, key, wait=wait)
            return cached or await self._update(built, key, feed_format)

    def _find_current(
        self, reader: ContentReader, key: _RepresentationKey, *, wait: bool
    ) -> Representation | None:
        cached = self._cached_feeds.get(key)
        if (
            cached is None
            or cached.edition() is not reader.edition
            or _is_expired(cached, wait=wait)
        ):
            return None
        return cached.representation if cached.removed is self._removed() else None

    async def _update(
        self, built: _BuiltFeed, key: _RepresentationKey, feed_format: Format
    ) -> Representation:
        previous = self._cached_feeds.get(key)
        if previous is not None and previous.feed is built.feed:
            representation = replace(
                previous.representation, last_modified=built.last_modified, is_provisional=False
            )
        else:
            representation = await self._serialize(built, feed_format)
        if built.valid_until < inf:
            representation = as_provisional(representation)
        representation = with_unambiguous_date(representation, previous and previous.representation)
        self._store(key, _CachedFeed(*built[:3], representation, object(), built.valid_until))
        if not representation.is_recompressed and not representation.is_provisional:
            self._recompress_queue[key] = None
            self._recompress_next()
        return representation

    def validator(
        self, reader: ContentReader, name: str, query: Query, feed_format: Format
    ) -> Callable[[], bool]:
        """Return what tells, in a microsecond, whether a feed would still come out as it is now.

        With the very same bytes, however compressed; after it did not, it never does again.
        """
        key = (name, query.canonical(), feed_format.name)
        cached = self._cached_feeds.get(key)
        version = cached and cached.version

        def is_current() -> bool:
            current = self._cached_feeds.get(key)
            return (
                current is not None
                and current.version is version
                and reader.edition is current.edition()
                and self._removed() is current.removed
                and not _is_expired(current, wait=False)
            )

        return is_current

    def get_entry(
        self, item: RenderedPost, feed_format: Format, content: ContentMode = "full"
    ) -> bytes:
        """Return ``item`` as it stands in feeds of a format."""
        return self._get_or_write_entry(item, feed_format, content).body

    async def _get_built_feed(
        self, reader: ContentReader, feed_key: _FeedKey, query: Query, *, wait: bool
    ) -> _BuiltFeed:
        """Return the feed composed; many who ask at once share the outcome, an error too."""
        edition, removed, before = reader.edition, self._removed(), self._built_feeds.get(feed_key)
        if (
            before is not None
            and before.edition() is edition
            and before.removed is removed
            and not _is_expired(before, wait=wait)
        ):
            return before
        pending = self._pending.get((feed_key, wait))
        if pending is None or pending[:2] != (edition, removed):
            task = asyncio.create_task(self._build(reader, feed_key, query, wait=wait))
            pending = self._pending[feed_key, wait] = _PendingBuild(edition, removed, task)
            task.add_done_callback(partial(self._forget_pending, (feed_key, wait)))
        return await asyncio.shield(pending.task)

    def _forget_pending(self, key: tuple[_FeedKey, bool], task: asyncio.Task[_BuiltFeed]) -> None:
        with suppress(asyncio.CancelledError):
            task.exception()  # retrieved here in case that everybody who waited has left
        pending = self._pending.get(key)
        if pending is not None and pending.task is task:
            del self._pending[key]

    async def _build(
        self, reader: ContentReader, feed_key: _FeedKey, query: Query, *, wait: bool
    ) -> _BuiltFeed:
        edition, removed = reader.edition, self._removed()
        feed_view = build_feed_view(edition, feed_key[0], query)
        posts = feed_view.page.posts
        rendered = (
            RenderedPosts(items=await reader.render_posts(posts, edition))
            if wait
            else await reader.render_posts_in_time(posts, edition)
        )
        if rendered.unrendered:
            raise Rendering.of(len(rendered.unrendered))
        items = rendered.items
        tombstones = find_tombstones(removed, edition, feed_view.selection)
        feed = build_feed(edition, feed_view, self._service_info, items, tombstones)
        previous = self._built_feeds.get(feed_key)
        if previous is not None and previous.feed == feed:
            feed = previous.feed
        built = _BuiltFeed(
            ref(edition),
            removed,
            feed,
            last_modified(edition, feed_view),
            inf if rendered.is_current else monotonic() + _PROVISIONAL_SECONDS,
        )
        size = (
            _OBJECT_BYTES
            + _QUERY_COPIES * len(feed_key[1])
            + sum(len(item.content) for item in items)
        )
        self._built_feeds.put(feed_key, built, size)
        return built

    async def _serialize(self, built: _BuiltFeed, feed_format: Format) -> Representation:
        """Return the feed in a format, out of kept entries and new ones; if large, in a thread."""
        feed = built.feed
        cached_entries = [
            self._cached_entry(item, feed_format, feed.content) for item in feed.items
        ]
        write = partial(_write_feed, built, feed_format, cached_entries)
        if sum(map(_entry_bytes, feed.items)) > _MAX_BYTES_ON_LOOP:
            loop = asyncio.get_running_loop()
            entries, made = await loop.run_in_executor(self._writer, write)
        else:
            entries, made = write()
        for entry, before in zip(entries, cached_entries, strict=True):
            if before is None:
                self._cache_entry(entry, feed_format, feed.content)
        return made

    def _get_or_write_entry(
        self, item: RenderedPost, feed_format: Format, content: ContentMode
    ) -> _Entry:
        entry = self._cached_entry(item, feed_format, content)
        if entry is None:
            entry = _write_entry(item, feed_format, self._service_info, content)
            self._cache_entry(entry, feed_format, content)
        return entry

    def _cached_entry(
        self, item: RenderedPost, feed_format: Format, content: ContentMode
    ) -> _Entry | None:
        cached = self._entries.get((item.post.id, feed_format.name, content))
        if cached is not None and (cached.item is item or cached.item == item):
            return cached
        return None

    def _cache_entry(self, entry: _Entry, feed_format: Format, content: ContentMode) -> None:
        item = entry.item
        size = _OBJECT_BYTES + len(entry.body) + len(item.content) + len(item.text)
        self._entries.put((item.post.id, feed_format.name, content), entry, size)

    def _recompress_next(self) -> None:
        """Have the next print compressed well that was compressed in haste and is still kept."""
        while self._executor is not None and self._recompress_queue and not self._is_recompressing:
            key = next(iter(self._recompress_queue))
            del self._recompress_queue[key]
            cached = self._cached_feeds.get(key)
            if cached is not None and not cached.representation.is_recompressed:
                loop = asyncio.get_running_loop()
                with suppress(RuntimeError):  # which says that the service is stopping
                    future = loop.run_in_executor(self._executor, recompress, cached.representation)
                    future.add_done_callback(partial(self._store_recompressed, key))
                    self._is_recompressing = True

    def _store_recompressed(
        self, key: _RepresentationKey, future: asyncio.Future[Representation]
    ) -> None:
        """Put what was compressed well in the place of what was compressed in haste."""
        self._is_recompressing = False
        if future.cancelled():
            return
        well, now = future.result(), self._cached_feeds.get(key)
        if now is not None and now.representation.etag == well.etag:
            made = replace(now.representation, gzip=well.gzip, br=well.br, is_recompressed=True)
            self._store(key, now._replace(representation=made, version=object()))
        self._recompress_next()

    def _store(self, key: _RepresentationKey, cached: _CachedFeed) -> None:
        self._cached_feeds.put(key, cached, cached.representation.size)


def _is_expired(cached: _BuiltFeed | _CachedFeed, *, wait: bool) -> bool:
    """Tell whether ``made`` was of outdated items and another try is due."""
    return cached.valid_until < inf and (wait or monotonic() >= cached.valid_until)


def _write_entry(
    item: RenderedPost, feed_format: Format, service_info: ServiceInfo, content: ContentMode
) -> _Entry:
    body = feed_format.write_entry(item, service_info, content)
    return _Entry(item, body, digest(body))


def _entry_bytes(item: RenderedPost) -> int:
    """Return about how many bytes an entry has: how long it takes goes by that."""
    values = len(item.post.categories) + len(item.authors) + len(item.translations)
    return len(item.content) + len(item.text) + _VALUE_BYTES * values


def _write_feed(
    built: _BuiltFeed, feed_format: Format, cached_entries: Sequence[_Entry | None]
) -> tuple[list[_Entry], Representation]:
    """Return the entries of a feed, those that are not ``kept`` made anew, and all of it."""
    feed = built.feed
    envelope = feed_format.write_envelope(feed)
    entries = [
        entry or _write_entry(item, feed_format, feed.service_info, feed.content)
        for item, entry in zip(feed.items, cached_entries, strict=True)
    ]
    representation = make_representation(
        envelope.wrap(entry.body for entry in entries),
        media_type=feed_format.media_type,
        last_modified=built.last_modified,
        links=response_links(feed, feed_format),
        etag=etag_of_digests([digest(envelope.wrap([])), *(entry.digest for entry in entries)]),
    )
    return entries, representation


def response_links(feed: Feed, feed_format: Format) -> tuple[Link, ...]:
    """Return the links of an answer: those in the feed, canonical, and the other formats."""
    others = (
        Link(rel="alternate", href=feed.url(f".{other.name}"), type=essence(other.media_type))
        for other in FORMATS.values()
        if other is not feed_format
    )
    canonical = Link(rel="canonical", href=feed.url(f".{feed_format.name}"))
    return (*feed_links(feed, f".{feed_format.name}", feed_format.media_type), canonical, *others)
