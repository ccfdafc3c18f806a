"""Constructs every part of a running service, and runs them."""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.feeds import FeedCache
from syndicate.model.websub_request import LeaseLimits
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.cache_maintenance import prune_cache_daily, save_indexes_hourly
from syndicate.service.content_service import ContentService
from syndicate.service.live_services import DATABASE_WAIT_SECONDS, LiveServices
from syndicate.service.process_tuning import freeze_gc
from syndicate.service.supervisor import PAUSE_SECONDS, Restarts, run_forever
from syndicate.web.app import create_app
from syndicate.web.http.response_cache import ResponseCache
from syndicate.web.http_policy import HttpPolicy

if TYPE_CHECKING:
    from syndicate.service.database_services import DatabaseServices

_FIRST_RESPONSE_SECONDS: Final = 0.5
"""How long opening the database waits for the first response."""

_GC_PAUSE_SECONDS: Final = 60.0
"""When garbage collection is resumed if the first edition takes longer, say of a slow remote."""

_WATCHER_RESTART_SECONDS: Final = 1.0

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
        self.watcher: Final = SourceWatcher(
            content.source_readers(),
            build_edition=content.build_edition,
            clock=content.clock,
            prerender=content.prerender,
        )
        self.services: Final = LiveServices(
            content, self.watcher, self.restarts, database_wait_seconds=database_wait_seconds
        )
        self.feed_cache: Final = FeedCache(
            content.settings.service_info,
            executor=compressor,
        )

    def app(self) -> ResponseCache:
        """Return the ASGI application."""
        return create_app(
            self.services,
            self.feed_cache,
            self._content.settings.service_info,
            _http_policy(self._content),
        )

    async def run(self) -> None:
        """Watch the sources, publish and deliver until cancelled; an error restarts its part."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_watcher())
            tasks.create_task(self.run_database_services())
            tasks.create_task(prune_cache_daily(self._content, self.watcher, self.restarts))
            tasks.create_task(save_indexes_hourly(self._content, self.watcher, self.restarts))

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
        try:
            async with open_services(
                self._content, self.services, self.watcher, self.feed_cache, self.restarts
            ) as database:
                self.services.database_opened(database)
                await database.run()
        except StorageError as error:
            self.services.database_failed(error.message)
            self.restarts.record("delivery")
            self.restarts.record("subscriptions")
            raise


def _import_database_services() -> "Callable[..., AbstractAsyncContextManager[DatabaseServices]]":
    """Import what needs the database: the only late import outside the command line."""
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
        requests_per_minute=service.requests_per_minute,
        proxies=service.proxies,
        hook_secrets=content.settings.hook_secrets,
        unauthenticated_posts_per_minute=limits.unauthenticated_posts_per_minute,
        failed_authentications_per_minute=limits.failed_authentications_per_minute,
        delivery_timeout_seconds=content.settings.delivery.timeout_seconds,
        delivery_attempts=len(content.settings.delivery.retry_seconds),
        leases=LeaseLimits(minimum=leases.minimum, default=leases.default, maximum=leases.maximum),
    )
