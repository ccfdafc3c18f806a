"""The server: runs the service until a signal stops it, with new settings after SIGHUP."""

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from syndicate import telemetry
from syndicate.errors import SettingsError
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import lower_thread_priority, release_frozen_garbage
from syndicate.service.runtime import Runtime
from syndicate.settings import Settings
from syndicate.web.http import server
from syndicate.web.http.connection_limits import ConnectionLimits
from syndicate.web.http.protocol import ServerConfig

_log = telemetry.logger("serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunningService:
    """The service with one version of the settings, and the task that runs it."""

    content: ContentService
    runtime: Runtime
    task: asyncio.Task[None]

    async def close(self) -> None:
        """Stop everything; a content service may be closed twice."""
        self.runtime.services.stop()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await asyncio.to_thread(self.runtime.close)
        await asyncio.to_thread(self.content.close)


class _ServiceReloader:
    """Replaces the running service by one with the settings as they are now.

    Args:
        content: The content service to begin with.
        compressor: Compresses feeds in a thread.
        load_settings: Reads the settings; raises `SettingsError`.
    """

    def __init__(
        self, content: ContentService, compressor: Executor, load_settings: Callable[[], Settings]
    ) -> None:
        self._compressor: Final = compressor
        self._load_settings: Final = load_settings
        self._fixed: Final = _fixed_settings(content.settings)
        self._requested: Final = asyncio.Event()
        self._servers: list[ServerConfig] = []
        self._retirement: asyncio.Task[None] | None = None
        """Ends the service that the current one replaced."""
        self.current = self._start(content)

    async def serve(self, stopping: asyncio.Event, on_started: Callable[[int], None]) -> None:
        """Serve the current service until ``stopping``; raises `SyndicateError`."""
        settings = self.current.content.settings
        await server.serve(
            self.current.runtime.app(),
            settings.service.host,
            settings.service.port,
            stopping=stopping,
            on_started=on_started,
            on_configured=self._use_server,
            limits=_connection_limits(settings),
        )

    def _use_server(self, config: ServerConfig) -> None:
        self._servers.append(config)

    def request(self) -> None:
        """Reload as soon as the last reload is over."""
        self._requested.set()

    async def run(self) -> None:
        """Reload when requested, until cancelled; settings that are invalid change nothing."""
        while True:
            await self._requested.wait()
            self._requested.clear()
            try:
                await self._reload()
            except SettingsError as error:
                reason = "; ".join((error.message, *error.errors))
                _log.error("settings not reloaded", reason=reason, hint=error.hint)
            except Exception:  # noqa: BLE001 — the service goes on with the settings it has
                _log.exception("settings not reloaded")

    async def _reload(self) -> None:
        """Run a service with the new settings; once it has an edition, it takes over.

        It opens the database before, so that no request waits for its predecessor to end.
        """
        settings = await asyncio.to_thread(self._load_settings)
        self._check(settings)
        previous = self.current
        content = await asyncio.to_thread(
            partial(ContentService, settings, clock=previous.content.clock, is_public=True)
        )
        successor = self._start(content, previous.task)
        try:
            await successor.runtime.watcher.next_edition()
            await successor.runtime.services.database_tried()
        except BaseException:
            await successor.close()
            raise
        self.current = successor
        telemetry.configure(settings.service.log)
        self._retirement = asyncio.create_task(self._retire(previous, successor))
        del previous  # else its memory could not be freed
        await asyncio.shield(self._retirement)
        await asyncio.to_thread(release_frozen_garbage)
        _log.info("settings reloaded", sources=len(settings.sources))

    async def _retire(self, previous: _RunningService, successor: _RunningService) -> None:
        """Let ``successor`` answer all requests, and stop ``previous``."""
        for running in self._servers:
            await running.switch(successor.runtime.app())
        await previous.close()
        names = {source.name for source in successor.content.settings.sources}
        for source in previous.content.settings.sources:
            if source.name not in names:
                telemetry.forget_source(source.name)

    async def close(self) -> None:
        """Stop the current service, and one that is being replaced."""
        if self._retirement is not None:
            await asyncio.gather(self._retirement, return_exceptions=True)
        await self.current.close()

    def _start(
        self, content: ContentService, predecessor: asyncio.Task[None] | None = None
    ) -> _RunningService:
        content.start_renderer()
        runtime = Runtime(content, self._compressor)
        task = asyncio.create_task(runtime.run(predecessor))
        return _RunningService(content=content, runtime=runtime, task=task)

    def _check(self, settings: Settings) -> None:
        """Raise `SettingsError` if a setting changed that takes a restart."""
        now = _fixed_settings(settings)
        changed = [name for name, value in self._fixed.items() if now[name] != value]
        if changed:
            raise SettingsError(
                f"{' and '.join(changed)} cannot change while the service runs",
                hint="Restart the service, or undo the change.",
            )


async def serve(
    content: ContentService,
    *,
    on_started: Callable[[int], None] = lambda _: None,
    load_settings: Callable[[], Settings] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress.

    ``on_started`` is called with the port. SIGHUP reads the settings again with ``load_settings``;
    without it, they do not change. Raises `SyndicateError` if the port is not available.
    """
    stopping = asyncio.Event()
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(initializer=lower_thread_priority)
    )
    with ThreadPoolExecutor(1, initializer=lower_thread_priority) as compressor:
        reloader = _ServiceReloader(
            content, compressor, load_settings or (lambda: content.settings)
        )

        def stop() -> None:
            reloader.current.runtime.services.stop()
            stopping.set()

        _on_signals(stop, signal.SIGINT, signal.SIGTERM)
        _on_signals(reloader.request, signal.SIGHUP)
        reloading = asyncio.create_task(reloader.run())
        serving = asyncio.create_task(reloader.serve(stopping, on_started))
        try:
            await asyncio.wait({serving})
        finally:
            stop()
            reloading.cancel()
            await asyncio.gather(serving, reloading, return_exceptions=True)
            await reloader.close()
    _raise_errors(serving, reloader.current.task)


def _raise_errors(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        if not task.cancelled():
            task.result()


def _on_signals(action: Callable[[], None], *signal_numbers: signal.Signals) -> None:
    loop = asyncio.get_running_loop()
    for signal_number in signal_numbers:
        loop.add_signal_handler(signal_number, action)


def _fixed_settings(settings: Settings) -> dict[str, object]:
    """Return the settings that the listening server was started with."""
    limits = _connection_limits(settings)
    return {
        "service.host": settings.service.host,
        "service.port": settings.service.port,
        "limits.connections": limits.connections,
        "limits.head_seconds": limits.head_seconds,
        "limits.idle_seconds": limits.idle_seconds,
        "limits.stalled_seconds": limits.stalled_seconds,
    }


def _connection_limits(settings: Settings) -> ConnectionLimits:
    limits = settings.limits
    return ConnectionLimits(
        connections=limits.connections,
        head_seconds=limits.head_seconds,
        idle_seconds=limits.idle_seconds,
        stalled_seconds=limits.stalled_seconds,
    )
