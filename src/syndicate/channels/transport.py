"""Sends one request and returns its result as a value: bounded in time and size, no exceptions.

httpx requests and responses over aiohttp connections (the httpx-aiohttp transport), without an
httpx client: so there are no cookies, no redirects, no proxies or passwords from the environment,
and twice as many deliveries per second (docs/decisions/0007).
"""

import asyncio
import errno
import os
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Final, Protocol, Self, cast

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError
from cachetools import LRUCache
from httpx_aiohttp import AiohttpTransport

from syndicate.channels.connection import (
    CURRENT_TRACE,
    MAX_BODY_BYTES,
    ParsingBudget,
    RequestTrace,
    ResponseLimitError,
    make_session,
)
from syndicate.channels.host_pace import HostPace
from syndicate.channels.ssrf_guard import SsrfGuard, request_target
from syndicate.errors import Refused
from syndicate.model.delivery import Attempt, Delivery, FailureCause
from syndicate.model.feed import ServiceInfo
from syndicate.model.subscription import Subscription

TIMEOUT_SECONDS: Final = 15.0
"""For a whole request: DNS, connecting, TLS, sending, response head and body."""

CONNECT_TIMEOUT_SECONDS: Final = 5.0
POOL_TIMEOUT_SECONDS: Final = 0.5
"""How long a request waits for a free connection to its host, before its timeout starts."""

CONNECTIONS_PER_HOST: Final = 100
_MAX_HOSTS: Final = 10_000
"""Hosts whose outages are remembered."""

MAX_RESPONSE_BYTES: Final = MAX_BODY_BYTES
"""How much of a response body is read."""

RECORDED_HEADERS: Final = frozenset(
    {b"content-type", b"location", b"retry-after", b"webhook-delivery"}
)
"""Response headers that an attempt records."""

_MAX_TEXT_CHARACTERS: Final = 1_000
"""How many characters of a receiver's text are recorded."""

_LOCAL_SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of this host's own limits, for which no receiver is to blame."""

_CAUSES: Final[tuple[tuple[type[Exception], FailureCause, str], ...]] = (
    (PermissionError, "refused", ""),
    (aiohttp.ClientConnectorDNSError, "name", "the name cannot be resolved"),
    (aiohttp.ClientSSLError, "tls", "TLS verification failed"),
    (aiohttp.ClientProxyConnectionError, "proxy", "no connection to the proxy"),
    (aiohttp.ClientHttpProxyError, "proxy", "the proxy refused the request"),
    (aiohttp.ClientConnectorError, "connect", "no connection"),
    (aiohttp.ConnectionTimeoutError, "connect", "connecting timed out"),
    (aiohttp.ClientPayloadError, "broken", "incomplete response"),
    (ResponseLimitError, "broken", "the response is over a limit"),
    (HttpProcessingError, "broken", "the response is not HTTP"),
)
"""Cause and beginning of the text by exception class; the first match in a chain counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSummary:
    """Result of a request.

    ``cause`` is empty if a complete 2xx response arrived; otherwise ``error`` says what went wrong.
    ``status`` and ``headers`` are set as soon as a response head arrived. ``body`` is not
    decompressed and cut at `MAX_RESPONSE_BYTES`. ``ip_address`` is the dialled one.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    ip_address: str = ""
    cause: FailureCause = ""
    error: str = ""
    took_ms: int = 0


