"""HTTP client connections: the SSRF guard checks them, and limits bound what a receiver sends."""

import asyncio
import re
import socket
import ssl
import sys
import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.tracing import Trace
from typing_extensions import override
from yarl import URL

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.private_attributes import (
    end_response,
    has_parser,
    pause_transport,
    payload_of,
    prevent_retries,
    require_connection,
    resume_transport,
    set_protocol_factory,
)

MAX_INTERIM_RESPONSES: Final = 8
"""Responses with a status of 1xx before the final response (RFC 9110 section 15.2)."""

MAX_HEAD_BYTES: Final = 16 * 1024
"""Status lines and headers of a response and of its interim responses, together."""

MAX_BODY_BYTES: Final = 16 * 1024
"""Bytes of a body as received, with chunk sizes and trailers."""

SLICE_BYTES: Final = 1024
"""Bytes parsed at once: at worst 170 chunks of one byte."""

PARSE_SECONDS: Final = 0.002
"""Time that all connections together may parse in each iteration of the event loop."""

_BODILESS: Final = frozenset({204, 205, 304})
"""Statuses without a body (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5)."""

_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_INTERIM: Final = range(100, 200)
_SWITCHING_PROTOCOLS: Final = 101


class ResponseLimitError(BadHttpMessage):
    """A response is over a limit."""


class ParsingBudget:
    """Shares the parsing time of an event-loop iteration between connections."""

    def __init__(self) -> None:
        self._waiting: deque[BoundedResponseHandler] = deque()
        self._spent = 0.0
        self._is_scheduled = False

    def parse(self, connection: "BoundedResponseHandler") -> None:
        """Parse the bytes of ``connection``: now if time is left, else in later iterations."""
        while not self._waiting and self._spent < PARSE_SECONDS and connection.unparsed:
            self._parse_slice(connection)
        if connection.unparsed and not connection.is_waiting:
            connection.wait()
            self._waiting.append(connection)
        self._schedule()

    def _parse_waiting(self) -> None:
        self._is_scheduled = False
        self._spent = 0.0
        try:
            while self._waiting and self._spent < PARSE_SECONDS:
                connection = self._waiting.popleft()
                self._parse_slice(connection)
                if connection.unparsed:
                    self._waiting.append(connection)
                else:
                    connection.resume()
        finally:
            if self._waiting:
                self._schedule()

    def _parse_slice(self, connection: "BoundedResponseHandler") -> None:
        started = time.perf_counter()
        connection.parse_slice()
        self._spent += time.perf_counter() - started

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._parse_waiting)


@dataclass(slots=True)
class _Response:
    """How far one response is parsed.

    ``unread`` is the rest of a body of known length, ``last_bytes`` are the last parsed bytes,
    ``is_over`` tells that nothing more may arrive, ``has_surplus`` that something did.
    """

    message: RawResponseMessage | None = None
    interim: int = 0
    head_left: int = MAX_HEAD_BYTES
    body_left: int = MAX_BODY_BYTES
    unread: int = sys.maxsize
    last_bytes: bytes = b""
    is_over: bool = False
    has_surplus: bool = False


