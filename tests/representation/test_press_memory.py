"""What a feed cache keeps, and what it forgets."""

import asyncio
import gc
import threading
import tracemalloc
import weakref
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from typing_extensions import override

from syndicate.model.edition import Edition
from syndicate.model.post import Item, Post
from syndicate.model.query import Query
from syndicate.model.view import compose, view
from syndicate.representation import Press
from tests import samples
from tests.representation.test_press import ATOM, POSTS, Newsroom, newsroom


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


class Slow(Newsroom):
    """A reader whose posts are rendered when `ready` is set."""

    def __init__(self, edition: Edition, words: str) -> None:
        super().__init__(edition, words)
        self.ready = asyncio.Event()

    @override
    async def items(self, posts: Sequence[Post], _edition: Edition) -> tuple[Item, ...]:
        await self.ready.wait()
        return await super().items(posts, _edition)


def test_who_asks_for_a_new_edition_does_not_get_what_is_made_of_the_former() -> None:
    """Though both are being rendered at the same time, and whichever is done first."""

    async def scenario() -> None:
        press = Press(samples.MASTHEAD)
        old, new = Slow(samples.edition(*POSTS), "Old."), Slow(samples.edition(*POSTS), "New.")
        readers = (old, new)
        asked = [
            asyncio.create_task(press.feed(reader, "all", Query(), ATOM)) for reader in readers
        ]
        for reader in readers:
            await asyncio.sleep(0)
            reader.ready.set()
        before, after = await asyncio.gather(*asked)
        assert b"Old." in before.body
        assert b"New." in after.body

    asyncio.run(scenario())


def test_a_large_feed_is_written_beside_the_event_loop() -> None:
    """Others are answered meanwhile; the bytes are the same, and the entries are kept."""
    words = "Many words. " * 100_000

    async def scenario() -> None:
        press, reader = (
            Press(samples.MASTHEAD, room=2**26),
            Newsroom(samples.edition(*POSTS), words),
        )
        turns = 0
        made = asyncio.create_task(press.feed(reader, "all", Query(), ATOM))
        while not made.done():
            turns += 1
            await asyncio.sleep(0)
        seen = view(reader.edition, "all", Query())
        items = await reader.items(seen.page.posts, reader.edition)
        feed = compose(reader.edition, seen, samples.MASTHEAD, items)
        assert made.result().body == ATOM.write(feed)
        assert press.entry(items[0], ATOM) in made.result().body
        assert turns > 20

    asyncio.run(scenario())
