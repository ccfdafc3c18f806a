"""The feed cache while posts are being rendered, and while it writes large feeds."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from syndicate.feeds import FeedCache
from syndicate.feeds.formats import FORMATS
from syndicate.model.edition import Edition
from syndicate.model.feed import build_feed, build_feed_view
from syndicate.model.post import Post, RenderedPost
from syndicate.model.query import Query
from tests import samples
from tests.feeds.content_reader import SampleContentReader, get_feed

ATOM = FORMATS["atom"]
POSTS = samples.posts(3)


class SlowReader(SampleContentReader):
    """A reader whose posts are rendered when `ready` is set."""

    def __init__(self, edition: Edition, words: str) -> None:
        super().__init__(edition, words)
        self.ready = asyncio.Event()

    @override
    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        await self.ready.wait()
        return await super().render_posts(posts, _edition)


async def test_request_for_a_new_edition_does_not_get_the_old_one() -> None:
    """Though both are rendered at the same time, and whichever is done first."""
    feed_cache = FeedCache(samples.SERVICE_INFO)
    old, new = (
        SlowReader(samples.edition(*POSTS), "Old."),
        SlowReader(samples.edition(*POSTS), "New."),
    )
    readers = (old, new)
    requested = [
        asyncio.create_task(get_feed(feed_cache, reader, "all", Query(), ATOM))
        for reader in readers
    ]
    for reader in readers:
        await asyncio.sleep(0)
        reader.ready.set()
    before, after = await asyncio.gather(*requested)
    assert b"Old." in before.body
    assert b"New." in after.body


async def test_large_feed_is_written_in_a_thread() -> None:
    """Other requests are handled meanwhile; the bytes are the same, and the entries are cached."""
    words = "Many words. " * 100_000

    feed_cache, reader = (
        FeedCache(samples.SERVICE_INFO, max_bytes=2**26),
        SampleContentReader(samples.edition(*POSTS), words),
    )
    turns = 0
    made = asyncio.create_task(get_feed(feed_cache, reader, "all", Query(), ATOM))
    while not made.done():
        turns += 1
        await asyncio.sleep(0)
    seen = build_feed_view(reader.edition, "all", Query())
    items = await reader.render_posts(seen.page.posts, reader.edition)
    feed = build_feed(reader.edition, seen, samples.SERVICE_INFO, items)
    assert made.result().body == ATOM.write(feed)
    assert feed_cache.entry(items[0], ATOM) in made.result().body
    assert turns > 20
