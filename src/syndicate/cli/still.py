"""One edition as readers would see it, for commands that look once."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from syndicate.cli.problems import failing
from syndicate.cli.terminal import talk
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, Readiness
from syndicate.model.post import Item, Post, RenderedPosts
from syndicate.service.newsroom import Newsroom
from syndicate.settings import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A `Reader` that stays with one edition."""

    newsroom: Newsroom
    edition: Edition

    @property
    def readiness(self) -> Readiness:
        """Every source was tried."""
        return Readiness(settled=True)

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items, in their order."""
        return self.newsroom.items(posts, edition)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as items: nobody waits here, so all of them are rendered."""
        return RenderedPosts(items=self.newsroom.items(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the edition's commit."""
        return self.newsroom.asset(source, path, self.edition, with_content=with_content)


@contextmanager
def still(config: pathlib.Path | None, *, rev: str, at: datetime | None) -> Iterator[Still]:
    """Read every source once, and tell of those that cannot be read; raises `SyndicateError`."""
    with Newsroom(load(config, os.environ)) as newsroom:
        edition = newsroom.edition(rev=rev, at=at)
        for _, reason in failing(edition):
            talk(f"Warning: {reason}", colour="yellow")
        yield Still(newsroom=newsroom, edition=edition)
