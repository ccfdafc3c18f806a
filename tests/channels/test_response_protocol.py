"""What a receiver may send in answer to one request is bounded, and costs nobody else's turn."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from syndicate.channels import response_protocol
from syndicate.channels.response_protocol import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_INTERIM_RESPONSES,
)
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import ResponseSummary, Transport
from tests import samples
from tests.channels.conftest import LOOPBACK
from tests.channels.receiver import Behaviour, Received, respond, respond_raw, run_receiver

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
    guard = SsrfGuard(allow_networks=LOOPBACK, allow_http=True)
    async with Transport(guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT) as made:
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
async def test_a_few_interim_responses_are_skipped(transport: Transport, interim: bytes) -> None:
    """As many as the bound: the response behind them counts."""
    async with run_receiver(respond_raw(interim * MAX_INTERIM_RESPONSES + EMPTY)) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (200, "")


async def test_a_connection_whose_parsing_was_put_off_reads_on(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hardly any time for parsing in a turn of the loop, every response still comes whole."""
    monkeypatch.setattr(response_protocol, "PARSE_SECONDS", 1e-9)
    body = b"x" * 5_000
    whole = OK + b"content-length: 5000\r\n\r\n" + body
    async with run_receiver(split(whole[:3_000], whole[3_000:])) as receiver:
        answers = [await post(transport, receiver.url()) for _ in range(3)]
    assert [(one.status, one.cause) for one in answers] == [(200, "")] * 3


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
async def test_more_interim_responses_are_a_failure_at_once(
    transport: Transport, behaviour: Behaviour
) -> None:
    """The attempt ends before its timeout, and says why."""
    async with run_receiver(behaviour) as receiver:
        started = time.monotonic()
        got = await post(transport, receiver.url())
        took = time.monotonic() - started
    assert (got.status, got.cause) == (None, "broken")
    assert got.error == "the answer is over a limit: more than 8 interim responses (1xx)"
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
async def test_a_head_is_bounded_over_all_responses(
    transport: Transport, behaviour: Behaviour
) -> None:
    """By 16 kB, or by the number of fields that aiohttp takes."""
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
async def test_a_body_without_end_is_cut_and_the_status_counts(
    transport: Transport, behaviour: Behaviour, shown: int
) -> None:
    """After 16 kB of the wire the connection is closed, long before the timeout."""
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
async def test_trailers_without_end_are_cut(transport: Transport, size: int) -> None:
    """The parser takes 128 of them, and we 16 kB."""
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
async def test_a_status_without_body_decides_whatever_follows(
    transport: Transport, status: int, rest: bytes
) -> None:
    """The delivery succeeded; what follows is dropped with the connection."""
    behaviour = respond_raw(b"HTTP/1.1 %d Done\r\n" % status + rest)
    async with run_receiver(behaviour) as receiver:
        for _ in range(3):
            got = await post(transport, receiver.url())
            assert (got.status, got.cause, got.body) == (status, "", b"")
        assert receiver.connections == 3


async def test_not_modified_with_a_body_is_a_status(transport: Transport) -> None:
    """It fails for what it says, not for the body that it must not have."""
    async with run_receiver(respond_raw(b"HTTP/1.1 304 Not Modified\r\n\r\nhello")) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (304, "status")


@pytest.mark.parametrize("cut", [9, len(NO_CONTENT), len(NO_CONTENT) + 1])
async def test_a_head_may_arrive_in_pieces(transport: Transport, cut: int) -> None:
    """Also where its blank line and what follows arrive together."""
    text = NO_CONTENT + b"\r\nhello"
    async with run_receiver(split(text[:cut], text[cut:])) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (204, "")


@pytest.mark.parametrize(
    "status", [b"204 No Content\r\n\r\n", b"205 Reset\r\ncontent-length: 0\r\n\r\n"]
)
async def test_a_status_without_body_keeps_the_connection(
    transport: Transport, status: bytes
) -> None:
    """Where nothing follows, the next request takes the same connection."""
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
async def test_surplus_behind_a_response_answers_no_other_request(
    transport: Transport, first: bytes, surplus: bytes
) -> None:
    """The connection is closed; the next request has its own answer over a new one."""

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


async def test_switching_protocols_is_a_status(transport: Transport) -> None:
    """Nobody asked for another protocol: the answer fails, and what follows is dropped."""
    text = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
    async with run_receiver(repeat(text, b"x")) as receiver:
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (101, "status")


async def test_a_body_that_breaks_after_a_good_head_ends_at_once(transport: Transport) -> None:
    """The reader of the body hears of it, and need not wait for the timeout."""
    async with run_receiver(split(CHUNKED, b"zz\r\n")) as receiver:
        started = time.monotonic()
        got = await post(transport, receiver.url())
    assert (got.status, got.cause) == (200, "broken")
    assert "not HTTP" in got.error
    assert time.monotonic() - started < TIMEOUT


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
async def test_many_such_responses_leave_the_loop_its_turns(
    transport: Transport, behaviour: Behaviour
) -> None:
    """A task that sleeps for a millisecond wakes up soon, whatever fifty receivers send.

    They run in the same loop, and other programs want the processor: the best of three counts.
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

    assert min([await longest_sleep() for _ in range(3)]) < 0.5


async def test_a_response_that_waits_for_its_turn_is_complete_after_a_reset(
    transport: Transport,
) -> None:
    """What came in before the connection was lost is parsed, also if others were first."""
    body = b"x" * 9_000

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"content-length: 9000\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    async with run_receiver(behave) as receiver:
        got = await asyncio.gather(*(post(transport, receiver.url()) for _ in range(60)))
    assert {one.cause for one in got} == {""}
    assert all(one.body == body for one in got)
