"""Uvicorn's HTTP protocol with limits on request heads and on time without progress."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from math import inf
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from syndicate.telemetry import requests_total
from syndicate.web.http.connection_limits import LIMITS, ConnectionLimits, ConnectionMonitor
from syndicate.web.http.middleware import MAX_TARGET_BYTES
from syndicate.web.http.problem_details import MEDIA_TYPE, ProblemDetails
from syndicate.web.http.response_cache import (
    CacheableRequest,
    ResponseCache,
    parse_cacheable,
    request_state,
)
from syndicate.web.http_policy import NO_STORE

_MAX_EXCESS_HEAD_BYTES: Final = 65_536
"""Bytes of a request head beyond its first read; the middleware allows fewer."""

GRACE_SECONDS: Final = 10
"""How long requests in progress may take once the server stops."""

_CHECK_SECONDS: Final = 0.05
_LINGER_SECONDS: Final = 1
_MAX_REFUSALS: Final = 64
"""Connections over the limit that get a response 503; more are closed without one."""

_RETRY_SECONDS: Final = 5
_REFUSAL_DETAILS: Final = {
    400: "the request is not HTTP",
    408: "the request head took too long",
    414: f"the URL is longer than {MAX_TARGET_BYTES:,} bytes",
    431: f"the request head has not ended after {_MAX_EXCESS_HEAD_BYTES:,} bytes",
    503: "too many connections are open",
}


class ServerConfig(Config):
    """Uvicorn's configuration for `HttpProtocol`, with the monitor that limits the connections.

    If the application is a `ResponseCache`, the connections use it. `switch` replaces it.
    """

    def __init__(self, app: ASGIApp, limits: ConnectionLimits = LIMITS) -> None:
        super().__init__(
            app,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=limits.backlog,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self.monitor = ConnectionMonitor(limits)
        self._use(app)

    def _use(self, app: ASGIApp) -> None:
        self.app = self.loaded_app = app
        self.response_cache = app if isinstance(app, ResponseCache) else None

    async def switch(self, app: ASGIApp, *, timeout_seconds: float = GRACE_SECONDS) -> None:
        """Pass further requests to ``app``; wait for those in progress, at most for a while."""
        self._use(app)
        for connection in self.monitor.connections:
            connection.use(app)
        busy = [each for each in self.monitor.connections if not each.is_idle]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while busy := [each for each in busy if not each.is_idle]:  # noqa: ASYNC110 — no event tells
                    await asyncio.sleep(_CHECK_SECONDS)


class HttpProtocol(HttpToolsProtocol):
    """One connection; rejects a request head that is too long, too slow or malformed.

    `check_progress` is called about once a second, see `web.http.connection_limits`.
    """

    def __init__(
        self,
        config: ServerConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._config = config
        self._cacheable_request: CacheableRequest | None = None
        """The current read, if it is one cacheable request."""
        self._cache_used_at = -inf
        """When the response cache responded last, in seconds of the loop."""
        self._is_request_open = False
        """Whether a request is incomplete; a rejected one never completes."""
        self._head_bytes = 0
        """Bytes of the request without its body and its first read, which may hold others."""
        self._body_bytes = 0
        """Bytes of bodies in the current read."""
        self._is_refused = False
        self.url = b""
        self._monitor = config.monitor
        self._head_since: float | None = None
        """When the head of the next request began or was expected; None if neither."""
        self._idle_since = self._received_at = self._unread_since = self._request_since = 0.0
        """When the last response ended, bytes were received last, the client read bytes last, and
        the last request began."""
        self._unread_bytes = 0
        """Bytes of responses that the client had not read at the last check."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_since = self._received_at = self._unread_since = self.loop.time()
        if not self._monitor.admit(self):
            if len(self._monitor.connections) > self._monitor.limits.connections + _MAX_REFUSALS:
                transport.abort()
            else:
                self._refuse(503)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._monitor.release(self)
        super().connection_lost(exc)

    def use(self, app: ASGIApp) -> None:
        """Pass further requests to ``app``; forget the last request, which refers to another."""
        self.app = app
        if self.is_idle and not self._is_request_open:
            self.cycle = None  # type: ignore[assignment]  # as before the first request
            self.scope = None  # type: ignore[assignment]

    @property
    def is_idle(self) -> bool:
        """Whether no response is in progress."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    @property
    def waiting_since(self) -> tuple[int, float] | None:
        """Since when the client has to send a request; None if it has not.

        Incomplete heads and bodies sort before idle connections. A body counts from the beginning
        of its request: a client that sends one byte now and then must not keep others out.
        """
        if self._is_refused or self.transport.is_closing():
            return None
        if self._is_request_open and self._head_since is None:
            return 0, self._request_since
        if not self.is_idle or self.transport.get_write_buffer_size():
            return None
        if self._head_since is not None:
            return 0, self._head_since
        return 1, max(self._cache_used_at, self._idle_since)

    def evict(self) -> None:
        """Close the connection in favor of another one."""
        self.transport.abort()

    def check_progress(self, now: float) -> None:
        """Close the connection if the client has made no progress for too long."""
        limits = self._monitor.limits
        unread = self.transport.get_write_buffer_size()
        if not unread or unread < self._unread_bytes:
            self._unread_since = now
        self._unread_bytes = unread
        if now - self._unread_since > limits.stalled_seconds:
            self.transport.abort()  # close() would wait for the client to read
        elif not (self._is_refused or self.transport.is_closing()):
            self._check_request(now, limits)

    def _check_request(self, now: float, limits: ConnectionLimits) -> None:
        if self._head_since is not None:
            if self.is_idle and now - self._head_since > limits.head_seconds:
                self._time_out_head()
            return
        if not self._is_request_open:
            return
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:
            self._received_at = now  # the client cannot send: its time begins once it can
        elif now - self._received_at > limits.stalled_seconds:
            self.transport.close()

    def _time_out_head(self) -> None:
        """Respond 408 to an incomplete head; close a connection without a request."""
        if self._is_request_open:
            self._refuse(408)
        else:
            self.transport.close()

    @override
    def data_received(self, data: bytes) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if (
            not self._is_request_open
            and (cycle is None or cycle.response_complete)  # `is_idle`, without a call
            and not self.flow.write_paused
            and self._config.response_cache is not None
            and self._config.response_cache.respond(
                data, self.transport, self.client, self.server_state.default_headers
            )
        ):
            self._cache_used_at = self.loop.time()
            self._head_since = None
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_handler()
        elif not self._is_refused:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        """Pass ``data`` to the parser, unless the request head has become too long."""
        if self._config.response_cache is not None and not self._is_request_open:
            self._cacheable_request = parse_cacheable(data)
        open_scope = self.scope if self._is_request_open else None
        self._body_bytes = 0
        self._received_at = self.loop.time()
        super().data_received(data)
        self._cacheable_request = None
        if self._head_since is None and not self._is_request_open and self.is_idle:
            # blank lines before a request (RFC 9112 section 2.2)
            self._head_since = self._received_at
        if self._is_request_open and self.scope is open_scope:
            self._head_bytes += len(data) - self._body_bytes
            if self._head_bytes > _MAX_EXCESS_HEAD_BYTES:
                self._refuse(431)

    @override
    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; the response cache does not restart the timer."""
        left = self._cache_used_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._cacheable_request is not None:
            self.scope["state"].update(request_state(self._cacheable_request))
        self._is_request_open = True
        self._head_bytes = 0
        self._request_since = self._received_at
        if self._head_since is None:
            self._head_since = self._received_at

    @override
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head_since = None

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._idle_since = self.loop.time()
        if (
            self._head_since is not None
        ):  # the head of the next request, received during the response
            self._head_since = self._idle_since

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since = self.loop.time()

    @override
    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._body_bytes += len(body)

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_request_open = False

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(400)

    def _refuse(self, status: int) -> None:
        """Respond with an error and close; without a response while another one is in progress.

        A client that is still sending would lose the response if the connection closed at once.
        """
        if len(self.url) > MAX_TARGET_BYTES:
            status = 414
        self._is_refused = self._is_request_open = True
        if not self.is_idle:
            self.transport.close()
            return
        headers = (
            {"Retry-After": str(_RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        )
        exception = HTTPException(status, _REFUSAL_DETAILS[status], headers)
        self.transport.write(self._serialize_problem(ProblemDetails.from_error(exception)))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        requests_total.labels("none", str(status)).inc()

    def _serialize_problem(self, problem: ProblemDetails) -> bytes:
        body = problem.to_json(self.url.partition(b"?")[0].decode("latin-1"))
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", NO_STORE.encode()),
            (b"connection", b"close"),
            *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        ]
        lines = [f"HTTP/1.1 {problem.status} {problem.title}".encode()]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", body])
