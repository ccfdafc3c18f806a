"""How often one client may ask: so many requests a minute, each client by itself."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.web.http.cacheability import get_cacheability

UNLIMITED_PATHS: Final = frozenset({"/healthz", "/readyz"})
"""Who asks these decides whether the service runs at all."""

_MINUTE_SECONDS: Final = 60.0
_MAX_CLIENTS: Final = 10_000
"""Clients to remember; whoever asked longest ago is forgotten first."""


@dataclass(slots=True, kw_only=True)
class TokenBuckets:
    """A token bucket for each client: full at first, filled up evenly within a minute.

    A bucket is one number, the moment at which it will be full again (known as the generic cell
    rate algorithm); one that is full need not be remembered. ``clock`` gives seconds.
    """

    per_minute: int
    clock: Callable[[], float] = monotonic
    max_clients: int = _MAX_CLIENTS
    _full_at: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def take(self, client: str) -> float:
        """Take one token of ``client`` and return 0, or return the seconds until there is one."""
        full, seconds = self._next(client)
        if seconds:
            return seconds
        self._full_at[client] = full
        self._full_at.move_to_end(client)
        if len(self._full_at) > self.max_clients:
            self._full_at.popitem(last=False)
        return 0

    def peek(self, client: str) -> float:
        """Return what `wait` would return, and take nothing."""
        return self._next(client)[1]

    def put_back(self, client: str) -> None:
        """Put back one token that ``client`` took."""
        if client in self._full_at:
            self._full_at[client] -= _MINUTE_SECONDS / self.per_minute

    def _next(self, client: str) -> tuple[float, float]:
        """Return when the bucket is full again after one more, and how long to wait for that."""
        now = self.clock()
        full = max(self._full_at.get(client, now), now) + _MINUTE_SECONDS / self.per_minute
        return full, max(full - now - _MINUTE_SECONDS, 0)


class RateLimitMiddleware:
    """ASGI middleware that refuses (429) whoever asks more often than the allowance has it.

    ``proxies`` is how many proxies stand in front, each of which adds to ``X-Forwarded-For`` whom
    it was asked by. Everything to the left of what they wrote is the client's own invention.
    """

    def __init__(self, app: ASGIApp, *, buckets: TokenBuckets, proxies: int) -> None:
        self._app = app
        self._buckets = buckets
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or raise; the envelope tells."""
        if scope.get("path") not in UNLIMITED_PATHS:
            get_cacheability(scope).admit = self._admit
            seconds = self._buckets.take(scope_client_key(scope, self._proxies))
            if seconds:
                raise HTTPException(
                    429,
                    f"more than {self._buckets.per_minute:,} requests came within a minute",
                    {"Retry-After": str(ceil(seconds))},
                )
        await self._app(scope, receive, send)

    def _admit(self, peer: str, forwarded: str) -> bool:
        return not self._buckets.take(client_key(peer, [forwarded], self._proxies))


def scope_client_key(scope: Scope, proxies: int) -> str:
    """Return who asks, as `asker` knows it."""
    peer = (scope.get("client") or ("", 0))[0]
    return client_key(peer, Headers(scope=scope).getlist("x-forwarded-for"), proxies)


def client_key(peer: str, forwarded: Iterable[str], proxies: int) -> str:
    """Return who asks: an IPv4 address, the network of an IPv6 one, or "" where nobody knows.

    An IPv6 client has a whole /64 to ask from (RFC 6177). Who did not come through ``proxies``
    proxies, or whose proxies wrote no address, is known by ``peer``, the address that connected.
    """
    addresses = _forwarded(forwarded)
    address = addresses[-proxies] if 0 < proxies <= len(addresses) else peer
    return _network(address) or _network(peer) or peer


def _forwarded(fields: Iterable[str]) -> list[str]:
    return [part.strip() for part in ",".join(fields).split(",")]


def _network(text: str) -> str:
    """Return the address ``text`` or its /64, empty if it is none."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        bare = IPv6Address(int(address))  # Python 3.11 cannot write out one with a zone
        return f"{bare.exploded[:19]}::/64"
    return str(getattr(address, "ipv4_mapped", None) or address)
