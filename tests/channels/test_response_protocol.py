"""Responses are limited in size and in time on the event loop."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from syndicate.channels import connection
from syndicate.channels.connection import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_INTERIM_RESPONSES,
)
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import ResponseSummary, Transport
from tests import samples
from tests.channels.conftest import LOOPBACK
from tests.channels.receiver import Behaviour, Received, respond, respond_raw, run_receiver
from tests.tls_context import system_tls_context

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"content-length: 0\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"


TIMEOUT = 10.0
"""Seconds: what ends by a bound ends long before, also on a busy machine."""


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    """Return a transport that may reach loopback, without TLS too."""
    ssrf_guard = SsrfGuard(allow_networks=LOOPBACK, allow_http=True)
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=system_tls_context()
    ) as made:
        yield made


async def post(transport: Transport, url: str) -> ResponseSummary:
    """Send a small request."""
    return await transport.send("POST", url, {"content-type": "application/json"}, b"{}")


def repeat(start: bytes, text: bytes) -> Behaviour:
    """Send ``start``, then ``text`` for ever in large writes."""
    piece = text * (65_536 // len(text) + 1)

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return behave


def split(*pieces: bytes) -> Behaviour:
    """Send pieces with a pause between them, so that each arrives by itself."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    return behave


@pytest.mark.parametrize("interim", [CONTINUE, HINTS, b"HTTP/1.1 102 P\n\n"])
async def test_few_interim_responses_are_skipped(transport: Transport, interim: bytes) -> None:
    """Up to the limit, the final response counts."""
    async with run_receiver(respond_raw(interim * MAX_INTERIM_RESPONSES + EMPTY)) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (200, "")


