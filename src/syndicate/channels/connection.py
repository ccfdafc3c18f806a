"""HTTP client sessions whose connections the SSRF guard checks, and the trace of a request."""

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

from syndicate.channels.response_protocol import BoundedResponseHandler, ParsingBudget
from syndicate.channels.ssrf_guard import SsrfGuard

BUFFER_BYTES: Final = 16 * 1024


@dataclass(slots=True)
class RequestTrace:
    """State of one request while it is sent.

    ``target`` is the request target (RFC 9112 section 3.2.1) exactly as in the subscriber's URL,
    ``ip_address`` is the last one dialled, ``status`` and ``headers`` are those of the response.
    """

    target: str
    ip_address: str = ""
    connection: BoundedResponseHandler | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def is_stale(self) -> bool:
        """Whether a pooled connection was closed before the first byte of the response."""
        return (
            self.connection is not None
            and self.connection.uses > 1
            and not self.connection.has_received
        )

    @property
    def has_response(self) -> bool:
        """Whether any byte of a response arrived."""
        return self.connection is not None and self.connection.has_received


CURRENT_TRACE: Final[ContextVar[RequestTrace]] = ContextVar("trail")
"""Trace of the request that the running task sends."""


class GuardedConnector(aiohttp.TCPConnector):
    """Opens connections that the SSRF guard allows, and optionally keeps them alive."""

    def __init__(
        self, ssrf_guard: SsrfGuard, tls: ssl.SSLContext, budget: ParsingBudget, *, keep_alive: bool
    ) -> None:
        super().__init__(
            resolver=ssrf_guard,
            socket_factory=partial(_open_socket, ssrf_guard),
            ssl=tls,
            limit=0,
            force_close=not keep_alive,
        )
        factory = partial(BoundedResponseHandler, loop=self._loop, budget=budget)
        self._factory = cast("partial[ResponseHandler]", factory)

    @override
    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        protocol = cast("BoundedResponseHandler", connection.protocol)
        protocol.uses += 1
        protocol.has_received = False
        trace = CURRENT_TRACE.get()
        trace.connection = protocol
        trace.ip_address = cast("asyncio.Transport", protocol.transport).get_extra_info("peername")[
            0
        ]
        return connection


def make_session(
    ssrf_guard: SsrfGuard, tls: ssl.SSLContext, budget: ParsingBudget, *, keep_alive: bool
) -> aiohttp.ClientSession:
    """Return a session without cookies and environment; needs a running event loop."""
    session = aiohttp.ClientSession(
        connector=GuardedConnector(ssrf_guard, tls, budget, keep_alive=keep_alive),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        read_bufsize=BUFFER_BYTES,
        middlewares=(_send_exact_target,),
    )
    session._retry_connection = False  # noqa: SLF001 — no other way to prevent a second GET
    return session


async def _send_exact_target(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send the request target byte for byte as in the subscriber's URL.

    httpx and aiohttp resolve dot segments, decode ``%2F`` in a query and drop an empty query. As
    the path of a URL that is marked as encoded, the target reaches the request line unchanged.
    """
    host = request.url
    request.url = URL.build(
        scheme=host.scheme,
        authority=host.raw_authority,
        path=CURRENT_TRACE.get().target,
        encoded=True,
    )
    return await send(request)


def _open_socket(ssrf_guard: SsrfGuard, info: aiohttp.AddrInfoType) -> socket.socket:
    opened = ssrf_guard.socket(info)
    CURRENT_TRACE.get().ip_address = info[4][0]
    return opened
