"""Waiting connections are closed in favor of new ones."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from syndicate.web.http import connection_limits
from syndicate.web.http.connection_limits import LIMITS
from tests.web.app_client import app_client
from tests.web.http.live_server import serve_app
from tests.web.http.test_connection_limits import (
    APP,
    HEAD,
    SHORT,
    SLACK,
    connected,
    on_loop,
    response,
    rest,
)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD])
def test_waiting_connection_is_closed_for_a_new_one(sent: bytes) -> None:
    """The one that waits longest: silent, with an incomplete head, or idle after a request."""

    async def work() -> None:
        limits = replace(LIMITS, connections=3)
        async with serve_app(app_client().app, limits=limits) as url, AsyncExitStack() as stack:
            waiting = []
            for _ in range(3):
                streams = await stack.enter_async_context(connected(url))
                streams[1].write(sent)
                if sent == HEAD:
                    await response(streams, b"")
                waiting.append(streams)
                await asyncio.sleep(0.05)
            fresh = await stack.enter_async_context(connected(url))
            assert (await response(fresh)).startswith(b"HTTP/1.1 200")
            assert await asyncio.wait_for(rest(waiting[0][0]), 5) == b""
            assert not waiting[1][0].at_eof()

    on_loop(work)


def test_silent_connection_is_closed_before_an_idle_one() -> None:
    """A client that was served before takes precedence over one that sent nothing."""

    async def work() -> None:
        limits = replace(LIMITS, connections=2)
        async with serve_app(app_client().app, limits=limits) as url, connected(url) as idle:
            await response(idle)
            async with connected(url) as silent, connected(url) as fresh:
                await response(fresh)
                assert await asyncio.wait_for(rest(silent[0]), 5) == b""
                assert (await response(idle)).startswith(b"HTTP/1.1 200")

    on_loop(work)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        b"GET /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n",
        b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
    ],
)
def test_slow_request_bodies_do_not_keep_a_new_client_out(head: bytes) -> None:
    """Each byte is progress; the connection whose request began first is closed all the same."""

    async def work() -> None:
        limits = replace(LIMITS, connections=2)
        async with serve_app(APP, limits=limits) as url, AsyncExitStack() as stack:
            dribbling = []
            for _ in range(2):
                streams = await stack.enter_async_context(connected(url))
                streams[1].write(head)
                dribbling.append(streams)
                await asyncio.sleep(0.05)
            for _ in range(3):
                for _, writer in dribbling:
                    writer.write(b"x")
                await asyncio.sleep(0.05)
            fresh = await stack.enter_async_context(connected(url))
            assert b" 503 " not in await response(
                fresh, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            )
            await asyncio.wait_for(rest(dribbling[0][0]), 5)
            assert not dribbling[1][0].at_eof()

    on_loop(work)


def test_connections_over_the_limit_get_503() -> None:
    """With Retry-After, if all others are busy; a flood beyond is closed without one."""

    async def work() -> None:
        limits = replace(LIMITS, connections=2)
        async with serve_app(APP, limits=limits) as url, AsyncExitStack() as stack:
            busy = [await stack.enter_async_context(connected(url)) for _ in range(2)]
            for _, writer in busy:
                writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.2)
            surplus = [await stack.enter_async_context(connected(url)) for _ in range(80)]
            received = [await asyncio.wait_for(rest(reader), 10) for reader, _ in surplus]
            head, _, body = received[0].partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 5" in head
            assert json.loads(body)["code"] == "too-many-connections"
            assert received[-1] == b""
            for reader, _ in busy:
                await reader.readuntil(b"done")

    on_loop(work)


def test_connection_that_was_served_meanwhile_stays_open() -> None:
    """Each new connection closes one that waits now."""

    async def work() -> None:
        limits = replace(LIMITS, connections=4)
        async with serve_app(app_client().app, limits=limits) as url, AsyncExitStack() as stack:
            old = []
            for _ in range(4):
                old.append(await stack.enter_async_context(connected(url)))
                await asyncio.sleep(0.1)
            await stack.enter_async_context(connected(url))
            await asyncio.sleep(0.1)
            assert (await response(old[1])).startswith(b"HTTP/1.1 200")
            await stack.enter_async_context(connected(url))
            await asyncio.sleep(0.1)
            assert (await response(old[1])).startswith(b"HTTP/1.1 200")
            assert await asyncio.wait_for(rest(old[2][0]), 5) == b""

    on_loop(work)


def test_all_connections_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some at once, with time for requests in between."""
    monkeypatch.setattr(connection_limits, "_CHECKS_PER_TURN", 2)

    async def work() -> None:
        async with serve_app(app_client().app, limits=SHORT) as url, AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(connected(url)) for _ in range(5)]
            for reader, _ in silent:
                assert await asyncio.wait_for(rest(reader), SHORT.head_seconds + SLACK) == b""

    on_loop(work)
