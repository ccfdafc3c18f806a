"""Memory of the feed cache."""

import asyncio
import gc
import threading
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from syndicate.feeds import FeedCache, FeedRequest
from syndicate.model.query import Query
from tests import samples
from tests.feeds.content_reader import SampleContentReader, get_feed
from tests.feeds.test_feed_cache import ATOM, POSTS, content_reader


@pytest.mark.slow
async def test_version_of_a_feed_does_not_keep_it_in_memory() -> None:
    """The response cache may hold versions of hundreds of feeds that were dropped."""
    words = "Words. " * 20_000
    feed_cache = FeedCache(samples.SERVICE_INFO, max_bytes=4 * len(words))
    reader = SampleContentReader(samples.edition(*POSTS), text=words)
    tracemalloc.start()
    watched = []
    for number in range(1, 31):
        query = Query(limit=number)
        await get_feed(feed_cache, reader, "all", query, ATOM)
        key = FeedRequest(name="all", query=query, feed_format=ATOM).key
        watched.append((key, feed_cache.current_version(reader.edition, (), key)))
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    current = [
        feed_cache.current_version(reader.edition, (), key) is version
        for key, version in (watched[0], watched[-1])
    ]
    assert current == [False, True]
    assert kept < 15 * len(words) * len(POSTS)


async def test_feed_cache_of_size_zero_stores_nothing() -> None:
    """The final compression has nothing to replace, and nothing fails."""
    executor = ThreadPoolExecutor(1)
    feed_cache, reader = (
        FeedCache(samples.SERVICE_INFO, executor=executor, max_bytes=0),
        content_reader(*POSTS),
    )
    first = await get_feed(feed_cache, reader, "all", Query(), ATOM)
    executor.shutdown()
    await asyncio.sleep(0.01)
    second = await get_feed(
        FeedCache(samples.SERVICE_INFO, max_bytes=0), reader, "all", Query(), ATOM
    )
    assert first.body == second.body


async def test_empty_feeds_count_for_the_size() -> None:
    """Requests for ever other languages fill the cache, not the memory."""
    feed_cache, reader = (
        FeedCache(samples.SERVICE_INFO, max_bytes=100_000),
        content_reader(*POSTS),
    )
    for number in (*range(180), 0):
        await get_feed(feed_cache, reader, "all", Query(languages=(f"x-{number}",)), ATOM)
    assert len(reader.requested) == 181


async def test_cached_feed_does_not_keep_its_edition_in_memory() -> None:
    """A feed that is not requested any more does not hold all posts of its edition."""
    feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
    await get_feed(feed_cache, reader, "all", Query(), ATOM)
    before = weakref.ref(reader.edition)
    reader.edition = content_reader(*POSTS).edition
    assert before() is None


async def test_cancelled_compression_changes_nothing() -> None:
    """When the service stops; clients get the fast compression."""
    executor, gate = ThreadPoolExecutor(1), threading.Event()
    feed_cache, reader = (
        FeedCache(samples.SERVICE_INFO, executor=executor),
        content_reader(*POSTS),
    )
    executor.submit(gate.wait)
    fast = await get_feed(feed_cache, reader, "all", Query(), ATOM)
    executor.shutdown(wait=False, cancel_futures=True)
    gate.set()
    await asyncio.sleep(0.01)
    assert await get_feed(feed_cache, reader, "all", Query(), ATOM) is fast
