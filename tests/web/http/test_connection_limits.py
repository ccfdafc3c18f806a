"""Connections without progress are closed, and no number of them keeps clients out."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from syndicate.web.http.connection_limits import ConnectionLimits
from syndicate.web.http.server import uvloop_runner
from tests.web.app_client import app_client
from tests.web.http.live_server import serve_app

SHORT: Final = ConnectionLimits(head_seconds=0.4, idle_seconds=1, stalled_seconds=0.4)
SLACK: Final = 3.0
"""Seconds that a busy machine may be late."""

LATE_SECONDS: Final = 2.5
"""When the application at ``/late`` begins to read a body."""

HEAD: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
FEED: Final = b"GET /feeds/all.json HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE: Final = 30 * 2**20

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(url: str, *, receive_bytes: int = 0) -> AsyncIterator[Streams]:
    """Open a connection, with a small receive buffer if its size is given."""
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as made:
        if receive_bytes:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (host, int(port)))
        reader, writer = await asyncio.open_connection(sock=made, limit=2**16)
        try:
            yield reader, writer
        finally:
            writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return what is received until the connection ends, however it ends."""
    received = bytearray()
    with suppress(ConnectionError):
        while piece := await reader.read(2**16):
            received += piece
    return bytes(received)


async def response(streams: Streams, head: bytes = HEAD) -> bytes:
    """Return the answer to a request, read whole."""
    reader, writer = streams
    writer.write(head)
    received = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", received)
    return received + await reader.readexactly(int(length[1]) if length else 0)


