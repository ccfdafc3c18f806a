"""The server: follows the sources, serves readers, and stops when it is told to."""

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from syndicate import telemetry
from syndicate.model.intent import Leases
from syndicate.publisher.following import Publisher
from syndicate.representation import Press
from syndicate.service.keeping import Restarts, keep
from syndicate.service.live import Live
from syndicate.service.newsroom import Newsroom
from syndicate.service.process import give_way
from syndicate.service.tidying import keep_memory, keep_tidy
from syndicate.settings import Settings
from syndicate.web import server
from syndicate.web.application import application
from syndicate.web.connection_limits import ConnectionLimits
from syndicate.web.policy import Policy

_RESTART_SECONDS: Final = 1.0

_log = telemetry.logger("publisher")


async def serve(newsroom: Newsroom, *, started: Callable[[int], None] = lambda _: None) -> None:
    """Serve until a signal says to stop (SIGINT, SIGTERM), then finish what is in progress.

    ``started`` is told the port. Raises `SyndicateError` if the address cannot be had.
    """
    settings = newsroom.settings
    newsroom.staff()
    publisher = _publisher(newsroom)
    live = Live(newsroom, publisher)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, live.stopping.set)
    loop.set_default_executor(ThreadPoolExecutor(initializer=give_way))
    with ThreadPoolExecutor(1, initializer=give_way) as compressor:
        press = Press(settings.masthead, executor=compressor, removed=lambda: live.removed)
        app = application(live, press, settings.masthead, _policy(newsroom))
        background = [
            asyncio.create_task(work)
            for work in (
                _keep_publishing(publisher, live.restarts),
                live.keep(press),
                keep_tidy(newsroom, publisher, live.restarts),
                keep_memory(newsroom, publisher, live.restarts),
            )
        ]
        run = partial(server.run, stopping=live.stopping, started=started)
        host, port = settings.service.host, settings.service.port
        serving = asyncio.create_task(run(app, host, port, limits=_connection_limits(settings)))
        try:
            await asyncio.wait({serving})
        finally:
            live.stopping.set()
            for task in background:
                task.cancel()
            await asyncio.gather(serving, *background, return_exceptions=True)
            await asyncio.to_thread(live.close)
    for task in (serving, *background):
        if not task.cancelled():
            task.result()


async def _keep_publishing(publisher: Publisher, restarts: Restarts) -> None:
    """Follow the sources until cancelled, as `keep` does; the last edition stays in service."""
    await keep(
        publisher.run,
        _log,
        "sources are not followed",
        component="sources",
        restarts=restarts,
        pause_seconds=_RESTART_SECONDS,
    )


def _publisher(newsroom: Newsroom) -> Publisher:
    return Publisher(
        newsroom.followers(),
        put_together=newsroom.put_together,
        clock=newsroom.clock,
        prepare=newsroom.prepare,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    limits = settings.limits
    return ConnectionLimits(
        connections=limits.connections,
        head_seconds=limits.head_seconds,
        idle_seconds=limits.idle_seconds,
        stalled_seconds=limits.stalled_seconds,
    )


def _policy(newsroom: Newsroom) -> Policy:
    service, leases = newsroom.settings.service, newsroom.settings.websub.lease_seconds
    limits = newsroom.settings.limits
    return Policy(
        max_age=service.cache_seconds,
        stale_while_revalidate=service.stale_while_revalidate,
        stale_if_error=service.stale_if_error,
        redirects=dict(newsroom.settings.redirects),
        metrics_token=service.metrics_token,
        requests_per_minute=service.requests_per_minute,
        proxies=service.proxies,
        hook_secrets=newsroom.settings.hook_secrets,
        unauthenticated_posts_per_minute=limits.unauthenticated_posts_per_minute,
        failed_authentications_per_minute=limits.failed_authentications_per_minute,
        leases=Leases(minimum=leases.minimum, default=leases.default, maximum=leases.maximum),
    )
