"""The HTTP server: uvicorn with uvloop and httptools, started and stopped by the service."""

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
import uvloop
from starlette.types import ASGIApp
from typing_extensions import override

from syndicate.errors import SyndicateError
from syndicate.web.http.connection_limits import (
    LIMITS,
    ConnectionLimits,
    raise_open_files,
    within_open_files,
)
from syndicate.web.http.protocol import ServerConfig

_THREAD_SWITCH_SECONDS: Final = 0.0005
"""How long another thread may run while a request waits. The event loop releases the interpreter
lock with each event, so that 64 busy connections wait 64 times as long: not the usual 5 ms."""


def uvloop_runner() -> asyncio.Runner:
    """Return a runner whose event loop is uvloop's."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def serve(  # noqa: PLR0913 — all there is to say of a server
    app: ASGIApp,
    host: str,
    port: int,
    *,
    stopping: asyncio.Event,
    on_started: Callable[[int], None] = lambda _: None,
    on_configured: Callable[[ServerConfig], None] = lambda _: None,
    limits: ConnectionLimits = LIMITS,
) -> None:
    """Serve ``app`` until ``stopping`` is set; then finish what is in progress, and return.

    ``on_started`` gets the port, which the system chooses if ``port`` is 0; ``on_configured`` gets
    what can replace ``app`` later. Signals are not handled. ``limits`` of connections are lowered
    where the system allows fewer open files. Raises `SyndicateError` if host and port are not
    available.
    """
    limits = within_open_files(limits, raise_open_files())
    listener = _listen(host, port, limits.backlog)
    config = ServerConfig(app, limits)
    on_configured(config)
    server = _Server(config, stopping, on_started)
    previous_interval = sys.getswitchinterval()
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    checking = asyncio.create_task(config.monitor.run())
    try:
        await server.serve([listener])
    finally:
        checking.cancel()
        sys.setswitchinterval(previous_interval)


class _Server(uvicorn.Server):
    """Uvicorn's server, stopped by an event instead of a signal."""

    def __init__(
        self, config: uvicorn.Config, stopping: asyncio.Event, on_started: Callable[[int], None]
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._on_started = on_started

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            self._on_started(listener.getsockname()[1])

    @override
    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stopping.is_set()

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise SyndicateError(
            f"cannot listen on port {port} of {host}: {_error_text(error)}",
            code="cannot-listen",
            hint="Stop the other program, or change service.port (SYNDICATE_SERVICE__PORT).",
        ) from error


def _error_text(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use"
    return error.strerror or str(error)