def on_loop(work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` on the event loop that the service uses."""

    async def do() -> None:
        async with asyncio.timeout(60):
            await work()

    with uvloop_runner() as loop:
        loop.run(do())


async def seconds_open(reader: asyncio.StreamReader) -> tuple[float, bytes]:
    """Return how long a connection stays open from now on, and what was received."""
    began = time.monotonic()
    received = await asyncio.wait_for(rest(reader), 30)
    return time.monotonic() - began, received


@pytest.mark.parametrize("begun", [b"G", b"GET /healthz HTTP/1.1\r\nHost: x", HEAD[:-2]])
@pytest.mark.parametrize("requests", [0, 1, 2])
def test_incomplete_head_gets_408(begun: bytes, requests: int) -> None:
    """On a new connection and on one that was used before."""

    async def work() -> None:
        async with serve_app(app_client().app, limits=SHORT) as url, connected(url) as streams:
            for _ in range(requests):
                assert (await response(streams)).startswith(b"HTTP/1.1 200")
            streams[1].write(begun)
            seconds, received = await seconds_open(streams[0])
            assert SHORT.head_seconds * 0.9 < seconds < SHORT.head_seconds + 1 + SLACK
            head, _, body = received.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 408 ")
            assert json.loads(body)["code"] == "request-timeout"

    on_loop(work)


def test_time_of_a_head_is_limited_as_a_whole() -> None:
    """Also where each byte is progress."""

    async def work() -> None:
        async with (
            serve_app(app_client().app, limits=SHORT) as url,
            connected(url) as (reader, writer),
        ):
            began = time.monotonic()
            ending = asyncio.create_task(rest(reader))
            for byte in b"GET /" + b"x" * 1_000:
                if ending.done() or time.monotonic() - began > 5 + SLACK:
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
            assert (await ending).startswith(b"HTTP/1.1 408 ")
            assert time.monotonic() - began < SHORT.head_seconds + 1 + SLACK

    on_loop(work)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"\r\n\r\n"])
def test_silent_connection_is_closed(sent: bytes) -> None:
    """Blank lines before a request (RFC 9112 section 2.2) count as silence."""

    async def work() -> None:
        async with (
            serve_app(app_client().app, limits=SHORT) as url,
            connected(url) as (reader, writer),
        ):
            writer.write(sent)
            seconds, received = await seconds_open(reader)
            assert received == b""
            assert seconds < SHORT.head_seconds + SLACK

    on_loop(work)


@pytest.mark.parametrize("head", [HEAD, FEED])
@pytest.mark.parametrize("after", [b"", b"\r\n"])
def test_idle_connection_is_closed(head: bytes, after: bytes) -> None:
    """After a response of the application or of the response cache."""

    async def work() -> None:
        async with serve_app(app_client().app, limits=SHORT) as url, connected(url) as streams:
            for _ in range(3):
                await response(streams, head)
            streams[1].write(after)
            seconds, received = await seconds_open(streams[0])
            assert received == b""
            assert seconds < SHORT.idle_seconds + SLACK

    on_loop(work)


def test_connection_in_use_stays_open() -> None:
    """Longer than every time limit, as long as there are requests."""

    async def work() -> None:
        async with serve_app(app_client().app, limits=SHORT) as url, connected(url) as streams:
            for head in (HEAD, FEED) * 6:
                assert (await response(streams, head)).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(0.2)

    on_loop(work)


async def _upload(request: Request) -> PlainTextResponse:
    with suppress(ClientDisconnect):
        await request.body()
    return PlainTextResponse("done")


async def _late(request: Request) -> PlainTextResponse:
    await asyncio.sleep(LATE_SECONDS)
    return await _upload(request)


async def _early(_: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


async def _slow(_: Request) -> PlainTextResponse:
    await asyncio.sleep(2 * SHORT.head_seconds)
    return PlainTextResponse("done")


async def _large(_: Request) -> Response:
    return Response(b"x" * LARGE)


APP: Final = Starlette(
    routes=[
        Route("/upload", _upload, methods=["POST"]),
        Route("/late", _late, methods=["POST"]),
        Route("/early", _early, methods=["POST"]),
        Route("/slow", _slow),
        Route("/large", _large),
    ]
)


@pytest.mark.parametrize("path", ["/upload", "/early"])
def test_request_body_without_progress_ends_the_connection(path: str) -> None:
    """Whether the application waits for the body or not."""

    async def work() -> None:
        async with serve_app(APP, limits=SHORT) as url, connected(url) as (reader, writer):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123"
            writer.write(head.encode())
            seconds, _ = await seconds_open(reader)
            assert seconds < SHORT.stalled_seconds + SLACK

    on_loop(work)


def test_request_body_with_progress_may_take_long() -> None:
    """Longer than the time limit as a whole."""

    async def work() -> None:
        async with serve_app(APP, limits=SHORT) as url, connected(url) as (reader, writer):
            writer.write(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            for _ in range(10):
                await asyncio.sleep(0.15)
                writer.write(b"x")
            assert b"done" in await reader.readuntil(b"done")

    on_loop(work)


def test_client_that_expects_100_continue_is_not_closed() -> None:
    """RFC 9110 section 10.1.1: its time begins when it may send, however late that is."""
    limits = replace(SHORT, stalled_seconds=LATE_SECONDS - 0.5)

    async def work() -> None:
        async with serve_app(APP, limits=limits) as url, connected(url) as (reader, writer):
            head = b"POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
            writer.write(head + b"Expect: 100-continue\r\n\r\n")
            assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.5)  # several checks
            writer.write(b"x")
            await reader.readuntil(b"done")

    on_loop(work)


def test_slow_application_does_not_end_the_connection() -> None:
    """A request head received meanwhile has its time afterwards."""

    async def work() -> None:
        async with serve_app(APP, limits=SHORT) as url, connected(url) as (reader, writer):
            writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\n")
            await reader.readuntil(b"done")
            writer.write(b"Host: x\r\n\r\n")
            await reader.readuntil(b"done")

    on_loop(work)


def test_response_that_is_not_read_ends_the_connection() -> None:
    """Its memory is freed."""

    async def work() -> None:
        async with (
            serve_app(APP, limits=SHORT) as url,
            connected(url, receive_bytes=4_096) as (reader, writer),
        ):
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(SHORT.stalled_seconds + 1)
            assert len(await rest(reader)) < LARGE

    on_loop(work)


def test_response_that_is_read_slowly_is_complete() -> None:
    """Longer than the limit, but with progress all the time."""

    async def work() -> None:
        async with serve_app(APP, limits=SHORT) as url, connected(url) as (reader, writer):
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received, began = 0, time.monotonic()
            while piece := await reader.read(2**20):
                received += len(piece)
                await asyncio.sleep(0.002 if received > LARGE // 2 else 0.02)
            assert received > LARGE
            assert time.monotonic() - began > SHORT.stalled_seconds

    on_loop(work)
