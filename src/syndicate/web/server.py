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
from syndicate.web.lane import Lane
from syndicate.web.protocol import Protocol

GRACE_SECONDS: Final = 10
"""How long requests in progress may take once the server stops."""

_BACKLOG: Final = 2048

_SWITCH_SECONDS: Final = 0.0005
"""How long another thread may compute while a request waits. The loop gives the interpreter up
with each event, so that 64 busy connections wait 64 times so long: not the 5 ms that are usual."""

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than what stands in front usually keeps one, so that it is never we who end it."""


def runner() -> asyncio.Runner:
    """Return a runner whose event loop is uvloop's."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def run(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    stopping: asyncio.Event,
    started: Callable[[int], None] = lambda _: None,
) -> None:
    """Serve ``app`` until ``stopping`` is set; then finish what is in progress, and return.

    ``started`` is told the port, which the system chooses if ``port`` is 0. Signals are left
    alone. Raises `SyndicateError` if host and port cannot be had.
    """
    listener = _listen(host, port)
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        await _Server(configuration(Lane(app)), stopping, started).serve([listener])
    finally:
        sys.setswitchinterval(before)


def configuration(app: ASGIApp) -> uvicorn.Config:
    """Return what uvicorn is told; with a `Lane` for ``app``, its connections use it."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Uvicorn's server, told by an event when to stop."""

    def __init__(
        self, config: uvicorn.Config, stopping: asyncio.Event, started: Callable[[int], None]
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._tell = started

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            self._tell(listener.getsockname()[1])

    @override
    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stopping.is_set()

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SyndicateError(
            f"cannot listen on port {port} of {host}: {_cause(error)}",
            code="cannot-listen",
            hint="Stop what is there, or choose another service.port (SYNDICATE_SERVICE__PORT).",
        ) from error


def _cause(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program has it"
    return error.strerror or str(error)