class Transport:
    """Sends requests independently of each other: a slow receiver delays no other.

    Args:
        ssrf_guard: Decides where requests may go, and whether through a proxy.
        service_info: Identifies the sender.
        timeout_seconds: For a whole request.
        tls: By default the system's certificate authorities; see `verifying_tls_context`.
        connections_per_host: Maximum number of concurrent requests to one host.
    """

    def __init__(
        self,
        ssrf_guard: SsrfGuard,
        service_info: ServiceInfo,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
        connections_per_host: int = CONNECTIONS_PER_HOST,
    ) -> None:
        self.service_info: Final = service_info
        self._ssrf_guard: Final = ssrf_guard
        self._timeout: Final = timeout_seconds
        self._tls: Final = tls or verifying_tls_context()
        self._default_headers: Final = {
            "accept-encoding": "identity",
            "user-agent": f"syndicate/{service_info.version} (+{service_info.url('/about')})",
        }
        self._connections_per_host: Final = connections_per_host
        self._host_paces: Final[LRUCache[str, HostPace]] = LRUCache(_MAX_HOSTS)
        self._proxy: Final = _make_proxy(ssrf_guard.proxy)
        self._budget: Final = ParsingBudget()
        self._pooled: Final = self._httpx_transport(keep_alive=True)
        self._unpooled: Final = self._httpx_transport(keep_alive=False)

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
        await self._pooled.aclose()
        await self._unpooled.aclose()
        await self._ssrf_guard.close()

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> ResponseSummary:
        """Send one request and return its result.

        If a pooled connection is closed before the first byte of a response, the request is sent
        once more over a new connection.
        """
        try:
            request = self._request(method, self._ssrf_guard.check(url), headers, content)
        except Refused as refusal:
            return ResponseSummary(cause="refused", error=f"{refusal.message}. {refusal.hint}")
        pace = self._host_pace(request.url)
        try:
            wait = 0 if pace.is_recovering else POOL_TIMEOUT_SECONDS
            async with asyncio.timeout(wait if pace.is_full else None):
                await pace.acquire()
        except TimeoutError:
            number = f"{pace.limit} request{'' if pace.limit == 1 else 's'}"
            error = f"no more than {number} to this host at a time"
            return ResponseSummary(cause="busy", error=error)
        try:
            response = await self._send_traced(request, request_target(url))
            if response.cause != "busy":
                pace.record(url, is_up=_is_up(response))
            return response
        finally:
            await pace.release()

    async def _send_traced(self, request: httpx.Request, target: str) -> ResponseSummary:
        started = time.perf_counter()
        trace = RequestTrace(target=target)
        cause, error = await self._exchange(request, trace)
        return ResponseSummary(
            status=trace.status,
            headers=trace.headers,
            body=trace.body,
            ip_address=trace.ip_address,
            cause=cause,
            error=error,
            took_ms=round((time.perf_counter() - started) * 1000),
        )

    async def _exchange(
        self, request: httpx.Request, trace: RequestTrace
    ) -> tuple[FailureCause, str]:
        """Send the request; return cause and error, ("", "") on success."""
        CURRENT_TRACE.set(trace)
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    await _send_once(self._pooled, request, trace)
                except (httpx.HTTPError, aiohttp.ClientError):
                    if not trace.is_stale:
                        raise
                    await _send_once(self._unpooled, request, trace)
        except TimeoutError:
            return "timeout", f"no complete response within {self._timeout:g} s"
        except (httpx.HTTPError, aiohttp.ClientError, HttpProcessingError, OSError) as error:
            return _describe_failure(error, has_response=trace.has_response)
        return _status_failure(trace)

    def _request(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> httpx.Request:
        # Credentials for the proxy: with TLS in CONNECT, without it in the request itself.
        for_proxy = self._proxy.headers if self._proxy and url.scheme == "http" else {}
        request = httpx.Request(
            method,
            url,
            headers={"host": url.netloc.decode(), **headers, **self._default_headers, **for_proxy},
            stream=httpx.ByteStream(content),  # unlike content=, it adds no headers
            extensions={"timeout": {"connect": CONNECT_TIMEOUT_SECONDS}},
        )
        request.headers.encoding = "ascii"  # saves httpx from detecting it for each request
        request.read()
        return request

    def _host_pace(self, url: httpx.URL) -> HostPace:
        """Return what all requests to the same host and port share."""
        origin = f"{url.scheme}://{url.netloc.decode()}"
        pace = self._host_paces.get(origin)
        if pace is None:
            pace = self._host_paces[origin] = HostPace(self._connections_per_host)
        return pace

    def _httpx_transport(self, *, keep_alive: bool) -> AiohttpTransport:
        client = partial(
            make_session, self._ssrf_guard, self._tls, self._budget, keep_alive=keep_alive
        )
        return AiohttpTransport(verify=self._tls, trust_env=False, proxy=self._proxy, client=client)


def _make_proxy(url: str) -> httpx.Proxy | None:
    """Return the proxy at ``url``, with its password in a header, as aiohttp requires."""
    if not url:
        return None
    parsed = httpx.URL(url)
    password = f"{parsed.username}:{parsed.password}".encode()
    headers = {"proxy-authorization": f"Basic {b64encode(password).decode()}"}
    bare = parsed.copy_with(username=None, password=None)
    return httpx.Proxy(bare, headers=headers if parsed.userinfo else None)


def verifying_tls_context() -> ssl.SSLContext:
    """Return a TLS context (1.2 or newer) that trusts the system's certificate authorities."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _send_once(
    transport: AiohttpTransport, request: httpx.Request, trace: RequestTrace
) -> None:
    response = await transport.handle_async_request(request)
    trace.status = response.status_code
    trace.headers = tuple(
        (name.lower().decode(), _printable(value.decode("latin-1")))
        for name, value in response.headers.raw
        if name.lower() in RECORDED_HEADERS
    )
    body = bytearray()
    stream = cast(
        "AsyncGenerator[bytes, None]", aiter(cast("AsyncIterable[bytes]", response.stream))
    )
    try:
        async with aclosing(stream):
            async for chunk in stream:
                body += chunk
                if len(body) >= MAX_RESPONSE_BYTES:
                    break
    finally:
        trace.body = bytes(body[:MAX_RESPONSE_BYTES])
        await response.aclose()


def _status_failure(trace: RequestTrace) -> tuple[FailureCause, str]:
    status = trace.status or 0
    if httpx.codes.is_success(status):
        return "", ""
    redirect = "; redirects are not followed" if httpx.codes.is_redirect(status) else ""
    return "status", f"the response status was {status}{redirect}"


def _is_up(response: ResponseSummary) -> bool:
    """Return whether the host can take more requests, whatever it says about this one."""
    if response.status is None or response.cause not in ("", "status"):
        return False
    return response.status < 500 and response.status != 429  # noqa: PLR2004 — RFC 9110, RFC 6585


def _describe_failure(error: BaseException, *, has_response: bool) -> tuple[FailureCause, str]:
    """Return the cause of ``error`` and a sentence about it.

    ``has_response`` tells whether any byte of a response arrived.
    """
    chain = tuple(_chain(error))
    if any(isinstance(link, OSError) and link.errno in _LOCAL_SHORTAGES for link in chain):
        return "busy", "this host cannot open another connection at present"
    for kind, cause, summary in _CAUSES:
        if any(isinstance(link, kind) for link in chain):
            return cause, ": ".join(filter(None, (summary, _detail(chain[-1]))))
    stage = "during the response" if has_response else "before a response arrived"
    return "broken", f"the connection was lost {stage}"


def _printable(text: str) -> str:
    """Return the beginning of ``text`` without control characters and lone surrogates."""
    if len(text) <= _MAX_TEXT_CHARACTERS and text.isprintable():
        return text
    shown = (c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "".join(islice(shown, _MAX_TEXT_CHARACTERS))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _detail(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return error.reason.lower().replace("_", " ")
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)  # event loops add different texts of their own
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        return _first_line(error.message)
    return _first_line(str(error))


def _first_line(text: str) -> str:
    return _printable(text.partition("\n")[0].rstrip(":. "))


class Channel(Protocol):
    """Sends one delivery to one subscription; never raises for the behaviour of a receiver."""

    async def __call__(
        self,
        transport: Transport,
        subscription: Subscription,
        delivery: Delivery,
        now: datetime,
    ) -> Attempt:
        """Make one attempt, signed with the time ``now``."""
        ...


def attempt_from(response: ResponseSummary, delivery: Delivery, started: datetime) -> Attempt:
    """Return the attempt to record for a ``response``, with its body as text."""
    return Attempt(
        number=delivery.attempts + 1,
        trigger=delivery.trigger,
        started=started,
        took_ms=response.took_ms,
        ip_address=response.ip_address,
        status=response.status,
        headers=response.headers,
        response=_printable(response.body.decode(errors="replace")),
        cause=response.cause,
        error=response.error,
    )
