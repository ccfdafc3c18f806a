"""The response cache: repeats serialized responses to feed requests without running the app.

Goal: a cached feed is served at 0.95 of the speed of nginx or more; the ordinary way, through
uvicorn's parser and Starlette, reaches about a tenth of that (decision 0015). Only requests in the
plainest form are considered; all others, and all doubtful ones, go to the application. Each
response was one of the application: only its date is new. It is valid while the feed cache has the
same version of the representation, which the handler names by `mark_cacheable`.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from typing import Final, NamedTuple

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.feeds import FeedCache
from syndicate.feeds.feed_location import RepresentationKey
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.model.content_reader import ContentReader
from syndicate.telemetry import request_seconds, requests_total
from syndicate.telemetry.collectors import FastCounter
from syndicate.web.http.middleware import route_label
from syndicate.web.http.rate_limit import RateLimiter

_STATE_KEY: Final = "syndicate.cacheability"

_MAX_HEAD_BYTES: Final = 2_048
"""Bytes of a request head that may be cacheable."""

_CACHEABLE_HEAD: Final = re.compile(
    rb"(?P<method>GET|HEAD) (?P<target>/feeds/[!$-;=?-Z_a-z~]++) HTTP/1\.1\r\n"
    rb"(?P<fields>(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)++)\r\n"
)
"""A request head in the plainest form (RFC 9112 sections 3 and 5)."""

_UNCACHEABLE_FIELDS: Final = frozenset(
    b"authorization content-encoding content-length content-type cookie expect"
    b" http2-settings if-match if-range if-unmodified-since keep-alive proxy-authorization"
    b" proxy-connection range te trailer transfer-encoding upgrade".split()
)
"""Fields that may announce a body, require more than the feed, or forbid to store the response."""

_CLOSES: Final = {b"": False, b"keep-alive": False, b"close": True}
"""Whether the connection closes after the response, by the value of Connection."""

_MAX_HEADS: Final = 1_024
"""Request heads to remember: a client sends the same one each time."""

_CACHE_BYTES: Final = 16 * 2**20
_OBJECT_BYTES: Final = 1_000
"""Approximate memory of a response beside its texts."""

_REQUEST_ID: Final = b"x-request-id"
"""A field of one request, which is not repeated."""

_CACHEABLE_STATUSES: Final = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}

ServerHeaders = Sequence[tuple[bytes, bytes]]
"""Header fields that the server adds to every response: its date; another object each second."""

Peer = tuple[str, int] | None
"""IP address and port of the client, None where unknown."""


class CacheKey(NamedTuple):
    """All of a cacheable request that the response may depend on, as it was sent."""

    method: bytes
    target: bytes
    accept_encoding: bytes | None
    if_none_match: bytes | None
    if_modified_since: bytes | None
    closes: bool
    """Whether the connection closes after the response, which then says so."""


class CacheableRequest(NamedTuple):
    """A cacheable request, and its X-Forwarded-For."""

    key: CacheKey
    forwarded: str


class FeedVersion(NamedTuple):
    """Which version of a feed a response was made of, and until when (`time.time`) it is valid."""

    key: RepresentationKey
    version: object
    valid_until: float


class Cacheability:
    """What a route handler says about storing the response to a cacheable request."""

    def __init__(self, key: CacheKey) -> None:
        self.key = key
        self.feed: FeedVersion | None = None
        """None forbids to store the response."""

    def allow(self, feed: FeedVersion) -> None:
        """Allow to repeat the response while the feed cache has this version."""
        self.feed = feed


def request_state(request: CacheableRequest) -> dict[str, Cacheability]:
    """Return what the protocol adds to the state of the ASGI scope of a cacheable request."""
    return {_STATE_KEY: Cacheability(request.key)}


def mark_cacheable(
    scope: Scope, key: RepresentationKey, version: object, valid_until: float = inf
) -> None:
    """Allow to repeat the response to this request while the feed has this version."""
    cacheability = _cacheability(scope)
    if cacheability is not None:
        cacheability.allow(FeedVersion(key, version, valid_until))


def _cacheability(scope: Scope) -> Cacheability | None:
    found: object = scope.get("state", {}).get(_STATE_KEY)
    return found if isinstance(found, Cacheability) else None


def parse_cacheable(head: bytes) -> CacheableRequest | None:
    """Return the request if ``head`` is one cacheable request and nothing else, else None."""
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


@dataclass(slots=True, kw_only=True, eq=False)
class CachedResponse:
    """A response of the application, and its serialization with the server's own fields."""

    status: bytes
    fields: bytes
    body: bytes
    closes: bool
    feed: FeedVersion
    counter: FastCounter
    server_headers: ServerHeaders = ()
    serialized: bytes = b""

    def serialize(self, server_headers: ServerHeaders) -> None:
        """Serialize the response with ``server_headers``."""
        lines = [name + b": " + value + b"\r\n" for name, value in server_headers]
        self.serialized = b"".join((self.status, *lines, self.fields, self.body))
        self.server_headers = server_headers

    @property
    def size(self) -> int:
        """Approximate bytes in memory."""
        return _OBJECT_BYTES + 2 * (len(self.fields) + len(self.body))


