"""The cache of feeds: each is built once per edition, and written only where it changed."""

import asyncio
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import inf
from time import monotonic
from typing import Final, NamedTuple
from weakref import WeakValueDictionary, ref

from syndicate.errors import Rendering
from syndicate.feeds.feed_location import FeedKey, FeedRequest, RepresentationKey
from syndicate.feeds.feed_writer import FeedWriter
from syndicate.feeds.formats import FORMATS, Format
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.feeds.representation import (
    Representation,
    as_provisional,
    recompress,
    with_unambiguous_date,
)
from syndicate.model.change import LedgerEntry
from syndicate.model.content_reader import ContentReader
from syndicate.model.edition import Edition
from syndicate.model.feed import (
    Feed,
    ServiceInfo,
    build_feed,
    build_feed_view,
    find_tombstones,
    last_modified,
)
from syndicate.model.post import RenderedPost, RenderedPosts
from syndicate.model.query import ContentMode
from syndicate.render.pages.translations import page_language, words_in

_CACHE_BYTES: Final = 16 * 2**20

_OBJECT_BYTES: Final = 2_000
"""Approximate memory of a built feed beside its texts."""

_PROVISIONAL_SECONDS: Final = 1.0
"""How long a feed with outdated posts is served before the rendered posts are looked at again:
many requests in this time cost as much as one."""

_QUERY_COPIES: Final = 10
"""How often a built feed contains its query, in URLs and in words, about."""


class _Source(NamedTuple):
    """What a feed is built from."""

    edition: Edition
    removed: tuple[LedgerEntry, ...]

    def is_same(self, other: "_Source") -> bool:
        """Return whether both are the very same objects: to compare editions takes too long."""
        return self.edition is other.edition and self.removed is other.removed


class _BuiltFeed(NamedTuple):
    edition: ref[Edition]
    removed: tuple[LedgerEntry, ...]
    feed: Feed
    last_modified: datetime
    query: str
    valid_until: float = inf
    """Seconds of `monotonic`; finite where posts of the feed are outdated."""

    def is_current(self, source: _Source, *, wait: bool) -> bool:
        """Return whether the feed is of ``source``; with ``wait``, without outdated posts."""
        return (
            self.edition() is source.edition
            and self.removed is source.removed
            and (self.valid_until == inf or not (wait or monotonic() >= self.valid_until))
        )

    def is_newer_than(self, edition: Edition) -> bool:
        """Return whether the feed is of a later edition."""
        own = self.edition()
        return own is not None and own.at > edition.at


class _CachedFeed(NamedTuple):
    built: _BuiltFeed
    representation: Representation
    version: object
    """A new object for each stored representation, so that callers need not keep that alive."""


class _PendingBuild(NamedTuple):
    source: _Source
    task: "asyncio.Task[_BuiltFeed]"


