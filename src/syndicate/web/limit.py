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

from syndicate.web.repetition import repetition

UNLIMITED: Final = frozenset({"/healthz", "/readyz"})
"""Who asks these decides whether the service runs at all."""

_MINUTE: Final = 60.0
_ROOM: Final = 10_000
"""Clients to remember; whoever asked longest ago is forgotten first."""


@dataclass(slots=True, kw_only=True)
class Allowance:
    """A token bucket for each client: full at first, filled up evenly within a minute.

    A bucket is one number, the moment at which it will be full again (known as the generic cell
    rate algorithm); one that is full need not be remembered. ``clock`` gives seconds.
    """

    per_minute: int
    clock: Callable[[], float] = monotonic
    room: int = _ROOM
    _full: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def wait(self, client: str) -> float:
        """Take one token of ``client`` and return 0, or return the seconds until there is one."""
        full, seconds = self._next(client)
        if seconds:
            return seconds
        self._full[client] = full
        self._full.move_to_end(client)
        if len(self._full) > self.room:
            self._full.popitem(last=False)
        return 0

    def peek(self, client: str) -> float:
        """Return what `wait` would return, and take nothing."""
        return self._next(client)[1]

    def give_back(self, client: str) -> None:
        """Put back one token that ``client`` took."""
        if client in self._full:
            self._full[client] -= _MINUTE / self.per_minute

    def _next(self, client: str) -> tuple[float, float]:
        """Return when the bucket is full again after one more, and how long to wait for that."""
        now = self.clock()
        full = max(self._full.get(client, now), now) + _MINUTE / self.per_minute
        return full, max(full - now - _MINUTE, 0)


class Limit:
    """ASGI middleware that refuses (429) whoever asks more often than the allowance has it.

    ``proxies`` is how many proxies stand in front, each of which adds to ``X-Forwarded-For`` whom
    it was asked by. Everything to the left of what they wrote is the client's own invention.
    """

    def __init__(self, app: ASGIApp, *, allowance: Allowance, proxies: int) -> None:
        self._app = app
        self._allowance = allowance
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or raise; the envelope tells."""
        if scope.get("path") not in UNLIMITED:
            repetition(scope).admit = self._admit
            seconds = self._allowance.wait(client(scope, self._proxies))
            if seconds:
                raise HTTPException(
                    429,
                    f"more than {self._allowance.per_minute:,} requests came within a minute",
                    {"Retry-After": str(ceil(seconds))},
                )
        await self._app(scope, receive, send)

    def _admit(self, peer: str, forwarded: str) -> bool:
        return not self._allowance.wait(asker(peer, [forwarded], self._proxies))


def client(scope: Scope, proxies: int) -> str:
    """Return who asks, as `asker` knows it."""
    peer = (scope.get("client") or ("", 0))[0]
    return asker(peer, Headers(scope=scope).getlist("x-forwarded-for"), proxies)


def asker(peer: str, forwarded: Iterable[str], proxies: int) -> str:
    """Return who asks: an IPv4 address, the network of an IPv6 one, or "" where nobody knows.

    An IPv6 client has a whole /64 to ask from (RFC 6177). Who did not come through ``proxies``
    proxies, or whose proxies wrote no address, is known by ``peer``, the address that connected.
    """
    named = _forwarded(forwarded)
    said = named[-proxies] if 0 < proxies <= len(named) else peer
    return _network(said) or _network(peer) or peer


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