class ResponseCache:
    """ASGI application that stores the responses of another one.

    Args:
        app: Responds to all requests that are not in the cache.
        routes: The routes of ``app``.
        reader: Has the edition in service.
        feed_cache: Says which version of a feed is current.
        rate_limiter: Counts the requests of each client, if they are limited.
        max_bytes: Bytes of responses to store; the least recently used go first.
    """

    def __init__(  # noqa: PLR0913 — what a response depends on
        self,
        app: ASGIApp,
        *,
        routes: Sequence[BaseRoute] = (),
        reader: ContentReader,
        feed_cache: FeedCache,
        rate_limiter: RateLimiter | None = None,
        max_bytes: int = _CACHE_BYTES,
    ) -> None:
        self.routes = routes
        self._app = app
        self._reader = reader
        self._feed_cache = feed_cache
        self._rate_limiter = rate_limiter
        self._responses = SizedLruCache[CacheKey, CachedResponse](
            max_bytes, getsizeof=lambda response: response.size
        )
        self._heads: dict[bytes, CachedResponse] = {}
        self._valid: set[CachedResponse] = set()
        """Responses that were found valid in this iteration of the event loop."""

    def respond(
        self,
        head: bytes,
        transport: asyncio.WriteTransport,
        peer: Peer,
        server_headers: ServerHeaders,
    ) -> bool:
        """Write the stored response to ``head``, all that ``peer`` has sent, if there is one.

        Returns whether it was written; otherwise the application has to respond.
        """
        started = time.perf_counter()
        response = self._heads.get(head) if len(head) <= _MAX_HEAD_BYTES else None
        if response is None:
            response = self._find(head, peer)
            if response is None:
                return False
        if not (response in self._valid or self._is_valid(response)):
            return False
        if response.server_headers is not server_headers:
            response.serialize(server_headers)
        transport.write(response.serialized)
        if response.closes:
            transport.close()
        response.counter.inc()
        request_seconds.observe(time.perf_counter() - started)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application respond; store the response if the handler allows it."""
        cacheability = _cacheability(scope)
        if cacheability is None:
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def send_and_store(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message.get("more_body"):
                start.clear()  # only a response in one piece is stored
            elif start and cacheability.feed is not None:
                self._store(cacheability.key, cacheability.feed, scope, start, message["body"])
            await send(message)

        await self._app(scope, receive, send_and_store)

    def _find(self, head: bytes, peer: Peer) -> CachedResponse | None:
        request = parse_cacheable(head)
        response = self._responses.get(request.key) if request else None
        if request is None or response is None:
            return None
        if self._rate_limiter is not None:  # asked for each request, so heads are not remembered
            address = (peer or ("", 0))[0]
            is_valid = self._is_valid(response)
            allowed = is_valid and self._rate_limiter.allows(address, request.forwarded)
            return response if allowed else None
        if len(self._heads) >= _MAX_HEADS:
            self._heads.clear()
        self._heads[head] = response
        return response

    def _is_valid(self, response: CachedResponse) -> bool:
        """Return whether the application would give the same response now.

        Whatever changes that runs in the same event loop: once in each iteration is enough.
        """
        key, version, valid_until = response.feed
        reader = self._reader
        current = self._feed_cache.current_version(reader.edition, reader.removed, key)
        if current is not version or time.time() >= valid_until:
            return False
        if not self._valid:
            asyncio.get_running_loop().call_soon(self._valid.clear)
        self._valid.add(response)
        return True

    def _store(
        self, key: CacheKey, feed: FeedVersion, scope: Scope, start: Message, body: bytes
    ) -> None:
        status = HTTPStatus(start["status"])
        if status not in _CACHEABLE_STATUSES:
            return
        fields = (field for field in start["headers"] if field[0].lower() != _REQUEST_ID)
        lines = [name + b": " + value + b"\r\n" for name, value in fields]
        last = b"connection: close\r\n\r\n" if key.closes else b"\r\n"
        self._responses[key] = CachedResponse(
            status=f"HTTP/1.1 {status} {status.phrase}\r\n".encode(),
            fields=b"".join([*lines, last]),
            body=body,
            closes=key.closes,
            feed=feed,
            counter=requests_total.labels(route_label(scope), str(int(status))),
        )
        self._heads.clear()
