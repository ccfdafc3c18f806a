"""A look at the sources where nobody follows them, as by a command; taken when it is needed."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import Final

from syndicate.model.edition import Edition
from syndicate.model.post import Post, RenderedPost
from syndicate.service.content_service import ContentService
from syndicate.settings import Settings


class SnapshotReader:
    """A `Shelf` that opens a newsroom when it is asked for the first time; to be closed."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings: Final = settings
        self._clock: Final = clock
        self._exit_stack: Final = ExitStack()

    @cached_property
    def _content(self) -> ContentService:
        return self._exit_stack.enter_context(ContentService(self._settings, clock=self._clock))

    @property
    def edition(self) -> Edition:
        """The edition of now: every source is looked at again."""
        return self._content.edition()

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` as items, in their order."""
        return await asyncio.to_thread(self._content.render_posts, posts, edition)

    def close(self) -> None:
        """End what was opened."""
        self._exit_stack.close()
