"""Representations: made once, kept, shared and compressed."""

import asyncio
import gzip
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import brotli

from syndicate.formats import FORMATS
from syndicate.model.edition import Edition, Readiness
from syndicate.model.post import Item, Post
from syndicate.model.query import Query
from syndicate.representation import Press
from tests import samples


class Shelf:
    """A reader of one edition whose items are all alike."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.readiness = Readiness(settled=True)

    async def items(self, posts: Sequence[Post]) -> tuple[Item, ...]:
        """Return a sample item for each post."""
        return tuple(samples.item(post) for post in posts)


def test_a_feed_is_pressed_once_per_edition() -> None:
    """The second reader gets the very same bytes as the first."""
    reader = Shelf(samples.edition(*samples.posts(3)))
    press = Press(samples.MASTHEAD)

    async def twice() -> None:
        first = await press.feed(reader, "all", Query(), FORMATS["atom"])
        assert await press.feed(reader, "all", Query(), FORMATS["atom"]) is first

    asyncio.run(twice())


def test_better_compression_comes_later_under_the_same_tags() -> None:
    """Brotli is swapped in when the executor has made it; no tag changes."""
    reader = Shelf(samples.edition(*samples.posts(3)))

    async def until_better(press: Press) -> None:
        hasty = await press.feed(reader, "all", Query(), FORMATS["json"])
        assert hasty.br is None
        better = hasty
        while better.br is None:
            await asyncio.sleep(0.001)
            better = await press.feed(reader, "all", Query(), FORMATS["json"])
        assert brotli.decompress(better.br) == gzip.decompress(better.gzip) == hasty.body
        assert [better.etag_of(code) for code in ("identity", "gzip", "br")] == [
            better.etag,
            better.etag[:-1] + '-gzip"',
            better.etag[:-1] + '-br"',
        ]

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(until_better(Press(samples.MASTHEAD, executor=executor)))
