"""The server: follows the sources, serves readers, and stops when it is told to."""

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from syndicate import telemetry
from syndicate.feeds import FeedCache
from syndicate.model.websub_request import LeaseLimits
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.cache_maintenance import prune_cache_daily, save_indexes_hourly
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import lower_thread_priority
from syndicate.service.runtime import Runtime
from syndicate.service.supervisor import Restarts, run_forever
from syndicate.settings import Settings
from syndicate.web.app import create_app
from syndicate.web.http import server
from syndicate.web.http.connection_limits import ConnectionLimits
from syndicate.web.http_policy import HttpPolicy

_RESTART_SECONDS: Final = 1.0

_log = telemetry.logger("publisher")


async def serve(
    content: ContentService, *, on_started: Callable[[int], None] = lambda _: None
) -> None:
    """Serve until a signal says to stop (SIGINT, SIGTERM), then finish what is in progress.

    ``started`` is told the port. Raises `SyndicateError` if the address cannot be had.
    """
    settings = content.settings
    content.start_renderer()
    watcher = _make_source_watcher(content)
    runtime = Runtime(content, watcher)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runtime.stopping.set)
    loop.set_default_executor(ThreadPoolExecutor(initializer=lower_thread_priority))
    with ThreadPoolExecutor(1, initializer=lower_thread_priority) as compressor:
        feed_cache = FeedCache(
            settings.service_info, executor=compressor, removed=lambda: runtime.removed
        )
        app = create_app(runtime, feed_cache, settings.service_info, _http_policy(content))
        background = [
            asyncio.create_task(work)
            for work in (
                _run_source_watcher(watcher, runtime.restarts),
                runtime.run(feed_cache),
                prune_cache_daily(content, watcher, runtime.restarts),
                save_indexes_hourly(content, watcher, runtime.restarts),
            )
        ]
        run = partial(server.serve, stopping=runtime.stopping, on_started=on_started)
        host, port = settings.service.host, settings.service.port
        serving = asyncio.create_task(run(app, host, port, limits=_connection_limits(settings)))
        try:
            await asyncio.wait({serving})
        finally:
            runtime.stopping.set()
            for task in background:
                task.cancel()
            await asyncio.gather(serving, *background, return_exceptions=True)
            await asyncio.to_thread(runtime.close)
    for task in (serving, *background):
        if not task.cancelled():
            task.result()


async def _run_source_watcher(watcher: SourceWatcher, restarts: Restarts) -> None:
    """Follow the sources until cancelled, as `keep` does; the last edition stays in service."""
    await run_forever(
        watcher.run,
        _log,
        "sources are not followed",
        component="sources",
        restarts=restarts,
        pause_seconds=_RESTART_SECONDS,
    )


def _make_source_watcher(content: ContentService) -> SourceWatcher:
    return SourceWatcher(
        content.source_readers(),
        build_edition=content.build_edition,
        clock=content.clock,
        prerender=content.prerender,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    limits = settings.limits
    return ConnectionLimits(
        connections=limits.connections,
        head_seconds=limits.head_seconds,
        idle_seconds=limits.idle_seconds,
        stalled_seconds=limits.stalled_seconds,
    )


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
        leases=LeaseLimits(minimum=leases.minimum, default=leases.default, maximum=leases.maximum),
    )
