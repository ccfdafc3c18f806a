"""Uvicorn's HTTP protocol with limits on request heads and on time without progress."""

import asyncio
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
"""Bytes of a head, beyond those that came first, that are waited for; the envelope wants fewer."""

GRACE_SECONDS: Final = 10
"""How long requests in progress may take once the server stops."""

_LINGER_SECONDS: Final = 1
_MAX_REFUSALS: Final = 64
"""Connections over the limit that are told so and linger; more are closed without a word."""

_RETRY_SECONDS: Final = 5
_REFUSAL_DETAILS: Final = {
    400: "this is not HTTP",
    408: "the head of the request took too long",
    414: f"the URL is longer than {MAX_TARGET_BYTES:,} bytes",
    431: f"the head of the request has not ended after {_MAX_EXCESS_HEAD_BYTES:,} bytes",
    503: "too many connections are open",
}


class ServerConfig(Config):
    """uvicorn's configuration for `HttpProtocol`, with the monitor that limits the connections.

    If ``app`` is a `ResponseCache`, the connections use it.
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


class HttpProtocol(HttpToolsProtocol):
    """One connection; refuses what is too long to become a request, and what cannot be one.

    `check_progress` is called about once a second, see `web.connection_limits`.
    """

    def __init__(
        self,
        config: ServerConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._response_cache = self.app if isinstance(self.app, ResponseCache) else None
        self._cacheable_request: CacheableRequest | None = None
        """What the present lot is, if it is one plain request."""
        self._cache_used_at = -inf
        """When the lane answered last, in seconds of the loop."""
        self._is_request_open = False
        """Whether a request has begun and is not over; one that was refused never is."""
        self._head_bytes = 0
        """Bytes of it that are not its body, without the first lot: that may hold others, too."""
        self._body_bytes = 0
        """Bytes of bodies in the present lot."""
        self._is_refused = False
        self.url = b""
        self._monitor = config.monitor
        self._head_since: float | None = None
        """When the head of the next request began or became due; None if neither."""
        self._idle_since = self._received_at = self._unread_since = self._request_since = 0.0
        """When the last answer ended, bytes came last, bytes were last taken by the client, and
        the last request began."""
        self._unread_bytes = 0
        """Bytes of answers that the client had not taken at the last check."""

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

    @property
    def _is_idle(self) -> bool:
        """Whether no answer is being made."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    @property
    def waiting_since(self) -> tuple[int, float] | None:
        """Since when bytes of a request are due; None if none are.

        Clients that owe a head or a body sort before idle ones. A body counts from the beginning
        of its request, answered or not: one byte now and then must not keep others out.
        """
        if self._is_refused or self.transport.is_closing():
            return None
        if self._is_request_open and self._head_since is None:
            return 0, self._request_since
        if not self._is_idle or self.transport.get_write_buffer_size():
            return None
        if self._head_since is not None:
            return 0, self._head_since
        return 1, max(self._cache_used_at, self._idle_since)

    def evict(self) -> None:
        """Make room for another connection."""
        self.transport.abort()

    def check_progress(self, now: float) -> None:
        """End the connection if the client makes no progress for too long."""
        limits = self._monitor.limits
        unread = self.transport.get_write_buffer_size()
        if not unread or unread < self._unread_bytes:
            self._unread_since = now
        self._unread_bytes = unread
        if now - self._unread_since > limits.stalled_seconds:
            self.transport.abort()  # to close would wait for what the client does not read
        elif not (self._is_refused or self.transport.is_closing()):
            self._check_request(now, limits)

    def _check_request(self, now: float, limits: ConnectionLimits) -> None:
        if self._head_since is not None:
            if self._is_idle and now - self._head_since > limits.head_seconds:
                self._time_out_head()
            return
        if (
            not self._is_request_open
            or self.flow.read_paused
            or self.cycle.waiting_for_100_continue
        ):
            return
        if now - self._received_at > limits.stalled_seconds:
            self.transport.close()

    def _time_out_head(self) -> None:
        """Answer 408 to the beginning of a head; close a connection that said nothing."""
        if self._is_request_open:
            self._refuse(408)
        else:
            self.transport.close()

    @override
    def data_received(self, data: bytes) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if (
            not self._is_request_open
            and (cycle is None or cycle.response_complete)  # `_is_idle`, without a call
            and not self.flow.write_paused
            and self._response_cache is not None
            and self._response_cache.respond(
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
        """Let the parser have it, as long as there is hope that it becomes a request."""
        if self._response_cache is not None and not self._is_request_open:
            self._cacheable_request = parse_cacheable(data)
        open_scope = self.scope if self._is_request_open else None
        self._body_bytes = 0
        self._received_at = self.loop.time()
        super().data_received(data)
        self._cacheable_request = None
        if self._head_since is None and not self._is_request_open and self._is_idle:
            self._head_since = (
                self._received_at
            )  # blank lines before a request (RFC 9112 section 2.2)
        if self._is_request_open and self.scope is open_scope:
            self._head_bytes += len(data) - self._body_bytes
            if self._head_bytes > _MAX_EXCESS_HEAD_BYTES:
                self._refuse(431)

    @override
    def timeout_keep_alive_handler(self) -> None:
        """Hang up, unless the lane has answered in the meantime: it leaves the timer alone."""
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
        if self._head_since is not None:  # of a request that came while this one was answered
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
        """Answer and hang up; the former only where it cannot be taken for another's answer.

        Who is still sending would lose the answer if the connection closed at once.
        """
        if len(self.url) > MAX_TARGET_BYTES:
            status = 414
        self._is_refused = self._is_request_open = True
        if not self._is_idle:
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
