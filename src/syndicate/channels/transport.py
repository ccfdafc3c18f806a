"""One request out and what came back, as a value: bounded in time and size, never an exception.

httpx's requests and responses over aiohttp's connections (the httpx-aiohttp transport), without a
client in between: so there are no cookies, no redirects, no proxies or passwords out of the
environment, and twice the deliveries per second.
"""

import asyncio
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Final, Protocol, Self, cast
from weakref import WeakValueDictionary

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError
from httpx_aiohttp import AiohttpTransport

from syndicate.channels.connection import TRAIL, Trail, session
from syndicate.channels.fault import explain, printable
from syndicate.channels.guard import Guard, request_target
from syndicate.channels.response_protocol import MAX_BODY_BYTES, ParsingBudget
from syndicate.errors import Refused
from syndicate.model.delivery import Attempt, Cause, Delivery
from syndicate.model.feed import Masthead
from syndicate.model.subscription import Subscription

TIMEOUT_SECONDS: Final = 15.0
"""For a whole request: looking up, connecting, TLS, sending, head and body of the answer."""

CONNECT_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 0.5
"""How long a request waits for a free connection to its host, before its time begins."""

CONNECTIONS_PER_HOST: Final = 100
MOST_BYTES: Final = MAX_BODY_BYTES
"""How much of the body of an answer is read."""

