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
from syndicate.channels.response_protocol import BoundedResponseHandler, ParsingBudget

BUFFER_BYTES: Final = 16 * 1024


@dataclass(slots=True)
class Trail:
    """What is known so far of one request.

    ``target`` is the request target (RFC 9112 section 3.2.1) exactly as the subscriber wrote it,
    ``address`` is what was dialled last, ``status`` and ``headers`` are those of the answer.
    """

    target: str
    address: str = ""
    line: BoundedResponseHandler | None = None
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

    def __init__(
        self, guard: Guard, tls: ssl.SSLContext, budget: ParsingBudget, *, keep: bool
    ) -> None:
        super().__init__(
            resolver=guard,
            socket_factory=partial(_dial, guard),
            ssl=tls,
            limit=0,
            force_close=not keep,
        )
        made = partial(BoundedResponseHandler, loop=self._loop, budget=budget)
        self._factory = cast("partial[ResponseHandler]", made)

    @override
    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        line = cast("BoundedResponseHandler", connection.protocol)
        line.uses += 1
        line.heard = False
        trail = TRAIL.get()
        trail.line = line
        trail.address = cast("asyncio.Transport", line.transport).get_extra_info("peername")[0]
        return connection


def session(
    guard: Guard, tls: ssl.SSLContext, budget: ParsingBudget, *, keep: bool
) -> aiohttp.ClientSession:
    """Return a session that remembers nothing and obeys no environment; needs a running loop."""
    made = aiohttp.ClientSession(
        connector=Connector(guard, tls, budget, keep=keep),
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
    """Send the request target as the subscriber wrote it.

    httpx and aiohttp resolve dot segments, decode ``%2F`` in a query and drop an empty one. As the
    path of an URL that is said to be encoded, the whole target reaches the request line untouched.
    """
    host = request.url
    request.url = URL.build(
        scheme=host.scheme, authority=host.raw_authority, path=TRAIL.get().target, encoded=True
    )
    return await send(request)


def _dial(guard: Guard, info: aiohttp.AddrInfoType) -> socket.socket:
    made = guard.socket(info)
    TRAIL.get().address = info[4][0]
    return made
