"""An HTTP server on loopback whose behaviour a test decides."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

FOREVER = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A received request, header names in lower case; ``rest`` is the rest of the stream."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    rest: asyncio.StreamReader = field(repr=False)


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]
"""Responds to one request; closing the writer ends the connection."""


@dataclass(slots=True)
class Receiver:
    """Received requests, and the responses to the next ones.

    ``behaviours`` apply one after the other, the last one to all further requests. ``connections``
    counts accepted connections; ``initial_bytes`` are sent to each at once.
    """

    port: int
    behaviours: Iterator[Behaviour]
    tls: bool = False
    initial_bytes: bytes = b""
    connections: int = 0
    requests: list[Received] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Return a URL of this receiver."""
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection to its end."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        writer.write(self.initial_bytes)
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            while not writer.is_closing():
                received = await _read(reader)
                self.requests.append(received)
                await next(self.behaviours)(received, writer)
        writer.transport.abort()


@asynccontextmanager
async def run_receiver(
    *behaviours: Behaviour,
    tls: ssl.SSLContext | None = None,
    initial_bytes: bytes = b"",
    host: str = "127.0.0.1",
) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of loopback."""
    receiver = Receiver(
        port=0, behaviours=_sequence(behaviours), tls=tls is not None, initial_bytes=initial_bytes
    )
    server = await asyncio.start_server(receiver.accept, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in receiver.tasks:
            task.cancel()
        await asyncio.gather(*receiver.tasks)
        await server.wait_closed()


def respond(status: int = 204, body: bytes = b"", **headers: str) -> Behaviour:
    """Send a complete response at once."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if status != 204:
        lines.append(f"content-length: {len(body)}")
    return respond_raw("\r\n".join([*lines, "", ""]).encode() + body)


def respond_raw(text: bytes, *, close: bool = False) -> Behaviour:
    """Send ``text`` unchanged, and optionally close the connection."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        if close:
            writer.close()

    return behave


def drip(text: bytes, pause: float = 0.02) -> Behaviour:
    """Send ``text`` byte by byte, repeatedly."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        for byte in text * 1_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def drip_after(head: bytes) -> Behaviour:
    """Send ``head`` at once and then an endless body, byte by byte."""

    async def behave(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await drip(b"x")(received, writer)

    return behave


async def never_respond(_: Received, __: asyncio.StreamWriter) -> None:
    """Never respond."""
    await asyncio.sleep(FOREVER)


async def respond_endlessly(_: Received, writer: asyncio.StreamWriter) -> None:
    """Send a body that ends only when the client disconnects."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
    while True:
        writer.write(_PIECE)
        await writer.drain()


async def hang_up(_: Received, writer: asyncio.StreamWriter) -> None:
    """Close the connection without a response."""
    writer.close()


def reset(text: bytes = b"") -> Behaviour:
    """Send ``text``, then reset the connection."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        await asyncio.sleep(0.02)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        writer.transport.abort()

    return behave


def tunnel(port: int) -> Behaviour:
    """Behave like a proxy that connects every tunnel to ``port``."""

    async def behave(received: Received, writer: asyncio.StreamWriter) -> None:
        reader, far = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        there, back = _relay(received.rest, far), _relay(reader, writer)
        await asyncio.gather(there, back)

    return behave


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


_PIECE = b"x" * 65_536


def _sequence(behaviours: tuple[Behaviour, ...]) -> Iterator[Behaviour]:
    yield from behaviours
    while True:
        yield behaviours[-1]


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method=method, target=target, headers=headers, body=body, rest=reader)
