"""Searches posts for the web, and keeps the index at the edition in service."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final

from syndicate import telemetry
from syndicate.content.post_search import PostSearch
from syndicate.model.edition import Edition
from syndicate.model.post import Post
from syndicate.model.search import Excerpts, SearchResult, SearchTerms
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.process_tuning import lower_thread_priority

_FIRST_UPDATE_SECONDS: Final = 10.0
"""How long the index waits for the work of a start, unless somebody searches."""

_RETRY_SECONDS: Final = 60.0
_MAX_WAIT_SECONDS: Final = 2.0
"""How long the first search waits for the index: 1,000 posts are indexed by then."""

_log = telemetry.logger("search")


class SearchService:
    """Searches in threads of its own, with a lower priority than requests.

    Args:
        search: The search of the posts.
        watcher: Publishes the edition in service.
        first_update_seconds: When the index is made if nobody searches before.
        retry_seconds: Pause after an error.
    """

    def __init__(
        self,
        search: PostSearch,
        watcher: SourceWatcher,
        *,
        first_update_seconds: float = _FIRST_UPDATE_SECONDS,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._search: Final = search
        self._watcher: Final = watcher
        self._first_update_seconds: Final = first_update_seconds
        self._retry_seconds: Final = retry_seconds
        self._requested: Final = asyncio.Event()
        self._updated: Final = asyncio.Event()
        self._is_closed = False
        self._threads: Final = ThreadPoolExecutor(3, "search", initializer=lower_thread_priority)

    async def find(
        self, terms: SearchTerms, edition: Edition, posts: Sequence[Post]
    ) -> SearchResult:
        """Return those of ``posts`` of ``edition`` that contain all of ``terms``.

        The first search waits a moment for the index. Raises `NotReady` without an index.
        """
        self._requested.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_MAX_WAIT_SECONDS):
                await self._updated.wait()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._search.find, terms, edition, posts)

    async def excerpts(self, terms: SearchTerms, posts: Sequence[Post]) -> Excerpts:
        """Return the matches in titles and texts of ``posts``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._search.excerpts, terms, posts)

    async def run(self) -> None:
        """Bring the index to each edition, until cancelled; an error is logged and repeated."""
        edition: Edition | None = None
        await self._watcher.next_edition()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._first_update_seconds):
                await self._requested.wait()
        while True:
            edition = await self._watcher.next_edition(edition)
            try:
                await self._update(edition)
            except Exception as error:  # noqa: BLE001 — a search must not stop the service
                _log.warning("search index not updated", reason=str(error))
                edition = None
                await asyncio.sleep(self._retry_seconds)
            self._updated.set()

    async def _update(self, edition: Edition) -> None:
        loop = asyncio.get_running_loop()
        is_current = partial(self._is_current, edition)
        await loop.run_in_executor(self._threads, self._search.update, edition, is_current)

    def _is_current(self, edition: Edition) -> bool:
        return not self._is_closed and self._watcher.edition is edition

    def close(self) -> None:
        """End the threads, and remove the index."""
        self._is_closed = True
        self._threads.shutdown(cancel_futures=True)
        self._search.close()