HEADERS: Final = frozenset({b"content-type", b"location", b"retry-after", b"webhook-delivery"})
"""Headers of an answer that matter here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a request.

    ``cause`` is empty if a complete answer of 2xx came, and ``error`` says what went wrong
    otherwise; ``status`` and ``headers`` are there as soon as a head came. ``body`` is not
    decompressed and cut at `MOST_BYTES`. ``address`` is what was dialled.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    address: str = ""
    cause: Cause = ""
    error: str = ""
    took_ms: int = 0


class Transport:
    """Sends requests, each for itself: what one receiver does costs nobody else anything.

    Args:
        guard: Says where requests may go, and whether through a proxy.
        masthead: In whose name they are made.
        timeout_seconds: For a whole request.
        tls: By default the system's certificate authorities; see `verified`.
        connections_per_host: How many requests one host may hold up at a time.
    """

    def __init__(
        self,
        guard: Guard,
        masthead: Masthead,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
        connections_per_host: int = CONNECTIONS_PER_HOST,
    ) -> None:
        self.masthead: Final = masthead
        self._guard: Final = guard
        self._timeout: Final = timeout_seconds
        self._tls: Final = tls or verified()
        self._always: Final = {
            "accept-encoding": "identity",
            "user-agent": f"syndicate/{masthead.version} (+{masthead.url('/about')})",
        }
        self._most: Final = connections_per_host
        self._places: Final[WeakValueDictionary[str, asyncio.Semaphore]] = WeakValueDictionary()
        self._proxy: Final = _proxy(guard.proxy)
        self._budget: Final = ParsingBudget()
        self._kept: Final = self._httpx_transport(keep=True)
        self._fresh: Final = self._httpx_transport(keep=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._kept.aclose()
        await self._fresh.aclose()
        await self._guard.close()

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> Answer:
        """Send one request and return what came of it.

        If a connection kept from an earlier request dies before the first byte of an answer, the
        request is sent once more, over a new one.
        """
        try:
            request = self._request(method, self._guard.check(url), headers, content)
        except Refused as refusal:
            return Answer(cause="refused", error=f"{refusal.what}. {refusal.hint}")
        place = self._place(request.url)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS if place.locked() else None):
                await place.acquire()
        except TimeoutError:
            error = f"{self._most} requests to this host are under way"
            return Answer(cause="busy", error=error)
        try:
            return await self._ask(request, request_target(url))
        finally:
            place.release()

    async def _ask(self, request: httpx.Request, target: str) -> Answer:
        started = time.perf_counter()
        trail = Trail(target=target)
        cause, error = await self._exchange(request, trail)
        return Answer(
            status=trail.status,
            headers=trail.headers,
            body=trail.body,
            address=trail.address,
            cause=cause,
            error=error,
            took_ms=round((time.perf_counter() - started) * 1000),
        )

    async def _exchange(self, request: httpx.Request, trail: Trail) -> tuple[Cause, str]:
        """Make the exchange; return what went wrong, ("", "") if nothing did."""
        TRAIL.set(trail)
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    await _converse(self._kept, request, trail)
                except (httpx.HTTPError, aiohttp.ClientError):
                    if not trail.is_stale:
                        raise
                    await _converse(self._fresh, request, trail)
        except TimeoutError:
            return "timeout", f"no complete answer within {self._timeout:g} s"
        except (httpx.HTTPError, aiohttp.ClientError, HttpProcessingError, OSError) as error:
            return explain(error, heard=trail.is_heard)
        return _judge(trail)

    def _request(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> httpx.Request:
        # Over TLS the proxy is told by CONNECT who we are; else by the request itself.
        for_proxy = self._proxy.headers if self._proxy and url.scheme == "http" else {}
        request = httpx.Request(
            method,
            url,
            headers={"host": url.netloc.decode(), **headers, **self._always, **for_proxy},
            stream=httpx.ByteStream(content),  # unlike content=, it adds and looks up no headers
            extensions={"timeout": {"connect": CONNECT_SECONDS}},
        )
        request.headers.encoding = "ascii"  # which httpx would find out anew for each request
        request.read()
        return request

    def _place(self, url: httpx.URL) -> asyncio.Semaphore:
        """Return what is shared by all requests to the same host and port."""
        origin = f"{url.scheme}://{url.netloc.decode()}"
        place = self._places.get(origin)
        if place is None:
            place = self._places[origin] = asyncio.Semaphore(self._most)
        return place

    def _httpx_transport(self, *, keep: bool) -> AiohttpTransport:
        client = partial(session, self._guard, self._tls, self._budget, keep=keep)
        return AiohttpTransport(verify=self._tls, trust_env=False, proxy=self._proxy, client=client)


def _proxy(url: str) -> httpx.Proxy | None:
    """Return the proxy at ``url``; its password goes into a header, as aiohttp wants it."""
    if not url:
        return None
    parsed = httpx.URL(url)
    password = f"{parsed.username}:{parsed.password}".encode()
    headers = {"proxy-authorization": f"Basic {b64encode(password).decode()}"}
    bare = parsed.copy_with(username=None, password=None)
    return httpx.Proxy(bare, headers=headers if parsed.userinfo else None)


def verified() -> ssl.SSLContext:
    """Return a context of TLS 1.2 or newer that verifies by the system's authorities."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _converse(transport: AiohttpTransport, request: httpx.Request, trail: Trail) -> None:
    response = await transport.handle_async_request(request)
    trail.status = response.status_code
    trail.headers = tuple(
        (name.lower().decode(), printable(value.decode("latin-1")))
        for name, value in response.headers.raw
        if name.lower() in HEADERS
    )
    body = bytearray()
    stream = cast(
        "AsyncGenerator[bytes, None]", aiter(cast("AsyncIterable[bytes]", response.stream))
    )
    try:
        async with aclosing(stream):
            async for chunk in stream:
                body += chunk
                if len(body) >= MOST_BYTES:
                    break
    finally:
        trail.body = bytes(body[:MOST_BYTES])
        await response.aclose()


def _judge(trail: Trail) -> tuple[Cause, str]:
    status = trail.status or 0
    if httpx.codes.is_success(status):
        return "", ""
    redirect = " and redirects are not followed" if httpx.codes.is_redirect(status) else ""
    return "status", f"the answer was {status}{redirect}"


class Channel(Protocol):
    """A way out: sends one delivery to one subscription; never raises for what receivers do."""

    async def __call__(
        self,
        transport: Transport,
        subscription: Subscription,
        delivery: Delivery,
        now: datetime,
    ) -> Attempt:
        """Make one attempt, signed as of ``now``."""
        ...


def record(answer: Answer, delivery: Delivery, started: datetime) -> Attempt:
    """Return what the delivery log says of an attempt that was ``started``, its body as text."""
    return Attempt(
        number=delivery.attempts + 1,
        trigger=delivery.trigger,
        started=started,
        took_ms=answer.took_ms,
        address=answer.address,
        status=answer.status,
        headers=answer.headers,
        answer=printable(answer.body.decode(errors="replace")),
        cause=answer.cause,
        error=answer.error,
    )
