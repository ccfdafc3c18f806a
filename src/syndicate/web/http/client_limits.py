"""How often one client may POST without credentials or show wrong ones."""

import re
from math import ceil
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.model.push_hook import HookCredentials
from syndicate.web.http.problem_details import HUB_PATH
from syndicate.web.http.rate_limit import TokenBuckets, scope_client_key

_PUSH_HOOK: Final = re.compile(r"/v1/sources/[^/]+/refresh")
_METRICS: Final = "/metrics"
_UNAUTHORIZED: Final = 401


class AuthenticationLimitMiddleware:
    """ASGI middleware that answers 429 to clients that exceed one of two allowances.

    ``posts`` bounds POST requests to the hub and to push hooks, before their body is read; one
    with valid credentials is given back. ``failures`` bounds wrong credentials. Bearer tokens are
    256 random bits, so a valid one is accepted even then: whoever shares an IP address with a
    guesser is not locked out. Secrets that the operator chose (push hooks, ``/metrics``) may be
    shorter and are not even compared then. 0 a minute is any number. ``proxies`` as in
    `web.timeout.RateLimitMiddleware`.
    """

    def __init__(
        self, app: ASGIApp, *, posts_per_minute: int, failures_per_minute: int, proxies: int
    ) -> None:
        self._app = app
        self._posts = TokenBuckets(per_minute=posts_per_minute) if posts_per_minute else None
        self._failures = (
            TokenBuckets(per_minute=failures_per_minute) if failures_per_minute else None
        )
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or raise 429; the envelope answers."""
        path = scope["path"]
        is_hook = _PUSH_HOOK.fullmatch(path) is not None
        if (is_hook or path == _METRICS) and _has_credentials(scope):
            self._check_failures(scope, take=False)
        is_counted = scope["method"] == "POST" and (is_hook or path == HUB_PATH)
        if is_counted:
            self._check_posts(scope)
        try:
            await self._app(scope, receive, send)
        except HTTPException as error:
            if error.status_code == _UNAUTHORIZED and _has_credentials(scope):
                self._check_failures(scope, take=True)
            raise
        if is_counted and is_hook and self._posts is not None:
            self._posts.put_back(scope_client_key(scope, self._proxies))

    def _check_posts(self, scope: Scope) -> None:
        if self._posts is not None:
            seconds = self._posts.take(scope_client_key(scope, self._proxies))
            message = (
                f"more than {self._posts.per_minute:,} POST requests without valid credentials"
            )
            _raise_if_limited(seconds, message)

    def _check_failures(self, scope: Scope, *, take: bool) -> None:
        if self._failures is not None:
            key = scope_client_key(scope, self._proxies)
            seconds = self._failures.take(key) if take else self._failures.peek(key)
            _raise_if_limited(seconds, f"more than {self._failures.per_minute:,} wrong credentials")


def _raise_if_limited(seconds: float, message: str) -> None:
    if seconds:
        raise HTTPException(
            429,
            f"{message} came from this client within a minute",
            {"Retry-After": str(ceil(seconds))},
        )


def _has_credentials(scope: Scope) -> bool:
    headers = scope["headers"]
    return (
        any(name == b"authorization" for name, _ in headers)
        or not HookCredentials.from_headers(headers).is_empty
    )
