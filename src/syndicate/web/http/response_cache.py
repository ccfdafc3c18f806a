"""The express lane: a plain request for a feed gets the answer that the application gave before.

What is plain is decided here, and strictly; all else, and whatever is in doubt, goes to the
application untouched. The application says what may be repeated and for how long
(`web.get_cacheability`). Every answer was one of its own: only the date is new.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.telemetry import FastCounter, request_seconds, requests_total
from syndicate.web.http.cacheability import AdmitRequest, Cacheability, CacheKey, get_cacheability
from syndicate.web.http.middleware import route_label

_MAX_HEAD_BYTES: Final = 2_048
"""Bytes of a head that may be plain."""

_CACHEABLE_HEAD: Final = re.compile(
    rb"(?P<method>GET|HEAD) (?P<target>/feeds/[!$-;=?-Z_a-z~]++) HTTP/1\.1\r\n"
    rb"(?P<fields>(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)++)\r\n"
)
"""The head of a request without anything unusual in its form (RFC 9112 sections 3 and 5)."""

_UNCACHEABLE_FIELDS: Final = frozenset(
    b"authorization content-encoding content-length content-type cookie expect"
    b" http2-settings if-match if-range if-unmodified-since keep-alive proxy-authorization"
    b" proxy-connection range te trailer transfer-encoding upgrade".split()
)
"""Fields that could say where the request ends, want more than a feed, or must not be kept."""

_CLOSES: Final = {b"": False, b"keep-alive": False, b"close": True}
"""Whether the connection ends, by what may be said of it."""

_MAX_HEADS: Final = 1_024
"""Heads to remember: a program sends the same one each time."""

_CACHE_BYTES: Final = 16 * 2**20
_OBJECT_BYTES: Final = 1_000
"""Bytes that an answer takes beside its texts, about."""

_CACHEABLE_STATUSES: Final = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}

ServerHeaders = Sequence[tuple[bytes, bytes]]
"""What the server adds to every answer: its date, in another object once that is another."""


Peer = tuple[str, int] | None
"""The address and port that asks, None where nobody knows."""


class CacheableRequest(NamedTuple):
    """A plain request: what is asked, and for whom, if proxies say so."""

    key: CacheKey
    forwarded: str


def parse_cacheable(head: bytes) -> CacheableRequest | None:
    """Return the plain request that ``head`` is, from its first byte to its last; else None."""
    found = _CACHEABLE_HEAD.fullmatch(head) if len(head) <= _MAX_HEAD_BYTES else None
    if found is None:
        return None
    fields: dict[bytes, bytes] = {}
    for line in found["fields"].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in fields:
            return None
        fields[name] = value
    closes = _CLOSES.get(fields.get(b"connection", b"").strip(b" \t").lower())
    has_host = fields.get(b"host", b"").strip(b" \t")
    if closes is None or not has_host or not _UNCACHEABLE_FIELDS.isdisjoint(fields):
        return None
    key = CacheKey(
        method=found["method"],
        target=found["target"],
        accept_encoding=fields.get(b"accept-encoding"),
        if_none_match=fields.get(b"if-none-match"),
        if_modified_since=fields.get(b"if-modified-since"),
        closes=closes,
    )
    return CacheableRequest(key, fields.get(b"x-forwarded-for", b"").decode("latin-1"))


@dataclass(slots=True, kw_only=True)
class CachedResponse:
    """An answer of the application: its parts, and as a whole with what the server ``added``."""

    status: bytes
    fields: bytes
    body: bytes
    closes: bool
    is_current: Callable[[], bool]
    admit: AdmitRequest | None
    counter: FastCounter
    server_headers: ServerHeaders = ()
    serialized: bytes = b""
    is_checked: bool = False
    """Whether it was found current in this turn of the loop."""

    def serialize(self, server_headers: ServerHeaders) -> None:
        """Be whole with ``added``."""
        lines = [name + b": " + value + b"\r\n" for name, value in server_headers]
        self.serialized = b"".join((self.status, *lines, self.fields, self.body))
        self.server_headers = server_headers

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return _OBJECT_BYTES + 2 * (len(self.fields) + len(self.body))


class ResponseCache:
    """ASGI application around another one whose answers it gives again.

    Args:
        app: Answers everything for the first time.
        room: Bytes of answers to remember; the one unused for longest goes first.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int = _CACHE_BYTES) -> None:
        self._app = app
        self._responses = SizedLruCache[CacheKey, CachedResponse](max_bytes)
        self._heads: dict[bytes, CachedResponse] = {}
        self._checked: list[CachedResponse] = []

    def respond(
        self,
        head: bytes,
        transport: asyncio.WriteTransport,
        peer: Peer,
        server_headers: ServerHeaders,
    ) -> bool:
        """Answer ``peer``, who sent ``head`` and nothing else, if the answer is known.

        Tells whether; if not, nothing was written, and it is for the application to answer.
        """
        started = perf_counter()
        response = self._heads.get(head) if len(head) <= _MAX_HEAD_BYTES else None
        if response is None:
            response = self._find(head, peer)
            if response is None:
                return False
        if not (response.is_checked or self._is_valid(response)):
            return False
        if response.server_headers is not server_headers:
            response.serialize(server_headers)
        transport.write(response.serialized)
        if response.closes:
            transport.close()
        response.counter.count += 1
        request_seconds.observe(perf_counter() - started)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer; remember what, if it says that it would say so again."""
        cacheability = get_cacheability(scope)
        if cacheability.key is None:
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def send_and_store(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                self._store(cacheability, scope, start, message)
            await send(message)

        await self._app(scope, receive, send_and_store)

    def _find(self, head: bytes, peer: Peer) -> CachedResponse | None:
        request = parse_cacheable(head)
        response = self._responses.get(request.key) if request else None
        if request is None or response is None:
            return None
        if response.admit is not None:  # of everybody, so the head alone will not do next time
            client = (peer or ("", 0))[0]
            return (
                response
                if self._is_valid(response) and response.admit(client, request.forwarded)
                else None
            )
        if len(self._heads) >= _MAX_HEADS:
            self._heads.clear()
        self._heads[head] = response
        return response

    def _is_valid(self, response: CachedResponse) -> bool:
        """Tell whether ``answer`` is what the application would say, from now to the next turn.

        Whatever changes that runs in the same loop, so that one look a turn is enough.
        """
        if not response.is_current():
            return False
        if not self._checked:
            asyncio.get_running_loop().call_soon(self._reset_checked)
        response.is_checked = True
        self._checked.append(response)
        return True

    def _reset_checked(self) -> None:
        for response in self._checked:
            response.is_checked = False
        self._checked.clear()

    def _store(
        self, cacheability: Cacheability, scope: Scope, start: Message, message: Message
    ) -> None:
        status = HTTPStatus(start["status"])
        if (
            cacheability.key is None
            or cacheability.is_current is None
            or status not in _CACHEABLE_STATUSES
            or message.get("more_body")
        ):
            return
        lines = [name + b": " + value + b"\r\n" for name, value in start["headers"]]
        last = b"connection: close\r\n\r\n" if cacheability.key.closes else b"\r\n"
        response = CachedResponse(
            status=f"HTTP/1.1 {status} {status.phrase}\r\n".encode(),
            fields=b"".join([*lines, last]),
            body=message.get("body", b""),
            closes=cacheability.key.closes,
            is_current=cacheability.is_current,
            admit=cacheability.admit,
            counter=requests_total.labels(route_label(scope), str(int(status))),
        )
        self._responses.put(cacheability.key, response, response.size)
        self._heads.clear()
