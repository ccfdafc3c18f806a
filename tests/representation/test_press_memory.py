"""What a feed cache keeps, and what it forgets."""

import asyncio
import gc
import threading
import tracemalloc
import weakref
from concurrent.futures import Executor, ThreadPoolExecutor

from syndicate.model.query import Query
from syndicate.representation import Press
from tests import samples
from tests.representation.newsroom import Newsroom
from tests.representation.test_press import ATOM, POSTS, newsroom


def test_whoever_watches_a_feed_does_not_keep_it() -> None:
    """The express lane may watch hundreds for which there is no room any more."""
    words = "Words. " * 20_000

    async def scenario() -> int:
        press = Press(samples.MASTHEAD, room=4 * len(words))
        reader = Newsroom(samples.edition(*POSTS), words=words)
        tracemalloc.start()
        watched = []
        for number in range(1, 31):
            query = Query(limit=number)
            await press.feed(reader, "all", query, ATOM)
            watched.append(press.watch(reader, "all", query, ATOM))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert watched[-1]()
        assert not watched[0]()
        return kept

    assert asyncio.run(scenario()) < 15 * len(words) * len(POSTS)


def test_a_press_without_room_makes_everything_anew() -> None:
    """What is compressed later finds nothing to replace, and nothing breaks."""

    async def scenario(executor: Executor) -> None:
        press, reader = Press(samples.MASTHEAD, executor=executor, room=0), newsroom(*POSTS)
        first = await press.feed(reader, "all", Query(), ATOM)
        executor.shutdown()
        await asyncio.sleep(0.01)
        second = await Press(samples.MASTHEAD, room=0).feed(reader, "all", Query(), ATOM)
        assert first.body == second.body

    asyncio.run(scenario(ThreadPoolExecutor(1)))


def test_questions_without_an_answer_take_room_too() -> None:
    """Whoever asks for ever other languages that nobody writes fills the room, not the memory."""

    async def scenario() -> None:
        press, reader = Press(samples.MASTHEAD, room=100_000), newsroom(*POSTS)
        for number in (*range(180), 0):
            await press.feed(reader, "all", Query(languages=(f"x-{number}",)), ATOM)
        assert len(reader.asked) == 181

    asyncio.run(scenario())


def test_an_edition_is_forgotten_while_its_feeds_are_kept() -> None:
    """A feed that nobody asks for any more does not hold everything that was published with it."""

    async def scenario() -> None:
        press, reader = Press(samples.MASTHEAD), newsroom(*POSTS)
        await press.feed(reader, "all", Query(), ATOM)
        before = weakref.ref(reader.edition)
        reader.edition = newsroom(*POSTS).edition
        assert before() is None

    asyncio.run(scenario())


def test_compression_that_is_called_off_changes_nothing() -> None:
    """A service that stops cancels what has not begun; readers keep the hasty bytes."""

    async def scenario(executor: ThreadPoolExecutor, gate: threading.Event) -> None:
        press, reader = Press(samples.MASTHEAD, executor=executor), newsroom(*POSTS)
        executor.submit(gate.wait)
        hasty = await press.feed(reader, "all", Query(), ATOM)
        executor.shutdown(wait=False, cancel_futures=True)
        gate.set()
        await asyncio.sleep(0.01)
        assert await press.feed(reader, "all", Query(), ATOM) is hasty

    asyncio.run(scenario(ThreadPoolExecutor(1), threading.Event()))
