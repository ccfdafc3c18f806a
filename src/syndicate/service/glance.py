"""A look at the sources where nobody follows them, as by a command; taken when it is needed."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import Final

from syndicate.model.edition import Edition
from syndicate.model.post import Item, Post
from syndicate.service.newsroom import Newsroom
from syndicate.settings import Settings


class Glance:
    """A `Shelf` that opens a newsroom when it is asked for the first time; to be closed."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings: Final = settings
        self._clock: Final = clock
        self._closing: Final = ExitStack()

    @cached_property
    def _newsroom(self) -> Newsroom:
        return self._closing.enter_context(Newsroom(self._settings, clock=self._clock))

    @property
    def edition(self) -> Edition:
        """The edition of now: every source is looked at again."""
        return self._newsroom.edition()

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` of ``edition`` as items, in their order."""
        return await asyncio.to_thread(self._newsroom.items, posts, edition)

    def close(self) -> None:
        """End what was opened."""
        self._closing.close()