async def test_deferred_parsing_completes_the_response(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hardly any parsing time per iteration, every response still arrives complete."""
    monkeypatch.setattr(connection, "PARSE_SECONDS", 1e-9)
    body = b"x" * 5_000
    whole = OK + b"content-length: 5000\r\n\r\n" + body
    async with run_receiver(split(whole[:3_000], whole[3_000:])) as receiver:
        responses = [await post(transport, receiver.url()) for _ in range(3)]
    assert [(response.status, response.cause) for response in responses] == [(200, "")] * 3


@pytest.mark.parametrize(
    "behaviour",
    [
        respond_raw(CONTINUE * (MAX_INTERIM_RESPONSES + 1) + EMPTY),
        respond_raw(HINTS * 2_000 + EMPTY),
        repeat(b"", CONTINUE),
        repeat(b"", HINTS),
        repeat(b"", b"HTTP/1.1 199 \n\n"),
    ],
    ids=["one over", "in one buffer", "endless", "endless hints", "short"],
)
async def test_too_many_interim_responses_fail_at_once(
    transport: Transport, behaviour: Behaviour
) -> None:
    """Before the timeout, and with the reason."""
    async with run_receiver(behaviour) as receiver:
        started = time.monotonic()
        got = await post(transport, receiver.url())
        took = time.monotonic() - started
    assert (got.status, got.cause) == (None, "broken")
    assert got.error == "the response is over a limit: more than 8 interim responses (1xx)"
    assert took < TIMEOUT


@pytest.mark.parametrize(
    "behaviour",
    [
        repeat(OK, b"x-filler: " + b"y" * 90 + b"\r\n"),
        repeat(b"", b"HTTP/1.1 100 Continue\r\n" + b"x-filler: " + b"y" * 4_000 + b"\r\n\r\n"),
        repeat(OK, b"x: \r\n"),
    ],
    ids=["fields", "over all interim responses", "short fields"],
)
async def test_head_limit_includes_interim_responses(
    transport: Transport, behaviour: Behaviour
) -> None:
    """16 kB, or the number of headers that aiohttp accepts."""
    async with run_receiver(behaviour) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (None, "broken")
    assert f"more than {MAX_HEAD_BYTES} bytes" in got.error or "Too many headers" in got.error


@pytest.mark.parametrize(
    ("behaviour", "shown"),
    [
        (repeat(CHUNKED, b"1\r\nx\r\n"), 1_000),
        (repeat(OK + b"\r\n", b"x"), MAX_BODY_BYTES),
        (repeat(OK + b"content-length: 99999999\r\n\r\n", b"x"), MAX_BODY_BYTES),
        (repeat(CHUNKED, b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"), MAX_BODY_BYTES - 6),
    ],
    ids=["chunks of one byte", "until the end", "with a length", "large chunks"],
)
async def test_endless_body_is_cut_and_the_status_counts(
    transport: Transport, behaviour: Behaviour, shown: int
) -> None:
    """After 16 kB the connection is closed, long before the timeout."""
    async with run_receiver(behaviour) as receiver:
        started = time.monotonic()
        got = await post(transport, receiver.url())
        took = time.monotonic() - started
        again = await post(transport, receiver.url())
        assert receiver.connections == 2
    assert (got.status, got.cause, again.cause) == (200, "", "")
    assert shown <= len(got.body) <= MAX_BODY_BYTES
    assert took < TIMEOUT


@pytest.mark.parametrize("size", [1, 2_000])
async def test_endless_trailers_are_cut(transport: Transport, size: int) -> None:
    """The parser accepts 128 of them, the limit is 16 kB."""
    trailer = b"x-trailer: " + b"y" * size + b"\r\n"
    async with run_receiver(repeat(CHUNKED + b"2\r\nok\r\n0\r\n", trailer)) as receiver:
        started = time.monotonic()
        got = await post(transport, receiver.url())
    assert got.status == 200
    assert time.monotonic() - started < TIMEOUT


@pytest.mark.parametrize("status", [204, 205])
@pytest.mark.parametrize(
    "rest",
    [
        b"\r\nhello",
        b"content-length: 5\r\n\r\nhello",
        b"content-length: 500\r\n\r\nhello",
        b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\nno chunk",
        b"\r\n" + b"x" * 70_000,
        b"\r\n" + EMPTY,
        b"\r\n\r\n\r\n",
    ],
    ids=["plain", "length", "too long", "chunked", "no chunk", "large", "answer", "blank lines"],
)
async def test_bodiless_status_decides_whatever_follows(
    transport: Transport, status: int, rest: bytes
) -> None:
    """The delivery succeeded; further bytes are dropped with the connection."""
    behaviour = respond_raw(b"HTTP/1.1 %d Done\r\n" % status + rest)
    async with run_receiver(behaviour) as receiver:
        for _ in range(3):
            got = await post(transport, receiver.url())
            assert (got.status, got.cause, got.body) == (status, "", b"")
        assert receiver.connections == 3


async def test_304_with_a_body_fails_by_its_status(transport: Transport) -> None:
    """Not because of the body, which it must not have."""
    async with run_receiver(respond_raw(b"HTTP/1.1 304 Not Modified\r\n\r\nhello")) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (304, "status")


@pytest.mark.parametrize("cut", [9, len(NO_CONTENT), len(NO_CONTENT) + 1])
async def test_head_may_arrive_in_pieces(transport: Transport, cut: int) -> None:
    """Also if its blank line and the body arrive together."""
    text = NO_CONTENT + b"\r\nhello"
    async with run_receiver(split(text[:cut], text[cut:])) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (204, "")


@pytest.mark.parametrize(
    "status", [b"204 No Content\r\n\r\n", b"205 Reset\r\ncontent-length: 0\r\n\r\n"]
)
async def test_bodiless_status_keeps_the_connection(transport: Transport, status: bytes) -> None:
    """If nothing follows, the next request uses the same connection."""
    async with run_receiver(respond_raw(b"HTTP/1.1 " + status)) as receiver:
        for _ in range(3):
            await post(transport, receiver.url())
        assert receiver.connections == 1


@pytest.mark.parametrize(
    "surplus",
    [
        EMPTY,
        b"HTTP/1.1 500 Oh no\r\ncontent-length: 0\r\n\r\n" * 1_000,
        b"HTTP/1.1 5",
        b"noise",
        CONTINUE,
        b"x" * 70_000,
    ],
    ids=["one answer", "many", "part of one", "noise", "interim", "large"],
)
@pytest.mark.parametrize(
    "first",
    [EMPTY, OK + b"content-length: 2\r\n\r\nok", CHUNKED + b"2\r\nok\r\n0\r\n\r\n"],
    ids=["empty", "length", "chunked"],
)
async def test_surplus_bytes_answer_no_other_request(
    transport: Transport, first: bytes, surplus: bytes
) -> None:
    """The connection is closed; the next request uses a new one."""

    async def later(received: Received, writer: asyncio.StreamWriter) -> None:
        try:
            await split(first, surplus)(received, writer)
        finally:
            sent.set()

    async def together(received: Received, writer: asyncio.StreamWriter) -> None:
        try:
            await respond_raw(first + surplus)(received, writer)
        finally:
            sent.set()

    for behaviour in (together, later):
        sent = asyncio.Event()
        async with run_receiver(behaviour, respond(202)) as receiver:
            assert (await post(transport, receiver.url())).status == 200
            await sent.wait()
            await asyncio.sleep(0.05)
            got = await post(transport, receiver.url())
            assert (got.status, got.cause) == (202, "")
            assert receiver.connections == 2


async def test_101_fails_by_its_status(transport: Transport) -> None:
    """No other protocol was requested; further bytes are dropped."""
    text = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
    async with run_receiver(repeat(text, b"x")) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (101, "status")


async def test_malformed_body_fails_at_once(transport: Transport) -> None:
    """The reader of the body gets the error before the timeout."""
    async with run_receiver(split(CHUNKED, b"zz\r\n")) as receiver:
        started = time.monotonic()
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (200, "broken")
    assert "not HTTP" in got.error
    assert time.monotonic() - started < TIMEOUT


@pytest.mark.slow
@pytest.mark.parametrize(
    "behaviour",
    [
        repeat(b"", CONTINUE),
        repeat(CHUNKED, b"1\r\nx\r\n"),
        repeat(EMPTY, EMPTY),
        repeat(OK, b"x: \r\n"),
    ],
    ids=["interim", "chunks", "surplus", "head"],
)
@pytest.mark.unmeasured
async def test_many_hostile_responses_do_not_block_the_event_loop(
    transport: Transport, behaviour: Behaviour
) -> None:
    """A task that sleeps for a millisecond wakes up soon, whatever fifty receivers send.

    They run in the same loop, and other programs want the processor: one of three times counts.
    """

    async def longest_sleep() -> float:
        longest = 0.0
        done = asyncio.Event()

        async def watch() -> None:
            nonlocal longest
            while not done.is_set():
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - before)

        async with run_receiver(behaviour) as receiver:
            await post(transport, receiver.url())
            watching = asyncio.create_task(watch())
            await asyncio.gather(*(post(transport, receiver.url()) for _ in range(50)))
            done.set()
            await watching
        return longest

    durations = [await longest_sleep()]
    while durations[-1] >= 0.5 and len(durations) < 3:
        durations.append(await longest_sleep())
    assert min(durations) < 0.5


@pytest.mark.slow
async def test_deferred_response_is_complete_after_a_reset(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes received before the connection was lost are parsed, also if others were first."""
    monkeypatch.setattr(connection, "PARSE_SECONDS", 1e-9)
    body = b"x" * 9_000

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"content-length: 9000\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    async with run_receiver(behave) as receiver:
        got = await asyncio.gather(*(post(transport, receiver.url()) for _ in range(60)))
    assert {response.cause for response in got} == {""}
    assert all(response.body == body for response in got)
