"""A connection without a socket: the real protocol on a transport in memory."""

import asyncio
import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override
from uvicorn.server import ServerState

from syndicate.web.http.protocol import HttpProtocol, ServerConfig
from syndicate.web.http.response_cache import Peer, ResponseCache, ServerHeaders

PEER: Final = ("192.0.2.7", 4321)
DATE: Final = b"Sun, 22 Nov 2026 01:17:32 GMT"


class CountingApp:
    """ASGI application that counts the requests it passes on to another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, and pass on."""
        self.calls += 1
        await self._app(scope, receive, send)


class CountingCache(ResponseCache):
    """A response cache that counts the requests which it does not respond to itself."""

    def __init__(self, cache: ResponseCache) -> None:  # it has no cache of its own
        self._cache = cache
        self.calls = 0

    @override
    def respond(
        self,
        head: bytes,
        transport: asyncio.WriteTransport,
        peer: Peer,
        server_headers: ServerHeaders,
    ) -> bool:
        return self._cache.respond(head, transport, peer, server_headers)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await self._cache(scope, receive, send)


class MemoryConnection(asyncio.Transport):
    """Both ends of a connection: what the server wrote, and whether it closed."""

    def __init__(self, state: "MemoryServer") -> None:
        super().__init__({"peername": state.peer, "sockname": ("192.0.2.1", 8000)})
        self._state = state.state
        self.protocol = HttpProtocol(state.config, state.state, {})
        self.received = b""
        self.is_closed = False
        self.has_ended = False
        self._is_paused = False
        self._unsent: list[bytes] = []
        self.protocol.connection_made(self)

    async def send(self, *chunks: bytes, wait_between: bool = True) -> bytes:
        """Send ``lots`` and return all that is answered; in patience, each lot by itself."""
        before = len(self.received)
        for chunk in chunks:
            self._unsent.append(chunk)
            self._deliver()
            if wait_between:
                await self._wait_until_idle()
        await self._wait_until_idle()
        return self.received[before:]

    async def _wait_until_idle(self) -> None:
        await asyncio.sleep(0)
        while self._state.tasks:
            await asyncio.wait(self._state.tasks)
            self._deliver()

    def _deliver(self) -> None:
        while self._unsent and not self._is_paused and not self.is_closed:
            self.protocol.data_received(self._unsent.pop(0))

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closed:
            self.received += data

    @override
    def write_eof(self) -> None:
        self.has_ended = True

    @override
    def is_closing(self) -> bool:
        return self.is_closed

    @override
    def close(self) -> None:
        self.is_closed = True

    @override
    def pause_reading(self) -> None:
        self._is_paused = True

    @override
    def resume_reading(self) -> None:
        self._is_paused = False


class MemoryServer:
    """The protocol in front of an application, with the response cache or without it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        with_response_cache: bool = True,
        peer: tuple[str, int] | None = PEER,
    ) -> None:
        self.counting_app: CountingCache | CountingApp = CountingApp(app)
        if with_response_cache and isinstance(app, ResponseCache):
            self.counting_app = CountingCache(app)
        self.config = ServerConfig(self.counting_app)
        self.config.load()
        self.state = ServerState()
        self.state.default_headers = [(b"date", DATE)]
        self.peer = peer

    def connect(self) -> MemoryConnection:
        """Return a new connection."""
        return MemoryConnection(self)

    async def send(self, *chunks: bytes, wait_between: bool = True) -> tuple[bytes, bool]:
        """Return what a new connection answers to ``lots``, and whether it ends afterwards."""
        connection = self.connect()
        answered = await connection.send(*chunks, wait_between=wait_between)
        return answered, connection.is_closed or connection.has_ended


def get_request(target: str = "/feeds/all.json", *fields: str, method: str = "GET") -> bytes:
    """Return a request head with ``fields`` after Host."""
    lines = [f"{method} {target} HTTP/1.1", "Host: feeds.example.gov", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def status(answered: bytes) -> int:
    """Return the status of the first answer in ``answered``."""
    found = re.match(rb"HTTP/1\.1 (\d+) ", answered)
    assert found is not None
    return int(found[1])


def header(answered: bytes, name: str) -> str:
    """Return a header field of the first answer in ``answered``, empty if it is not there."""
    head = answered.partition(b"\r\n\r\n")[0]
    found = re.search(rb"\r\n%s: ([^\r]*)" % name.encode(), head)
    return found[1].decode("latin-1") if found else ""
