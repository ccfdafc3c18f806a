"""What a feed cache keeps, and what it forgets."""

import asyncio
import gc
import threading
import tracemalloc
import weakref
from concurrent.futures import Executor, ThreadPoolExecutor

from syndicate.feeds import FeedCache, FeedRequest
from syndicate.model.query import Query
from tests import samples
from tests.feeds.content_reader import SampleContentReader, get_feed
from tests.feeds.test_feed_cache import ATOM, POSTS, content_reader


def test_whoever_watches_a_feed_does_not_keep_it() -> None:
    """The express lane may watch hundreds for which there is no room any more."""
    words = "Words. " * 20_000

    async def scenario() -> int:
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
        return kept

    assert asyncio.run(scenario()) < 15 * len(words) * len(POSTS)


def test_a_press_without_room_makes_everything_anew() -> None:
    """What is compressed later finds nothing to replace, and nothing breaks."""

    async def scenario(executor: Executor) -> None:
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

    asyncio.run(scenario(ThreadPoolExecutor(1)))


def test_questions_without_an_answer_take_room_too() -> None:
    """Whoever asks for ever other languages that nobody writes fills the room, not the memory."""

    async def scenario() -> None:
        feed_cache, reader = (
            FeedCache(samples.SERVICE_INFO, max_bytes=100_000),
            content_reader(*POSTS),
        )
        for number in (*range(180), 0):
            await get_feed(feed_cache, reader, "all", Query(languages=(f"x-{number}",)), ATOM)
        assert len(reader.requested) == 181

    asyncio.run(scenario())


def test_an_edition_is_forgotten_while_its_feeds_are_kept() -> None:
    """A feed that nobody asks for any more does not hold everything that was published with it."""

    async def scenario() -> None:
        feed_cache, reader = FeedCache(samples.SERVICE_INFO), content_reader(*POSTS)
        await get_feed(feed_cache, reader, "all", Query(), ATOM)
        before = weakref.ref(reader.edition)
        reader.edition = content_reader(*POSTS).edition
        assert before() is None

    asyncio.run(scenario())


def test_compression_that_is_called_off_changes_nothing() -> None:
    """A service that stops cancels what has not begun; readers keep the hasty bytes."""

    async def scenario(executor: ThreadPoolExecutor, gate: threading.Event) -> None:
        feed_cache, reader = (
            FeedCache(samples.SERVICE_INFO, executor=executor),
            content_reader(*POSTS),
        )
        executor.submit(gate.wait)
        hasty = await get_feed(feed_cache, reader, "all", Query(), ATOM)
        executor.shutdown(wait=False, cancel_futures=True)
        gate.set()
        await asyncio.sleep(0.01)
        assert await get_feed(feed_cache, reader, "all", Query(), ATOM) is hasty

    asyncio.run(scenario(ThreadPoolExecutor(1), threading.Event()))
