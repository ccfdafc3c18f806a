"""Receivers with hostile behavior, in a separate process; the path selects the behavior.

Usage: python benchmarks/harness/hostile_receivers.py, which prints the port.
"""

import asyncio
import contextlib
import gzip
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
EMPTY = OK + b"content-length: 0\r\n\r\n"
BUFFER_BYTES = 65_536

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def flood(start: bytes, data: bytes) -> Behaviour:
    """Send ``start``, and then ``data`` as fast as possible."""
    chunk = data * (BUFFER_BYTES // len(data) + 1)

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(chunk)
            await writer.drain()

    return behave


def send_once(data: bytes) -> Behaviour:
    """Send ``data`` and keep the connection open."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def dribble(start: bytes, data: bytes) -> Behaviour:
    """Send ``start``, and then a byte each second."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        for byte in data * 1_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(1)

    return behave


async def silent(_: asyncio.StreamWriter) -> None:
    """Never respond."""
    await asyncio.sleep(3_600)


async def reset(writer: asyncio.StreamWriter) -> None:
    """Reset the connection at once."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


BEHAVIOURS: dict[str, Behaviour] = {
    "interim": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim-short": flood(b"", b"HTTP/1.1 199 \n\n"),
    "interim-at-once": send_once(b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n" * 50_000 + EMPTY),
    "dribbled-head": dribble(b"", OK),
    "dribbled-body": dribble(OK + b"content-length: 999\r\n\r\n", b"x"),
    "huge-head": flood(OK, b"x-filler: " + b"y" * 100 + b"\r\n"),
    "empty-fields": flood(OK, b"x:\r\n"),
    "small-chunks": flood(CHUNKED, b"1\r\nx\r\n"),
    "surplus": flood(EMPTY, EMPTY),
    "surplus-noise": flood(EMPTY, b"\x00"),
    "bomb": send_once(
        OK
        + b"content-encoding: gzip\r\ncontent-length: 9738\r\n\r\n"
        + gzip.compress(bytes(10_000_000))
    ),
    "trailers": flood(CHUNKED + b"0\r\n", b"x-trailer: y\r\n"),
    "endless": flood(OK + b"\r\n", b"x"),
    "silent": silent,
    "reset": reset,
    "no-content": flood(b"HTTP/1.1 204 No Content\r\n\r\n", b"x"),
}


async def handle_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond to each request on a connection with the behavior of its path."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            _, path, _ = head.split(b"\r\n", 1)[0].split(b" ")
            await BEHAVIOURS[path.decode().split("/")[1]](writer)
    writer.transport.abort()


@contextmanager
def run_hostile_receivers() -> Iterator[int]:
    """Run the receivers, and yield their port."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def serve() -> None:
    """Print the port and serve forever."""
    server = await asyncio.start_server(handle_connection, "0.0.0.0", 0, backlog=1_024)  # noqa: S104
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
