"""Rate limits of each client: requests a minute, and requests without valid credentials."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic
from typing import Final

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from syndicate.model.push_hook import HookCredentials
from syndicate.web.http.problem_details import HUB_PATH

METRICS_PATH: Final = "/metrics"

UNLIMITED_PATHS: Final = frozenset({"/healthz", "/readyz"})
"""Asked by the supervisor that decides whether the service runs at all."""

_PUSH_HOOK: Final = re.compile(r"/v1/sources/[^/]+/refresh")
_MINUTE_SECONDS: Final = 60.0
_ROUNDING_SECONDS: Final = 1e-6
"""A shorter wait is a rounding error: ``now + 60 - now`` may be more than 60."""
_MAX_CLIENTS: Final = 10_000
"""Clients to remember; the one whose last request is the oldest is forgotten first."""


@dataclass(slots=True, kw_only=True)
class TokenBuckets:
    """A token bucket for each client: full at first, refilled evenly within a minute.

    A bucket is one number, the time at which it will be full again (the generic cell rate
    algorithm); a full one need not be remembered. ``clock`` returns seconds.
    """

    per_minute: int
    clock: Callable[[], float] = monotonic
    max_clients: int = _MAX_CLIENTS
    _full_at: LRUCache[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with all buckets full."""
        self._full_at = LRUCache(self.max_clients)

    def take(self, client: str) -> float:
        """Take a token of ``client`` and return 0, or return the seconds until there is one."""
        full, seconds = self._next(client)
        if seconds:
            return seconds
        self._full_at[client] = full
        return 0

    def peek(self, client: str) -> float:
        """Return what `take` would return, without taking a token."""
        return self._next(client)[1]

    def put_back(self, client: str) -> None:
        """Return a token that ``client`` took."""
        if client in self._full_at:
            self._full_at[client] -= _MINUTE_SECONDS / self.per_minute

    def _next(self, client: str) -> tuple[float, float]:
        """Return when the bucket is full again after another token, and how long to wait for it."""
        now = self.clock()
        full = max(self._full_at.get(client, now), now) + _MINUTE_SECONDS / self.per_minute
        seconds = full - now - _MINUTE_SECONDS
        return full, seconds if seconds > _ROUNDING_SECONDS else 0


class RateLimiter:
    """Limits the requests of each client; responds 429 beyond.

    ``proxies`` is the number of trusted reverse proxies, each of which appends to
    ``X-Forwarded-For`` the address it was asked from. Entries further left are unverified.
    """

    def __init__(self, *, buckets: TokenBuckets, proxies: int) -> None:
        self._buckets = buckets
        self._proxies = proxies

    def check(self, scope: Scope) -> None:
        """Count a request; raises `HTTPException` (429) if it is one too many."""
        if scope["path"] in UNLIMITED_PATHS:
            return
        seconds = self._buckets.take(scope_client_key(scope, self._proxies))
        if seconds:
            raise _too_many(
                f"more than {self._buckets.per_minute:,} requests came within a minute", seconds
            )

    def allows(self, peer: str, forwarded: str) -> bool:
        """Count a request from ``peer`` with this X-Forwarded-For, if it is allowed; tell that."""
        return not self._buckets.take(client_key(peer, [forwarded], self._proxies))


class AuthenticationLimiter:
    """Limits requests without valid credentials of each client; responds 429 beyond.

    ``posts_per_minute`` bounds POST requests to the hub and to push hooks, before their body is
    read; one with valid credentials is not counted. ``failures_per_minute`` bounds invalid
    credentials. Bearer tokens are 256 random bits, so a valid one is accepted even then: a client
    that shares its IP address with an attacker is not locked out. Secrets that the operator chose
    (push hooks, ``/metrics``) may be shorter and are not even compared then. 0 means unlimited.
    """

    def __init__(self, *, posts_per_minute: int, failures_per_minute: int, proxies: int) -> None:
        self._posts = TokenBuckets(per_minute=posts_per_minute) if posts_per_minute else None
        self._failures = (
            TokenBuckets(per_minute=failures_per_minute) if failures_per_minute else None
        )
        self._proxies = proxies

    def check(self, scope: Scope) -> None:
        """Count a POST before it is handled; raises `HTTPException` (429)."""
        path = scope["path"]
        is_hook = _PUSH_HOOK.fullmatch(path) is not None
        if (is_hook or path == METRICS_PATH) and _has_credentials(scope):
            self._check_failures(scope, take=False)
        if self._posts is not None and _is_counted(scope):
            self._raise_if_limited(
                self._posts.take(scope_client_key(scope, self._proxies)),
                f"more than {self._posts.per_minute:,} POST requests without valid credentials",
            )

    def accept(self, scope: Scope) -> None:
        """Take back the count of a push hook, whose credentials were valid."""
        if self._posts is not None and _is_counted(scope) and scope["path"] != HUB_PATH:
            self._posts.put_back(scope_client_key(scope, self._proxies))

    def reject(self, scope: Scope) -> None:
        """Count invalid credentials; raises `HTTPException` (429) if they are too many."""
        if _has_credentials(scope):
            self._check_failures(scope, take=True)

    def _check_failures(self, scope: Scope, *, take: bool) -> None:
        if self._failures is not None:
            key = scope_client_key(scope, self._proxies)
            seconds = self._failures.take(key) if take else self._failures.peek(key)
            self._raise_if_limited(
                seconds, f"more than {self._failures.per_minute:,} wrong credentials"
            )

    def _raise_if_limited(self, seconds: float, message: str) -> None:
        if seconds:
            raise _too_many(f"{message} came from this client within a minute", seconds)


def _is_counted(scope: Scope) -> bool:
    path = scope["path"]
    return scope["method"] == "POST" and (path == HUB_PATH or bool(_PUSH_HOOK.fullmatch(path)))


def _has_credentials(scope: Scope) -> bool:
    headers = scope["headers"]
    return (
        any(name == b"authorization" for name, _ in headers)
        or not HookCredentials.from_headers(headers).is_empty
    )


def _too_many(message: str, seconds: float) -> HTTPException:
    return HTTPException(429, message, {"Retry-After": str(ceil(seconds))})


def scope_client_key(scope: Scope, proxies: int) -> str:
    """Return the rate-limit key of the client of a request."""
    peer = (scope.get("client") or ("", 0))[0]
    return client_key(peer, Headers(scope=scope).getlist("x-forwarded-for"), proxies)


def client_key(peer: str, forwarded: Iterable[str], proxies: int) -> str:
    """Return the rate-limit key of a client: its IPv4 address, its IPv6 /64, or "" if unknown.

    An IPv6 client has a whole /64 of addresses (RFC 6177). Where the request did not pass
    ``proxies`` proxies, or these wrote no address, ``peer`` counts, the address that connected.
    """
    addresses = _forwarded(forwarded)
    address = addresses[-proxies] if 0 < proxies <= len(addresses) else peer
    return _network(address) or _network(peer) or peer


def _forwarded(fields: Iterable[str]) -> list[str]:
    return [part.strip() for part in ",".join(fields).split(",")]


def _network(text: str) -> str:
    """Return the IPv4 address or the IPv6 /64 that ``text`` is in; empty if it is neither."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        bare = IPv6Address(int(address))  # Python 3.11 cannot write out one with a zone
        return f"{bare.exploded[:19]}::/64"
    return str(getattr(address, "ipv4_mapped", None) or address)
