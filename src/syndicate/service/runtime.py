"""Constructs every part of a running service, runs them, and answers the web."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from syndicate import telemetry
from syndicate.content.post_renderer import RenderBatch
from syndicate.content.render_jobs import when_all_done
from syndicate.errors import Rendering, StorageError
from syndicate.feeds import FeedCache
from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.websub_request import LeaseLimits, WebSubRequest
from syndicate.publisher.refresh_requests import RefreshRequests
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.cache_maintenance import (
    close_idle_previews,
    prune_cache_daily,
    save_indexes_hourly,
)
from syndicate.service.content_service import ContentService
from syndicate.service.editor_reports import EditorReports
from syndicate.service.process_tuning import freeze_gc, lower_thread_priority
from syndicate.service.search_service import SearchService
from syndicate.service.supervisor import PAUSE_SECONDS, Restarts, run_forever
from syndicate.web.app import create_app
from syndicate.web.http.response_cache import ResponseCache
from syndicate.web.http_policy import HttpPolicy
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
        self.editor_reports: Final = EditorReports(content, lambda: self.edition)
        self.search: Final = SearchService(content.post_search(), watcher)
        self.refresh_requests: Final = RefreshRequests()
        self._database: DatabaseServices | None = None
        self._database_error: str | None = None
        self._database_opened: Final = asyncio.Event()
        self._database_tried: Final = asyncio.Event()
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
            is_database_lost=database is not None and database.known_database.is_lost,
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
        """Poll ``source`` now, on other hosts too; raises `UnknownName`."""
        self._watcher.refresh_now(source)
        self.refresh_requests.add(source)

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
        database = await self._wait_for_database()
        return await database.ledger_entries_after(after, limit)

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
        self._database_tried.set()

    def database_failed(self, message: str) -> None:
        """Report that the database could not be opened."""
        self._database_error = message
        self._database_tried.set()
        telemetry.database_failing.set(1)

    async def database_tried(self) -> None:
        """Wait until the database was opened or failed, as long as a request would."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._database_wait_seconds):
                await self._database_tried.wait()

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
        self.search.close()
        self._render_threads.shutdown(cancel_futures=True)
        self.editor_reports.close()


_FIRST_RESPONSE_SECONDS: Final = 0.5
"""How long opening the database waits for the first response."""

_GC_PAUSE_SECONDS: Final = 60.0
"""When garbage collection is resumed if the first edition takes longer, say of a slow remote."""

_WATCHER_RESTART_SECONDS: Final = 1.0
_MAX_SOURCE_THREADS: Final = 32

_log = telemetry.logger("publisher")


