"""A reader of one edition whose posts need no rendering."""

from collections.abc import Sequence

from syndicate.errors import UnknownName
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, Readiness
from syndicate.model.post import Post, RenderedPost, RenderedPosts, SafeHtml
from tests import samples


class SampleContentReader:
    """A reader that remembers which posts it was asked for."""

    readiness = Readiness(is_ready=True)

    def __init__(self, edition: Edition, text: str = "The office opens a new service.") -> None:
        self.edition = edition
        self.text = text
        self.requested: list[Sequence[Post]] = []

    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return an item for each post."""
        self.requested.append(posts)
        return tuple(
            samples.rendered_post(post, content=SafeHtml(f"<p>{self.text}</p>")) for post in posts
        )

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all of them as items."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(self, source: str, path: str, **_: bool) -> Asset:
        """Have none."""
        raise UnknownName(f"no file is served at {path} of {source}")
