"""The server: start, requests over a real socket, and stop."""

import asyncio
import json
import re
import socket
import sys
import time
from contextlib import suppress
from typing import Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from syndicate.errors import SyndicateError
from syndicate.web.http.server import serve, uvloop_runner
from tests.web.app_client import app_client
from tests.web.http.live_server import exchange_bytes, serve_app


def test_server_serves_the_application() -> None:
    """Over a real connection, with a Date, without a Server field."""

    async def ask() -> httpx.Response:
        async with serve_app(app_client().app) as url, httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"{url}/feeds/all.json")

    with uvloop_runner() as loop:
        response = loop.run(ask())

    assert response.status_code == 200
    assert response.json()["title"] == "All posts"
    assert "date" in response.headers
    assert "server" not in response.headers
    assert response.headers["content-encoding"] == "br"


def test_response_to_head_has_no_body() -> None:
    """What follows on the connection is the next response."""

    async def ask() -> bytes:
        async with serve_app(app_client().app) as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            head = b"HEAD /feeds/all.json HTTP/1.1\r\nHost: x\r\n\r\n"
            last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            writer.write(head + last)
            everything = await reader.read()
            writer.close()
            return everything

    with uvloop_runner() as loop:
        everything = loop.run(ask())

    head, health = everything.split(b"\r\n\r\n", 1)
    assert b"content-length: " in head
    assert health.startswith(b"HTTP/1.1 200 OK")


async def test_request_in_progress_is_finished_at_the_stop() -> None:
    """The server returns soon after."""
    entered = asyncio.Event()

    async def slow(_: Request) -> PlainTextResponse:
        entered.set()
        await asyncio.sleep(0.5)
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", slow)])
    async with httpx.AsyncClient(trust_env=False) as client:
        async with serve_app(app) as url:
            requested = asyncio.create_task(client.get(url))
            await entered.wait()
            began = time.monotonic()
        assert (await requested).text == "done"
        assert time.monotonic() - began < 5


async def test_thread_switch_interval_is_short_while_serving() -> None:
    """Other threads are interrupted more often than usual."""
    usual = sys.getswitchinterval()
    async with serve_app(app_client().app):
        assert sys.getswitchinterval() == pytest.approx(0.0005)
    assert sys.getswitchinterval() == usual


async def test_server_listens_on_ipv6() -> None:
    """On an IPv6 address."""
    async with (
        serve_app(app_client().app, "::1") as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        assert (await client.get(f"{url}/healthz")).status_code == 200


GET: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LOT: Final = b"x" * 40_000


@pytest.mark.parametrize(
    ("chunks", "statuses"),
    [
        ((b"nonsense\r\n\r\n",), [b"400"]),
        ((b"GET /" + LOT * 2 + b" HTTP/1.1\r\nHost: x\r\n\r\n",), [b"414"]),
        ((b"GET /" + LOT, LOT, LOT), [b"414"]),
        ((GET + b"Long: " + LOT, LOT, LOT, LOT, LOT), [b"431"]),
        ((GET + b"Connection: close\r\nLong: " + LOT[:9_000], LOT[:9_000] + b"\r\n\r\n"), [b"200"]),
        ((GET + b"\r\n" + GET + b"Long: " + LOT, LOT, LOT), [b"200", b"431"]),
    ],
)
def test_endless_request_head_is_rejected(chunks: tuple[bytes, ...], statuses: list[bytes]) -> None:
    """It takes neither memory nor the application, and the response says why."""

    async def ask() -> bytes:
        async with serve_app(app_client().app) as url:
            return await exchange_bytes(url, *chunks)

    with uvloop_runner() as loop:
        received = loop.run(ask())

    assert re.findall(rb"HTTP/1\.1 (\d+) ", received) == statuses
    head, _, body = received.rpartition(b"\r\n\r\n")
    if statuses[-1] != b"200":
        assert b"content-type: application/problem+json\r\n" in head
        assert json.loads(body)["status"] == int(statuses[-1])


@pytest.mark.parametrize(
    ("chunk", "received"), [(b"1\r\nx\r\n" * 2_000, b""), (b"9c40\r\n" + LOT + b"\r\n", b"done")]
)
def test_overhead_of_a_chunked_body_is_limited(chunk: bytes, received: bytes) -> None:
    """Chunks of one byte have more overhead than content: the connection ends."""

    async def read(request: Request) -> PlainTextResponse:
        with suppress(ClientDisconnect):
            await request.body()
        return PlainTextResponse("done")

    async def ask() -> bytes:
        app = Starlette(routes=[Route("/", read, methods=["POST"])])
        head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        async with serve_app(app) as url:
            return await exchange_bytes(url, head, *[chunk] * 9, b"0\r\n\r\n")

    with uvloop_runner() as loop:
        assert loop.run(ask())[-4:] == received


async def test_port_in_use_is_an_error_with_a_hint() -> None:
    """It names port and host, and how to choose another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(
            SyndicateError, match=f"port {port} of 127.0.0.1: the port is in use"
        ) as caught:
            await serve(app_client().app, "127.0.0.1", port, stopping=asyncio.Event())

    assert caught.value.code == "cannot-listen"
    assert "SYNDICATE_SERVICE__PORT" in caught.value.hint


async def test_host_of_another_machine_is_an_error() -> None:
    """Also one that does not exist."""
    with pytest.raises(SyndicateError, match=r"of 192\.0\.2\.1: "):
        await serve(app_client().app, "192.0.2.1", 0, stopping=asyncio.Event())
    with pytest.raises(SyndicateError, match=r"of nowhere\.invalid: "):
        await serve(app_client().app, "nowhere.invalid", 0, stopping=asyncio.Event())
