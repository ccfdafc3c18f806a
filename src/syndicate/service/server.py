"""The server: runs the service until a signal stops it."""

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import lower_thread_priority
from syndicate.service.runtime import Runtime
from syndicate.settings import Settings
from syndicate.web.http import server
from syndicate.web.http.connection_limits import ConnectionLimits


async def serve(
    content: ContentService, *, on_started: Callable[[int], None] = lambda _: None
) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress.

    ``on_started`` is called with the port. Raises `SyndicateError` if it is not available.
    """
    content.start_renderer()
    stopping = asyncio.Event()
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(initializer=lower_thread_priority)
    )
    with ThreadPoolExecutor(1, initializer=lower_thread_priority) as compressor:
        runtime = Runtime(content, compressor)

        def stop() -> None:
            runtime.services.stop()
            stopping.set()

        _on_stop_signals(stop)
        background = asyncio.create_task(runtime.run())
        serving = asyncio.create_task(
            server.serve(
                runtime.app(),
                content.settings.service.host,
                content.settings.service.port,
                stopping=stopping,
                on_started=on_started,
                limits=_connection_limits(content.settings),
            )
        )
        try:
            await asyncio.wait({serving})
        finally:
            stop()
            background.cancel()
            await asyncio.gather(serving, background, return_exceptions=True)
            await asyncio.to_thread(runtime.services.close)
    _raise_errors(serving, background)


def _raise_errors(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        if not task.cancelled():
            task.result()


def _on_stop_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop)


def _connection_limits(settings: Settings) -> ConnectionLimits:
    limits = settings.limits
    return ConnectionLimits(
        connections=limits.connections,
        head_seconds=limits.head_seconds,
        idle_seconds=limits.idle_seconds,
        stalled_seconds=limits.stalled_seconds,
    )
