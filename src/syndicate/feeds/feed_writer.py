"""Writes feeds in a format out of cached entries."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from syndicate.feeds.formats import FORMATS, Format
from syndicate.feeds.formats.link import Link, essence, feed_links
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.feeds.representation import (
    Representation,
    digest,
    etag_of_digests,
    make_representation,
)
from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import PostId, RenderedPost
from syndicate.model.query import ContentMode

_OBJECT_BYTES: Final = 2_000
"""Approximate memory of an entry beside its texts."""

_MAX_BYTES_ON_LOOP: Final = 1_000_000
"""Bytes of content that are written on the event loop: some 10 ms of work."""

_VALUE_BYTES: Final = 200
"""Approximate bytes of an entry for each category or author."""


class _Entry(NamedTuple):
    item: RenderedPost
    body: bytes
    digest: bytes


class FeedWriter:
    """Writes each entry once per version of its post, format and content mode.

    The entry is the same in all feeds that contain the post.

    Args:
        service_info: What feeds say about the service.
        max_bytes: Bytes of entries to cache.
    """

    def __init__(self, service_info: ServiceInfo, *, max_bytes: int) -> None:
        self._service_info = service_info
        self._entries = SizedLruCache[tuple[PostId, str, ContentMode], _Entry](
            max_bytes, getsizeof=_cache_bytes
        )
        self._executor = ThreadPoolExecutor(1, "feed-writer")

    def entry(self, item: RenderedPost, feed_format: Format, content: ContentMode) -> bytes:
        """Return ``item`` as an entry of a feed."""
        entry = self._cached_entry(item, feed_format, content)
        if entry is None:
            entry = _write_entry(item, feed_format, self._service_info, content)
            self._entries[item.post.id, feed_format.name, content] = entry
        return entry.body

    async def write(
        self, feed: Feed, feed_format: Format, last_modified: datetime
    ) -> Representation:
        """Return ``feed`` in a format; a large feed is written in a thread."""
        cached = [self._cached_entry(item, feed_format, feed.content) for item in feed.items]
        write = partial(_write_feed, feed, feed_format, cached, last_modified)
        if sum(map(_estimated_bytes, feed.items)) > _MAX_BYTES_ON_LOOP:
            loop = asyncio.get_running_loop()
            entries, representation = await loop.run_in_executor(self._executor, write)
        else:
            entries, representation = write()
        for entry, cached_entry in zip(entries, cached, strict=True):
            if cached_entry is None:
                self._entries[entry.item.post.id, feed_format.name, feed.content] = entry
        return representation

    def _cached_entry(
        self, item: RenderedPost, feed_format: Format, content: ContentMode
    ) -> _Entry | None:
        cached = self._entries.get((item.post.id, feed_format.name, content))
        if cached is not None and (cached.item is item or cached.item == item):
            return cached
        return None


def _cache_bytes(entry: _Entry) -> int:
    return _OBJECT_BYTES + len(entry.body) + len(entry.item.content) + len(entry.item.text)


def _estimated_bytes(item: RenderedPost) -> int:
    """Return the approximate size of an entry, to which the time of writing is proportional."""
    values = len(item.post.categories) + len(item.authors) + len(item.translations)
    return len(item.content) + len(item.text) + _VALUE_BYTES * values


def _write_entry(
    item: RenderedPost, feed_format: Format, service_info: ServiceInfo, content: ContentMode
) -> _Entry:
    body = feed_format.write_entry(item, service_info, content)
    return _Entry(item, body, digest(body))


def _write_feed(
    feed: Feed, feed_format: Format, cached: Sequence[_Entry | None], last_modified: datetime
) -> tuple[list[_Entry], Representation]:
    """Return all entries of ``feed``, those that are not ``cached`` written now, and the feed."""
    envelope = feed_format.write_envelope(feed)
    entries = [
        entry or _write_entry(item, feed_format, feed.service_info, feed.content)
        for item, entry in zip(feed.items, cached, strict=True)
    ]
    representation = make_representation(
        envelope.wrap(envelope.attribute(entry.body, entry.item) for entry in entries),
        media_type=feed_format.media_type,
        last_modified=last_modified,
        links=response_links(feed, feed_format),
        etag=etag_of_digests([digest(envelope.content), *(entry.digest for entry in entries)]),
    )
    return entries, representation


def response_links(feed: Feed, feed_format: Format) -> tuple[Link, ...]:
    """Return the links of a response: those in the feed, canonical, and the other formats.

    The alternate in HTML is the page of this service, also where the feed is about another site.
    """
    page = Link(rel="alternate", href=feed.url("", feed.first_query), type="text/html")
    others = (
        Link(rel="alternate", href=feed.url(f".{other.name}"), type=essence(other.media_type))
        for other in FORMATS.values()
        if other is not feed_format
    )
    canonical = Link(rel="canonical", href=feed.url(f".{feed_format.name}"))
    links = feed_links(feed, f".{feed_format.name}", feed_format.media_type)[1:]
    return (page, *links, canonical, *others)