class BoundedResponseHandler(ResponseHandler):
    """A connection that reads one bounded response to each request.

    ``uses`` counts requests, ``has_received`` tells whether any byte of the current response
    arrived, ``unparsed`` holds the received bytes that are not parsed yet.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, budget: ParsingBudget) -> None:
        super().__init__(loop)
        self.uses = 0
        self.has_received = False
        self.unparsed = bytearray()
        self.is_waiting = False
        self._budget = budget
        self._response = _Response()

    @property
    @override
    def should_close(self) -> bool:
        return bool(self.unparsed) or super().should_close

    @override
    def set_response_params(self, **parameters: Any) -> None:
        self._begin_response()
        super().set_response_params(**parameters)

    @override
    def data_received(self, data: bytes) -> None:
        self.has_received = True
        if not data or (not has_parser(self) and not self._response.is_over):
            super().data_received(data)  # aiohttp resumes its parser, or has none yet
            self._response.is_over = self._response.is_over or self._is_complete()
        elif self._response.is_over:
            self._drop()
        else:
            remaining = self._response.head_left + self._response.body_left - len(self.unparsed)
            self.unparsed += data[: max(remaining, 0)]
            self._budget.parse(self)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        while self.unparsed:
            self.parse_slice()
        super().connection_lost(exc)

    @override
    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Accept a message from the parser: drop interim responses, reject a second response."""
        message, payload = data
        if self._response.message is not None:
            self._response.has_surplus = True
        elif message.code in _INTERIM and message.code != _SWITCHING_PROTOCOLS:
            self._response.interim += 1
        else:
            self._response.message = message
            self._response.unread = _content_length(message)
            is_bodiless = message.code in _BODILESS
            super().feed_data((message, EMPTY_PAYLOAD if is_bodiless else payload), size)

    def parse_slice(self) -> None:
        """Parse the next bytes of a response; stop reading at its end or at a limit."""
        if self._response.is_over:
            self._drop()
            return
        is_head = self._response.message is None
        piece = self._take(self._slice_length())
        super().data_received(piece)
        if self.exception() is not None:
            self._fail_body()
        elif is_head:
            self._response.head_left -= len(piece)
            self._check_head()
        else:
            self._response.body_left -= len(piece)
            self._response.unread -= len(piece)
            self._check_body()
        if self._is_complete():
            self._end_response(piece)

    def wait(self) -> None:
        """Stop reading until the budget allows this connection to parse."""
        self.is_waiting = True
        pause_transport(self)

    def resume(self) -> None:
        """Continue reading after all received bytes are parsed."""
        self.is_waiting = False
        if self.is_connected():
            resume_transport(self)

    def _begin_response(self) -> None:
        self.unparsed.clear()
        self._response = _Response()

    def _slice_length(self) -> int:
        """Return how many bytes to parse next: at most to the end of the head and to a limit."""
        if self._response.message is not None:
            return max(min(SLICE_BYTES, self._response.body_left, self._response.unread), 1)
        previous = self._response.last_bytes
        end = _BLANK_LINE.search(previous + self.unparsed[:SLICE_BYTES])
        length = end.end() - len(previous) if end else SLICE_BYTES
        return min(length, self._response.head_left)

    def _take(self, length: int) -> bytes:
        piece = bytes(self.unparsed[:length])
        del self.unparsed[:length]
        is_head_over = _BLANK_LINE.search(self._response.last_bytes + piece) is not None
        self._response.last_bytes = (
            b"" if is_head_over else (self._response.last_bytes + piece)[-2:]
        )
        return piece

    def _check_head(self) -> None:
        if self._response.interim > MAX_INTERIM_RESPONSES:
            self._fail(f"more than {MAX_INTERIM_RESPONSES} interim responses (1xx)")
        elif self._response.message is None and self._response.head_left <= 0:
            self._fail(f"a head of more than {MAX_HEAD_BYTES} bytes")

    def _check_body(self) -> None:
        """Let a body end at the limit: the status decides about the attempt."""
        payload = payload_of(self)
        if self._response.body_left > 0 or payload is None or payload.is_eof():
            return
        self._drop()
        end_response(self)
        payload.feed_eof()

    def _is_complete(self) -> bool:
        if self._response.message is None:
            return False
        payload = payload_of(self)
        return self._response.message.code in _BODILESS or payload is None or payload.is_eof()

    def _end_response(self, piece: bytes) -> None:
        """Close the connection if more than a response was received: it would answer no request."""
        self._response.is_over = True
        may_go_on = self._message_is_chunked() and not piece.endswith(b"\n\r\n")
        if self.unparsed or self._response.has_surplus or may_go_on:
            self._drop()

    def _message_is_chunked(self) -> bool:
        return self._response.message is not None and bool(self._response.message.chunked)

    def _fail(self, message: str) -> None:
        self.set_exception(ResponseLimitError(message))
        self._drop()

    def _fail_body(self) -> None:
        """Pass a parse error on to the reader of the body, which aiohttp does not."""
        self._response.is_over = True
        payload, error = payload_of(self), self.exception()
        if payload is not None and error is not None and not payload.is_eof():
            payload.set_exception(error)

    def _drop(self) -> None:
        self.unparsed.clear()
        self._response.is_over = True
        self.force_close()
        if self.transport is not None:
            self.transport.abort()


def _content_length(message: RawResponseMessage) -> int:
    """Return the length of the body, if the message states it and is not chunked."""
    text = message.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() and not message.chunked else sys.maxsize


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
        loop = asyncio.get_running_loop()
        require_connection(BoundedResponseHandler(loop, budget=budget))
        set_protocol_factory(self, partial(BoundedResponseHandler, loop=loop, budget=budget))

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
    prevent_retries(session)  # no other way to prevent a second GET
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
