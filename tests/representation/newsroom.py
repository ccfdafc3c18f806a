"""A reader of one edition whose posts need no rendering."""

from collections.abc import Sequence

from syndicate.errors import UnknownName
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, Readiness
from syndicate.model.post import Item, Post, RenderedPosts, SafeHtml
from tests import samples


class Newsroom:
    """A reader that remembers which posts it was asked for."""

    readiness = Readiness(settled=True)

    def __init__(self, edition: Edition, words: str = "The office opens a new service.") -> None:
        self.edition = edition
        self.words = words
        self.asked: list[Sequence[Post]] = []

    async def items(self, posts: Sequence[Post], _edition: Edition) -> tuple[Item, ...]:
        """Return an item for each post."""
        self.asked.append(posts)
        return tuple(samples.item(post, content=SafeHtml(f"<p>{self.words}</p>")) for post in posts)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all of them as items."""
        return RenderedPosts(items=await self.items(posts, edition))

    async def asset(self, source: str, path: str, **_: bool) -> Asset:
        """Have none."""
        raise UnknownName(f"no file is served at {path} of {source}")
