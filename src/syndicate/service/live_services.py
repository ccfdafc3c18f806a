"""What the web of a running service answers from."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from syndicate import telemetry
from syndicate.content.post_renderer import RenderBatch
from syndicate.content.render_jobs import when_all_done
from syndicate.errors import Rendering, StorageError
from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.websub_request import WebSubRequest
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import lower_thread_priority
from syndicate.service.supervisor import Restarts
from syndicate.web.services import Readiness, SubscriptionManager

if TYPE_CHECKING:  # the module is imported after the first edition, see runtime.py
    from syndicate.service.database_services import DatabaseServices

RESPONSE_SECONDS: Final = 4.5
"""Timeout of rendering: a feed answers within 5 seconds, half of one is for everything else."""

RENDER_WAIT_SECONDS: Final = 4.0
"""How long a response waits for one post, counted from the start of the post's rendering."""

DATABASE_WAIT_SECONDS: Final = 5.0
"""How long a request that needs the database waits for it to be opened."""


class LiveServices:
    """The `Services` of the web: the edition in service and, once it is open, the database.

    Args:
        content: Renders posts and reads files.
        watcher: Publishes the edition in service.
        restarts: The components that were restarted lately.
        response_seconds: Timeout of rendering the posts of one response.
        render_wait_seconds: How long a response waits for one post.
        database_wait_seconds: How long a request waits for the database to be opened.
    """

    def __init__(  # noqa: PLR0913 — collaborators and timeouts
        self,
        content: ContentService,
        watcher: SourceWatcher,
        restarts: Restarts,
        *,
        response_seconds: float = RESPONSE_SECONDS,
        render_wait_seconds: float = RENDER_WAIT_SECONDS,
        database_wait_seconds: float = DATABASE_WAIT_SECONDS,
    ) -> None:
        self._content: Final = content
        self._watcher: Final = watcher
        self._restarts: Final = restarts
        self._response_seconds: Final = response_seconds
        self._render_wait_seconds: Final = render_wait_seconds
        self._database_wait_seconds: Final = database_wait_seconds
        # Threads of its own: those of the default executor may be busy fetching slow remotes.
        self._render_threads: Final = ThreadPoolExecutor(
            4, "rendering", initializer=lower_thread_priority
        )
        self._database: DatabaseServices | None = None
        self._database_error: str | None = None
        self._database_opened: Final = asyncio.Event()
        self._first_response: Final = asyncio.Event()
        self._is_stopping = False

    @property
    def readiness(self) -> Readiness:
        """The state of the service now."""
        database = self._database
        return Readiness(
            is_ready=self._watcher.is_ready and not self._is_stopping,
            is_stopping=self._is_stopping,
            is_database_starting=database is None and self._database_error is None,
            database_error=database.ledger.failing if database else self._database_error,
            backlog=database.delivery.worker.backlog if database else None,
            restarted_components=self._restarts.components,
        )

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first."""
        return self._watcher.edition

    @property
    def removed(self) -> tuple[LedgerEntry, ...]:
        """The posts removed lately; empty until the database was read."""
        return self._database.ledger.removed if self._database else ()

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` rendered, in their order, however long that takes."""
        rendered_posts = await asyncio.to_thread(self._content.render_posts, posts, edition)
        self._first_response.set()
        return rendered_posts

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as far as they are rendered in time, as a `ContentReader` does."""
        loop, content = asyncio.get_running_loop(), self._content
        try:
            async with asyncio.timeout(self._response_seconds):
                batch = await loop.run_in_executor(
                    self._render_threads, content.begin_rendering, posts, edition
                )
                await self._wait_for(batch)
                rendered_posts = await loop.run_in_executor(
                    self._render_threads, content.finish_rendering, batch
                )
        except TimeoutError:
            raise Rendering.of(len(posts)) from None
        self._first_response.set()
        return rendered_posts

    async def _wait_for(self, batch: RenderBatch) -> None:
        unfinished = [job for job in batch.jobs if not job.future.done()]
        if unfinished:
            end = max(job.started for job in unfinished) + self._render_wait_seconds
            all_done = asyncio.wrap_future(when_all_done([job.future for job in unfinished]))
            try:
                await asyncio.wait([all_done], timeout=max(0.0, end - time.monotonic()))
            finally:
                all_done.cancel()

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the commit in service; raises `UnknownName`."""
        return await asyncio.to_thread(
            self._content.asset, source, path, self.edition, with_content=with_content
        )

    def refresh(self, source: str) -> None:
        """Poll ``source`` now; raises `UnknownName`."""
        self._watcher.refresh_now(source)

    async def subscription_service(self) -> SubscriptionManager:
        """Return the subscription service; raises `StorageError` without a database."""
        return (await self._wait_for_database()).subscriptions

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Have ``request`` verified, or return how long to wait, as `Services` says."""
        database = await self._wait_for_database()
        return await database.delivery.hub_requests.request_subscription(request)

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return up to ``limit`` ledger entries after a cursor, as `Services` says."""
        return await (await self._wait_for_database()).ledger.entries_after(after, limit)

    async def _wait_for_database(self) -> "DatabaseServices":
        with suppress(TimeoutError):
            async with asyncio.timeout(self._database_wait_seconds):
                await self._database_opened.wait()
        if self._database is None:
            raise StorageError("database not ready yet", hint="Try again in a minute.")
        return self._database

    def database_opened(self, database: "DatabaseServices") -> None:
        """Answer from ``database`` from now on."""
        self._database = database
        self._database_opened.set()

    def database_failed(self, message: str) -> None:
        """Report that the database could not be opened."""
        self._database_error = message
        telemetry.database_failing.set(1)

    async def first_response(self, seconds: float) -> None:
        """Wait until posts were rendered for a first response, at most ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._first_response.wait()

    def stop(self) -> None:
        """Report from now on that the service is stopping."""
        self._is_stopping = True

    def close(self) -> None:
        """Cancel rendering, and wait for the threads that begin it: they read the repositories."""
        self._content.stop_rendering()
        self._render_threads.shutdown(cancel_futures=True)
