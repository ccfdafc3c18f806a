"""ASGI middleware around all routes: common headers, limits, redirects, metrics and errors."""

import re
import secrets
from http import HTTPStatus
from time import perf_counter
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.errors import RepositoryError, StorageError, SyndicateError, Unauthenticated
from syndicate.model.feed import ServiceInfo
from syndicate.telemetry import logger, request_id, request_seconds, requests_total
from syndicate.web.http.auth import AuthenticatedRoute
from syndicate.web.http.problem_details import (
    PROXY_REQUEST_ID,
    problem_response,
    shown_request_id,
)
from syndicate.web.http.rate_limit import METRICS_PATH, AuthenticationLimiter, RateLimiter
from syndicate.web.http.redirects import redirect_moved
from syndicate.web.http_policy import NO_STORE, HttpPolicy

MAX_TARGET_BYTES: Final = 8_192
"""Bytes of path and query; longer ones are rejected (414)."""

MAX_HEADER_BYTES: Final = 32_768
"""Bytes of header fields; more are rejected (431)."""

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{8,128}")
_REQUEST_ID_BYTES: Final = 8

_READING_METHODS: Final = {"GET", "HEAD"}
_SAFE_METHODS: Final = {*_READING_METHODS, "OPTIONS"}

_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified, Link, Retry-After, X-Request-Id",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""CORS: scripts of any site may read."""

_log = logger("web")


class ResponseMiddleware:
    """ASGI middleware around the routes: common headers, limits, redirects, metrics, errors.

    Whatever fails, there is a response.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        service_info: ServiceInfo,
        policy: HttpPolicy,
        rate_limiter: RateLimiter | None,
    ) -> None:
        self._app = app
        self._service_info = service_info
        self._policy = policy
        self._rate_limiter = rate_limiter
        self._authentication_limiter = AuthenticationLimiter(
            posts_per_minute=policy.unauthenticated_posts_per_minute,
            failures_per_minute=policy.failed_authentications_per_minute,
            proxies=policy.proxies,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request, and count it with its time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        sender = _ResponseSender(send, scope)
        if self._policy.proxies and (proxy_id := _proxy_request_id(scope)):
            scope[PROXY_REQUEST_ID] = proxy_id
        token = request_id.set(scope.get(PROXY_REQUEST_ID) or secrets.token_hex(_REQUEST_ID_BYTES))
        try:
            await self._respond(scope, receive, sender)
        finally:
            request_id.reset(token)
            request_seconds.observe(perf_counter() - started)
            requests_total.labels(route_label(scope), str(sender.status)).inc()

    async def _respond(self, scope: Scope, receive: Receive, sender: "_ResponseSender") -> None:
        try:
            _check_size(scope)
            _check_host(scope)
            if self._rate_limiter is not None:
                self._rate_limiter.check(scope)
            await self._limit_authentication(scope, receive, sender.send)
        except Exception as error:
            if sender.status:
                raise
            _log_error(scope, error)
            response = problem_response(Request(scope, receive), error, self._service_info)
            await response(scope, receive, sender.send)

    async def _limit_authentication(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in _READING_METHODS or scope["path"] == METRICS_PATH:
            self._authentication_limiter.check(scope)
        try:
            await self._redirect_or_route(scope, receive, send)
        except Unauthenticated:
            self._authentication_limiter.reject(scope)
            raise
        except HTTPException as error:
            if error.status_code == HTTPStatus.UNAUTHORIZED:
                self._authentication_limiter.reject(scope)
            raise
        if scope["method"] == "POST":
            self._authentication_limiter.accept(scope)

    async def _redirect_or_route(self, scope: Scope, receive: Receive, send: Send) -> None:
        redirect = None
        if self._policy.redirects or scope["path"].endswith("/"):
            redirect = redirect_moved(scope, self._service_info, self._policy)
        await (redirect or self._app)(scope, receive, send)


class _ResponseSender:
    """Sends a response with the common headers, to HEAD without its body."""

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
            is_stored = method in _READING_METHODS and headers.get("Cache-Control") != NO_STORE
            if not is_stored and (shown := shown_request_id(self._scope, self.status)):
                headers["X-Request-Id"] = shown
        elif message["type"] == "http.response.body" and method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)


def _proxy_request_id(scope: Scope) -> str:
    """Return the X-Request-Id of the proxy, empty if there is none that can be used."""
    sent = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return str(sent[0], "ascii") if len(sent) == 1 and _REQUEST_ID.fullmatch(sent[0]) else ""


def _log_error(scope: Scope, error: Exception) -> None:
    """Log the details that the response does not contain."""
    fields = {"method": scope["method"], "path": scope["path"]}
    if isinstance(error, (RepositoryError, StorageError)):
        _log.warning("request failed", **fields, reason=error.message)
    elif not isinstance(error, (HTTPException, SyndicateError)):
        _log.exception("request failed", **fields)


def _check_size(scope: Scope) -> None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise HTTPException(414, f"the URL is longer than {MAX_TARGET_BYTES:,} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise HTTPException(431, f"the header fields are longer than {MAX_HEADER_BYTES:,} bytes")


def _check_host(scope: Scope) -> None:
    """Require one Host (RFC 9112 section 3.2): a proxy may choose another one of two."""
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts > 1 or (not hosts and scope["http_version"] == "1.1"):
        raise HTTPException(400, f"exactly one Host header is required; found {hosts or 'none'}")


def route_label(scope: Scope) -> str:
    """Return the URL pattern of the route as a metric label: there are few of them."""
    route = scope.get("route")
    return route.path.replace(":path", "") if isinstance(route, Route) else "none"
