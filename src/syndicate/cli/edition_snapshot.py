"""One edition as readers would see it, for commands that look once."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from syndicate.cli.output import print_status
from syndicate.cli.problem_output import failing_sources
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, Readiness
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.service.content_service import ContentService
from syndicate.settings import load


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionSnapshot:
    """A `ContentReader` that stays with one edition."""

    content: ContentService
    edition: Edition

    @property
    def readiness(self) -> Readiness:
        """Every source was tried."""
        return Readiness(is_ready=True)

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` as items, in their order."""
        return self.content.render_posts(posts, edition)

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as items: nobody waits here, so all of them are rendered."""
        return RenderedPosts(items=self.content.render_posts(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the edition's commit."""
        return self.content.asset(source, path, self.edition, with_content=with_content)


@contextmanager
def open_snapshot(
    config: pathlib.Path | None, *, rev: str, at: datetime | None
) -> Iterator[EditionSnapshot]:
    """Read every source once, and tell of those that cannot be read; raises `SyndicateError`."""
    with ContentService(load(config, os.environ)) as content:
        edition = content.edition(rev=rev, at=at)
        for _, reason in failing_sources(edition):
            print_status(f"Warning: {reason}", colour="yellow")
        yield EditionSnapshot(content=content, edition=edition)