class Runtime:
    """The parts of a running service, each wired in its constructor.

    Only the database services are constructed later, after the first edition: feeds do not wait
    for a database, and are served without one.

    Args:
        content: Indexes and renderer of the sources.
        compressor: Compresses feeds in a thread.
        first_response_seconds: How long opening the database waits for the first response.
        gc_pause_seconds: When garbage collection is resumed at the latest.
        retry_seconds: Pause before the database is opened again.
        database_wait_seconds: How long a request waits for the database to be opened.
    """

    def __init__(  # noqa: PLR0913 — collaborators and timeouts
        self,
        content: ContentService,
        compressor: Executor | None = None,
        *,
        first_response_seconds: float = _FIRST_RESPONSE_SECONDS,
        gc_pause_seconds: float = _GC_PAUSE_SECONDS,
        retry_seconds: float = PAUSE_SECONDS,
        database_wait_seconds: float = DATABASE_WAIT_SECONDS,
    ) -> None:
        self._content: Final = content
        self._first_response_seconds: Final = first_response_seconds
        self._gc_pause_seconds: Final = gc_pause_seconds
        self._retry_seconds: Final = retry_seconds
        self.restarts: Final = Restarts()
        self._predecessor_ended: Final = asyncio.Event()
        # Threads of its own: the repositories are closed when these have ended.
        self._source_threads: Final = ThreadPoolExecutor(
            min(len(content.settings.sources) + 2, _MAX_SOURCE_THREADS),
            "sources",
            initializer=lower_thread_priority,
        )
        self.watcher: Final = SourceWatcher(
            content.source_readers(),
            build_edition=content.editions.build,
            clock=content.clock,
            prerender=content.renderer.prerender,
            threads=self._source_threads,
            withdrawals=content.withdrawn_posts.withdrawals,
        )
        self.services: Final = LiveServices(
            content, self.watcher, self.restarts, database_wait_seconds=database_wait_seconds
        )
        self.feed_cache: Final = FeedCache(content.settings.service_info, executor=compressor)

    def app(self) -> ResponseCache:
        """Return the ASGI application."""
        return create_app(
            self.services,
            self.feed_cache,
            self._content.settings.service_info,
            _http_policy(self._content),
        )

    async def run(self, predecessor: asyncio.Task[None] | None = None) -> None:
        """Watch the sources, publish and deliver until cancelled; an error restarts its part.

        What a ``predecessor`` does with the same database and files begins when that has ended; the
        database is opened before, for requests.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_watcher())
            tasks.create_task(self.run_database_services())
            if predecessor is not None:
                await asyncio.wait({predecessor})
                del predecessor  # it would keep all of its service in memory
            self._predecessor_ended.set()
            tasks.create_task(self.services.search.run())
            tasks.create_task(prune_cache_daily(self._content, self.watcher, self.restarts))
            tasks.create_task(save_indexes_hourly(self._content, self.watcher, self.restarts))
            reports = self.services.editor_reports
            tasks.create_task(close_idle_previews(reports.previews, self.restarts))
            tasks.create_task(close_idle_previews(reports.histories, self.restarts))

    def close(self) -> None:
        """Wait until nothing reads the repositories any more; `run` must have ended."""
        self._content.stop_fetching()
        self.services.close()
        self._source_threads.shutdown(cancel_futures=True)

    async def _run_watcher(self) -> None:
        """Watch the sources; the last edition stays in service while the watcher is restarted."""
        await run_forever(
            self.watcher.run,
            _log,
            "source watcher stopped",
            component="sources",
            restarts=self.restarts,
            pause_seconds=_WATCHER_RESTART_SECONDS,
        )

    async def run_database_services(self) -> None:
        """Open the database after the first response, then record, announce and deliver.

        An error, of an import as well (the process may have too many open files), is logged and
        followed by another attempt.
        """
        asyncio.get_running_loop().call_later(self._gc_pause_seconds, gc.enable)
        await self.watcher.next_edition()
        await self.services.first_response(self._first_response_seconds)
        freeze_gc()
        await run_forever(
            self._run_database_services,
            _log,
            "database unavailable",
            component="publisher",
            restarts=self.restarts,
            pause_seconds=self._retry_seconds,
        )

    async def _run_database_services(self) -> None:
        open_services = await asyncio.to_thread(_import_database_services)
        parts = (self._content, self.services, self.watcher, self.feed_cache, self.restarts)
        try:
            async with open_services(*parts, requests=self.services.refresh_requests) as database:
                self.services.database_opened(database)
                await self._predecessor_ended.wait()
                await database.run()
        except StorageError as error:
            self.services.database_failed(error.message)
            self.restarts.record("delivery")
            self.restarts.record("subscriptions")
            raise


def _import_database_services() -> "Callable[..., AbstractAsyncContextManager[DatabaseServices]]":
    """Import what needs the database after the first edition.

    Goal: a start from the cache answers the first feed after 0.7 s; with SQLAlchemy, Alembic,
    psycopg and httpx it takes 0.3 s more.
    """
    with telemetry.import_blocked("rich"):  # httpx has a command that would import it: 4 MB
        from syndicate.service.database_services import open_database_services  # noqa: PLC0415

    return open_database_services


def _http_policy(content: ContentService) -> HttpPolicy:
    service, leases = content.settings.service, content.settings.websub.lease_seconds
    limits = content.settings.limits
    return HttpPolicy(
        max_age=service.cache_seconds,
        stale_while_revalidate=service.stale_while_revalidate,
        stale_if_error=service.stale_if_error,
        redirects=dict(content.settings.redirects),
        metrics_token=service.metrics_token,
        pages_open=content.settings.pages_open,
        requests_per_minute=service.requests_per_minute,
        proxies=service.proxies,
        hook_secrets=content.settings.hook_secrets,
        unauthenticated_posts_per_minute=limits.unauthenticated_posts_per_minute,
        failed_authentications_per_minute=limits.failed_authentications_per_minute,
        delivery_timeout_seconds=content.settings.delivery.timeout_seconds,
        docs_folder=content.settings.docs_folder,
        egress=tuple(map(str, content.settings.delivery.egress)),
        delivery_attempts=len(content.settings.delivery.retry_seconds),
        leases=LeaseLimits(minimum=leases.minimum, default=leases.default, maximum=leases.maximum),
    )
