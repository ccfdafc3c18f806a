"""A look at the sources where nobody follows them, as by a command; taken when it is needed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
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
        self._newsroom: Newsroom | None = None
        self._seen: Edition | None = None

    @property
    def edition(self) -> Edition:
        """The edition of now: every source is looked at again."""
        if self._newsroom is None:
            self._newsroom = Newsroom(self._settings, clock=self._clock)
        self._seen = self._newsroom.edition()
        return self._seen

    async def items(self, posts: Sequence[Post]) -> tuple[Item, ...]:
        """Return ``posts`` of the edition seen last as items, in their order."""
        if self._newsroom is None or self._seen is None:
            return ()
        return await asyncio.to_thread(self._newsroom.items, posts, self._seen)

    def close(self) -> None:
        """End what was opened."""
        if self._newsroom is not None:
            self._newsroom.close()