class FeedCache:
    """Builds the representations of feeds, and caches them.

    A feed is built once per edition for all formats, and written and compressed again only where
    something in it changed. The least recently used go first.

    Args:
        service_info: What feeds say about the service.
        executor: Where representations get their final compression, one after the other; without
            one they keep the fast compression.
        max_bytes: Bytes of entries to cache, of built feeds, and of representations per format.
    """

    def __init__(
        self,
        service_info: ServiceInfo,
        *,
        executor: Executor | None = None,
        max_bytes: int = _CACHE_BYTES,
    ) -> None:
        self._service_info = service_info
        self._executor = executor
        self._writer = FeedWriter(service_info, max_bytes=max_bytes)
        self._built_feeds = SizedLruCache[FeedKey, _BuiltFeed](max_bytes, getsizeof=_built_bytes)
        self._cached_feeds = SizedLruCache[RepresentationKey, _CachedFeed](
            len(FORMATS) * max_bytes, getsizeof=lambda cached: cached.representation.size
        )
        self._recompress_queue: dict[RepresentationKey, None] = {}
        """Feeds that wait for their final compression, the oldest first."""
        self._is_recompressing = False
        self._pending: dict[tuple[FeedKey, bool], _PendingBuild] = {}
        """Builds in progress, which all requests for the feed share."""
        self._locks = WeakValueDictionary[RepresentationKey, asyncio.Lock]()
        """Held while a feed is written, so that no other request writes the same."""

    async def get(
        self,
        reader: ContentReader,
        edition: Edition,
        request: FeedRequest,
        *,
        removed: tuple[LedgerEntry, ...] = (),
        wait: bool = False,
    ) -> Representation:
        """Return the feed that ``request`` asks for, of ``edition`` or a later one.

        ``removed`` are ledger entries of posts removed lately: the same object until they change.
        Posts that are still being rendered are included in their last version, unless ``wait`` is
        set. Raises `NotReady`, `UnknownName` for the name, `UsageError` for an invalid cursor, and
        `Rendering` if a post was never rendered before.
        """
        source = _Source(edition, removed)
        cached = self._cached_feeds.get(request.key)
        if cached is not None and cached.built.is_current(source, wait=wait):
            return cached.representation
        built = await self._get_built_feed(reader, source, request, wait=wait)
        async with self._locks.setdefault(request.key, asyncio.Lock()):
            cached = self._cached_feeds.get(request.key)
            if cached is not None and (
                cached.built.is_current(source, wait=wait)
                or (cached.built.is_newer_than(edition) and not wait)
            ):
                return cached.representation
            return await self._update(built, cached, request)

    def current_version(
        self, edition: Edition, removed: tuple[LedgerEntry, ...], key: RepresentationKey
    ) -> object | None:
        """Return a token that stays the same object while the representation does.

        None while there is no current one. Takes about a microsecond.
        """
        cached = self._cached_feeds.get(key)
        if cached is None or not cached.built.is_current(_Source(edition, removed), wait=False):
            return None
        return cached.version

    def entry(
        self, item: RenderedPost, feed_format: Format, content: ContentMode = "full"
    ) -> bytes:
        """Return ``item`` as an entry of a feed."""
        return self._writer.entry(item, feed_format, content)

    async def _update(
        self, built: _BuiltFeed, previous: _CachedFeed | None, request: FeedRequest
    ) -> Representation:
        """Store the representation of ``built``: the previous one if the feed has not changed."""
        if previous is not None and previous.built.feed is built.feed:
            representation = replace(
                previous.representation, last_modified=built.last_modified, is_provisional=False
            )
        else:
            representation = await self._writer.write(
                built.feed, request.feed_format, built.last_modified
            )
        if built.valid_until < inf:
            representation = as_provisional(representation)
        representation = with_unambiguous_date(representation, previous and previous.representation)
        self._cached_feeds[request.key] = _CachedFeed(built, representation, object())
        if not representation.is_recompressed and not representation.is_provisional:
            self._recompress_queue[request.key] = None
            self._recompress_next()
        return representation

    async def _get_built_feed(
        self, reader: ContentReader, source: _Source, request: FeedRequest, *, wait: bool
    ) -> _BuiltFeed:
        """Return the built feed; concurrent requests share one build, and its error."""
        key = request.key.feed
        built = self._built_feeds.get(key)
        if built is not None and built.is_current(source, wait=wait):
            return built
        pending = self._pending.get((key, wait))
        if pending is None or not pending.source.is_same(source):
            task = asyncio.create_task(self._build(reader, source, request, wait=wait))
            pending = self._pending[key, wait] = _PendingBuild(source, task)
            task.add_done_callback(partial(self._forget_pending, (key, wait)))
        return await asyncio.shield(pending.task)

    def _forget_pending(self, key: tuple[FeedKey, bool], task: asyncio.Task[_BuiltFeed]) -> None:
        with suppress(asyncio.CancelledError):
            task.exception()  # retrieved here in case that all requests were cancelled
        pending = self._pending.get(key)
        if pending is not None and pending.task is task:
            del self._pending[key]

    async def _build(
        self, reader: ContentReader, source: _Source, request: FeedRequest, *, wait: bool
    ) -> _BuiltFeed:
        edition, key = source.edition, request.key.feed
        feed_view = build_feed_view(edition, request.name, request.query)
        posts = feed_view.page.posts
        rendered = (
            RenderedPosts(items=await reader.render_posts(posts, edition))
            if wait
            else await reader.render_posts_in_time(posts, edition)
        )
        if rendered.unrendered:
            raise Rendering.of(len(rendered.unrendered))
        tombstones = find_tombstones(source.removed, edition, feed_view.selection)
        feed = build_feed(
            edition,
            feed_view,
            self._service_info,
            rendered.items,
            tombstones,
            words=words_in(page_language(feed_view.language)),
        )
        previous = self._built_feeds.get(key)
        if previous is not None and previous.feed == feed:
            feed = previous.feed
        built = self._built_feeds[key] = _BuiltFeed(
            ref(edition),
            source.removed,
            feed,
            last_modified(edition, feed_view),
            key.query,
            inf if rendered.is_current else monotonic() + _PROVISIONAL_SECONDS,
        )
        return built

    def _recompress_next(self) -> None:
        """Start the final compression of the next feed in the queue that is still cached."""
        while self._executor is not None and self._recompress_queue and not self._is_recompressing:
            key = next(iter(self._recompress_queue))
            del self._recompress_queue[key]
            cached = self._cached_feeds.get(key)
            if cached is not None and not cached.representation.is_recompressed:
                loop = asyncio.get_running_loop()
                with suppress(RuntimeError):  # raised while the service is stopping
                    future = loop.run_in_executor(self._executor, recompress, cached.representation)
                    future.add_done_callback(partial(self._store_recompressed, key))
                    self._is_recompressing = True

    def _store_recompressed(
        self, key: RepresentationKey, future: asyncio.Future[Representation]
    ) -> None:
        """Replace the representation that the recompressed one was made of, if still cached."""
        self._is_recompressing = False
        if future.cancelled():
            return
        recompressed, cached = future.result(), self._cached_feeds.get(key)
        if cached is not None and cached.representation.etag == recompressed.etag:
            representation = replace(
                cached.representation,
                gzip=recompressed.gzip,
                br=recompressed.br,
                is_recompressed=True,
            )
            self._cached_feeds[key] = _CachedFeed(cached.built, representation, object())
        self._recompress_next()


def _built_bytes(built: _BuiltFeed) -> int:
    """Return the approximate memory of a built feed."""
    content = sum(len(item.content) for item in built.feed.items)
    return _OBJECT_BYTES + _QUERY_COPIES * len(built.query) + content
