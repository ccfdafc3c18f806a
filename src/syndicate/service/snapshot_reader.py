"""Read the sources once, outside a running service: what commands read from."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import Final, Self

from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.service.content_service import ContentService, current_time
from syndicate.settings import Settings


class SnapshotReader:
    """A `ContentReader` of one edition, which is built when it is first used.

    A context manager: leaving it ends every process it started.

    Args:
        settings: Name the sources.
        clock: Returns the time, with a zone.
        rev: Branch, tag or commit to read instead of the ref of each source; empty for the ref.
        at: Time of the edition; None for the clock's.
        is_fixed: Keep the first edition. Otherwise each use of `edition` reads all sources again.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = current_time,
        rev: str = "",
        at: datetime | None = None,
        is_fixed: bool = True,
    ) -> None:
        self.settings: Final = settings
        self._clock: Final = clock
        self._rev: Final = rev
        self._at: Final = at
        self._is_fixed: Final = is_fixed
        self._exit_stack: Final = ExitStack()

    @cached_property
    def content(self) -> ContentService:
        """Indexes and renderer of the sources."""
        return self._exit_stack.enter_context(ContentService(self.settings, clock=self._clock))

    @property
    def edition(self) -> Edition:
        """The edition of the sources; raises `RepositoryError` if no source has the revision."""
        return self._first_edition if self._is_fixed else self._read_edition()

    @cached_property
    def _first_edition(self) -> Edition:
        return self._read_edition()

    def _read_edition(self) -> Edition:
        return self.content.edition(rev=self._rev, at=self._at)

    @property
    def removed(self) -> tuple[LedgerEntry, ...]:
        """No removed posts: they are in the ledger, which is not read."""
        return ()

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` rendered, in their order."""
        return await asyncio.to_thread(self.content.render_posts, posts, edition)

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all ``posts`` rendered, however long that takes: no client is waiting."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the edition's commit; raises `UnknownName`."""
        return self.content.asset(source, path, self.edition, with_content=with_content)

    def close(self) -> None:
        """End every process, close every file."""
        self._exit_stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
