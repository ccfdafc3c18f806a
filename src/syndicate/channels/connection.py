"""Connections that the guard permits, and what is known of a request on its way over one."""

import asyncio
import socket
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from typing_extensions import override
from yarl import URL

from syndicate.channels.guard import Guard

BUFFER_BYTES: Final = 16 * 1024


class Line(ResponseHandler):
    """A connection that knows how often it was used, and whether it was answered this time."""

    uses = 0
    heard = False

    @override
    def data_received(self, data: bytes) -> None:
        self.heard = True
        super().data_received(data)


@dataclass(slots=True)
class Trail:
    """What is known so far of one request to ``url``.

    ``address`` is what was dialled last, ``status`` and ``headers`` are those of the answer.
    """

    url: str
    address: str = ""
    line: Line | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def is_stale(self) -> bool:
        """Whether all that happened is that a connection kept from before had died."""
        return self.line is not None and self.line.uses > 1 and not self.line.heard

    @property
    def is_heard(self) -> bool:
        """Whether any byte of an answer came."""
        return self.line is not None and self.line.heard


TRAIL: Final[ContextVar[Trail]] = ContextVar("trail")
"""The trail of the request that the running task makes."""


class Connector(aiohttp.TCPConnector):
    """Makes connections to where the guard lets it, and keeps them for a while if told to."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext, *, keep: bool) -> None:
        super().__init__(
            resolver=guard,
            socket_factory=partial(_dial, guard),
            ssl=tls,
            limit=0,
            force_close=not keep,
        )
        self._factory = cast("partial[ResponseHandler]", partial(Line, loop=self._loop))

    @override
    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        line = cast("Line", connection.protocol)
        line.uses += 1
        line.heard = False
        trail = TRAIL.get()
        trail.line = line
        trail.address = cast("asyncio.Transport", line.transport).get_extra_info("peername")[0]
        return connection


def session(guard: Guard, tls: ssl.SSLContext, *, keep: bool) -> aiohttp.ClientSession:
    """Return a session that remembers nothing and obeys no environment; needs a running loop."""
    made = aiohttp.ClientSession(
        connector=Connector(guard, tls, keep=keep),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        read_bufsize=BUFFER_BYTES,
        middlewares=(_ask_exactly,),
    )
    made._retry_connection = False  # noqa: SLF001 — no other way to have a GET sent once only
    return made


async def _ask_exactly(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Ask for the address as it was given: aiohttp would decode ``%2F`` in a query."""
    request.url = URL(TRAIL.get().url, encoded=True)
    return await send(request)


def _dial(guard: Guard, info: aiohttp.AddrInfoType) -> socket.socket:
    made = guard.socket(info)
    TRAIL.get().address = info[4][0]
    return made
