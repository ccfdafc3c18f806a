"""What every answer gets, whoever gives it: common headers, limits, a count, a clean failure."""

from time import perf_counter
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.errors import RepositoryError, StorageError, SyndicateError
from syndicate.model.feed import ServiceInfo
from syndicate.telemetry import logger, request_seconds, requests_total
from syndicate.web.http.auth import AuthenticatedRoute
from syndicate.web.http.problem_details import problem_response

MAX_TARGET_BYTES: Final = 8_192
"""Bytes of path and query; longer ones are refused (414)."""

MAX_HEADER_BYTES: Final = 32_768
"""Bytes of header fields; more are refused (431)."""

_SAFE_METHODS: Final = {"GET", "HEAD", "OPTIONS"}

_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified, Link, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""What lets pages of other sites read (CORS)."""

_log = logger("web")


class ResponseMiddleware:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, *, service_info: ServiceInfo) -> None:
        self._app = app
        self._service_info = service_info

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever fails, there is an answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        sender = _ResponseSender(send, scope)
        try:
            await self._respond(scope, receive, sender)
        finally:
            request_seconds.observe(perf_counter() - started)
            requests_total.labels(route_label(scope), str(sender.status)).inc()

    async def _respond(self, scope: Scope, receive: Receive, sender: "_ResponseSender") -> None:
        try:
            _check_size(scope)
            _check_host(scope)
            await self._app(scope, receive, sender.send)
        except Exception as error:
            if sender.status:
                raise
            _log_error(scope, error)
            response = problem_response(Request(scope, receive), error, self._service_info)
            await response(scope, receive, sender.send)


class _ResponseSender:
    """Sends an answer with the common headers, for HEAD without its body."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self.status = 0

    async def send(self, message: Message) -> None:
        method = self._scope["method"]
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if method in _SAFE_METHODS and not isinstance(
                self._scope.get("route"), AuthenticatedRoute
            ):
                headers.update(_CORS_HEADERS)
        elif message["type"] == "http.response.body" and method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)


def _log_error(scope: Scope, error: Exception) -> None:
    """Log what whoever asked is not told."""
    fields = {"method": scope["method"], "path": scope["path"]}
    if isinstance(error, (RepositoryError, StorageError)):
        _log.warning("request failed", **fields, reason=error.message)
    elif not isinstance(error, (HTTPException, SyndicateError)):
        _log.exception("request failed", **fields)


def _check_size(scope: Scope) -> None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise HTTPException(414, f"the address is longer than {MAX_TARGET_BYTES:,} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise HTTPException(431, f"the header fields are longer than {MAX_HEADER_BYTES:,} bytes")


def _check_host(scope: Scope) -> None:
    """RFC 9112, section 3.2: two hosts can mean another one to what stands in front."""
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts > 1 or (not hosts and scope["http_version"] == "1.1"):
        raise HTTPException(400, f"a request names one Host, this one {hosts or 'none'}")


def route_label(scope: Scope) -> str:
    """Return the pattern of the address, so that labels stay few."""
    route = scope.get("route")
    return route.path.replace(":path", "") if isinstance(route, Route) else "none"
