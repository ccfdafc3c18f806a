"""A reader of one edition whose posts need no rendering, and a request to a feed cache."""

from collections.abc import Sequence

from syndicate.errors import UnknownName
from syndicate.feeds import FeedCache, FeedRequest, Representation
from syndicate.feeds.formats import Format
from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.post import Post, RenderedPost, RenderedPosts, SafeHtml
from syndicate.model.query import Query
from tests import samples


class SampleContentReader:
    """A reader that records which posts were requested."""

    removed: tuple[LedgerEntry, ...] = ()

    def __init__(self, edition: Edition, text: str = "The office opens a new service.") -> None:
        self.edition = edition
        self.text = text
        self.requested: list[Sequence[Post]] = []

    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Render each post."""
        self.requested.append(posts)
        return tuple(
            samples.rendered_post(post, content=SafeHtml(f"<p>{self.text}</p>")) for post in posts
        )

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Render all of them."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(self, source: str, path: str, **_: bool) -> Asset:
        """Raise: there are no assets."""
        raise UnknownName(f"no file is served at {path} of {source}")


async def get_feed(  # noqa: PLR0913 — all that a feed depends on
    feed_cache: FeedCache,
    reader: SampleContentReader,
    name: str,
    query: Query,
    feed_format: Format,
    *,
    removed: tuple[LedgerEntry, ...] = (),
) -> Representation:
    """Return a feed of the edition of ``reader``."""
    request = FeedRequest(name=name, query=query, feed_format=feed_format)
    return await feed_cache.get(reader, reader.edition, request, removed=removed)
