"""The express lane gives the answers of the application while they hold, and no others."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from syndicate import telemetry
from syndicate.feeds import FeedCache
from syndicate.feeds.formats import FORMATS
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.query import Query
from syndicate.web.app import create_app
from syndicate.web.http.cacheability import get_cacheability
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.web.app_client import GONE, POSTS, SampleReader, ledger_entry
from tests.web.http.memory_connection import MemoryServer, get_request, header, status

CODING: Final = "content-encoding"
GZIP: Final = "Accept-Encoding: gzip"


@dataclass(kw_only=True)
class CachedApp:
    """A service with a compressor, as the real one has, that can change while it is asked."""

    server: MemoryServer
    reader: SampleReader
    feed_cache: FeedCache
    removed: tuple[LedgerEntry, ...] = ()

    async def get(self, *fields: str, form: str = "json") -> bytes:
        """Return the answer to a request of a client of its own."""
        return (await self.server.send(get_request(f"/feeds/all.{form}", *fields)))[0]

    async def wait_until_recompressed(self) -> None:
        """Wait until the feed has been compressed well."""
        for form in FORMATS.values():
            while not (  # noqa: ASYNC110 — no event
                await self.feed_cache.get(self.reader, "all", Query(), form)
            ).is_recompressed:
                await asyncio.sleep(0.001)


def edition() -> Edition:
    """Return a new edition of the same posts."""
    return samples.edition(*POSTS)


@asynccontextmanager
async def open_cached_app(
    policy: HttpPolicy | None = None, peer: tuple[str, int] | None = ("192.0.2.7", 4321)
) -> AsyncIterator[CachedApp]:
    """Open a service."""
    library = SampleReader(current=edition())
    with ThreadPoolExecutor(1) as compressor:
        press = FeedCache(samples.SERVICE_INFO, executor=compressor, removed=lambda: opened.removed)
        app = create_app(library, press, samples.SERVICE_INFO, policy or HttpPolicy())
        opened = CachedApp(server=MemoryServer(app, peer=peer), reader=library, feed_cache=press)
        yield opened


def test_the_application_is_asked_once() -> None:
    """Whoever asks for the same gets the same, but for the date of the moment."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            await here.wait_until_recompressed()
            first = await here.get(GZIP)
            times = here.server.counting_app.calls
            assert await here.get(GZIP) == first
            assert await here.get("User-Agent: another", GZIP) == first
            here.server.state.default_headers = [(b"date", b"a second later")]
            later = await here.get(GZIP)
            assert here.server.counting_app.calls == times
            assert header(later, "date") == "a second later"
            assert header(first, "date") not in ("", "a second later")
            assert later.partition(b"date: ")[2][40:] in first

    asyncio.run(scenario())


def test_what_makes_a_difference_is_another_question() -> None:
    """Method, address, codings and conditions; what the client has is not sent again."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            await here.wait_until_recompressed()
            times = 0
            tag = f"If-None-Match: {header(await here.get(GZIP), 'etag')}"
            since = f"If-Modified-Since: {header(await here.get(), 'last-modified')}"
            for _ in range(2):
                times = here.server.counting_app.calls
                assert status(await here.get(GZIP, tag)) == 304
                assert status(await here.get(tag)) == 200
                assert status(await here.get(since)) == 304
                head, is_over = await here.server.send(
                    get_request("/feeds/all.json", GZIP, method="HEAD")
                )
                assert head.endswith(b"\r\n\r\n")
                assert not is_over
                last, is_over = await here.server.send(
                    get_request("/feeds/all.json", "Connection: Close")
                )
                assert header(last, "connection") == "close"
                assert is_over
            assert here.server.counting_app.calls == times

    asyncio.run(scenario())


def test_a_change_is_answered_at_once() -> None:
    """A new edition, a removal told, better compression: the application speaks for itself."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            await here.wait_until_recompressed()
            first = await here.get(form="atom")
            here.reader.current = samples.edition(*POSTS, samples.post("news/2024-05-01-new.md"))
            second = await here.get(form="atom")
            assert second != first
            assert await here.get(form="atom") == second
            here.removed = (ledger_entry(GONE, "expired"),)
            assert (await here.get(form="atom")) not in (first, second)
            times = here.server.counting_app.calls
            for _ in range(2):
                here.reader.current = edition()
                assert status(await here.get()) == 200
            assert here.server.counting_app.calls == times + 2

    asyncio.run(scenario())


def test_better_compression_is_used_as_soon_as_it_is_there() -> None:
    """Nobody is stuck with what was compressed in haste."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            brotli = "Accept-Encoding: br"
            for coding in (GZIP, brotli):
                await here.get(coding)
            await here.wait_until_recompressed()
            well = await here.feed_cache.get(here.reader, "all", Query(), FORMATS["json"])
            assert (await here.get(GZIP)).endswith(well.gzip)
            assert (await here.get(brotli)).endswith(well.br)
            times = here.server.counting_app.calls
            assert header(await here.get(brotli), CODING) == "br"
            assert here.server.counting_app.calls == times

    asyncio.run(scenario())


def test_requests_are_counted_as_all_others() -> None:
    """By route and status, with their time."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            await here.wait_until_recompressed()
            await here.get()
            tally = telemetry.requests_total.labels("/feeds/{name}.json", "200")
            counted, text = tally.count, telemetry.exposition().decode()
            times = here.server.counting_app.calls
            await here.get()
            assert here.server.counting_app.calls == times
            assert tally.count == counted + 1
            total = "syndicate_request_seconds_count"
            before, after = (
                float(page.partition(f"\n{total} ")[2].partition("\n")[0])
                for page in (text, telemetry.exposition().decode())
            )
            assert after == before + 1

    asyncio.run(scenario())


def test_who_asks_too_often_is_refused_whoever_answers() -> None:
    """The lane takes from the same allowance, and refuses nobody itself."""

    async def scenario() -> None:
        async with open_cached_app(HttpPolicy(requests_per_minute=4)) as here:
            assert [status(await here.get()) for _ in range(6)] == [200] * 4 + [429] * 2
            assert here.server.counting_app.calls < 6

    asyncio.run(scenario())


@pytest.mark.parametrize("peer", [("192.0.2.7", 4321), None])
def test_each_client_of_a_proxy_has_an_allowance(peer: tuple[str, int] | None) -> None:
    """Whom the proxy names is asked about, not the proxy."""

    async def scenario() -> None:
        async with open_cached_app(HttpPolicy(requests_per_minute=2, proxies=1), peer) as here:
            one, other = "X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 198.51.100.2"
            asked = [status(await here.get(who)) for who in (one, other, one, other, one, other)]
            assert asked == [200, 200, 200, 200, 429, 429]

    asyncio.run(scenario())


def test_it_looks_once_a_turn_whether_an_answer_holds() -> None:
    """However many requests come in one turn of the loop, each answer is looked at once."""
    looks = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        def look() -> bool:
            nonlocal looks
            looks += 1
            return True

        get_cacheability(scope).is_current = look
        await Response(b"words")(scope, receive, send)

    async def scenario() -> None:
        server = MemoryServer(app)
        targets = ("/feeds/a", "/feeds/b")
        for target in targets:
            await server.send(get_request(target))
        wires = [server.connect() for _ in range(9)]
        for wire in wires:
            for target in targets:
                wire.protocol.data_received(get_request(target))
        assert {wire.received for wire in wires} == {wires[0].received}
        assert looks == 2
        assert await wires[0].send() == b""
        assert (await server.send(get_request(targets[0])))[0] * 2 == wires[0].received
        assert looks == 3
        assert server.counting_app.calls == 2

    asyncio.run(scenario())


def test_a_connection_lives_on_while_the_lane_answers() -> None:
    """The time that it may be silent counts from the last answer, whoever gave it."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            await here.wait_until_recompressed()
            wire = here.server.connect()
            await wire.send(get_request("/feeds/all.json"))
            first = wire.protocol.timeout_keep_alive_task
            assert first is not None
            await wire.send(get_request("/feeds/all.json"))
            assert wire.protocol.timeout_keep_alive_task is first
            wire.protocol.timeout_keep_alive_handler()
            assert not wire.is_closed
            later = wire.protocol.timeout_keep_alive_task
            assert later is not first
            assert later.when() >= first.when()
            wire.protocol.timeout_keep_alive = 0
            wire.protocol.timeout_keep_alive_handler()
            assert wire.is_closed

    asyncio.run(scenario())


def test_a_client_that_does_not_read_waits_for_the_application() -> None:
    """The lane adds nothing to what cannot be sent."""

    async def scenario() -> None:
        async with open_cached_app() as here:
            await here.wait_until_recompressed()
            answer = await here.get()
            wire = here.server.connect()
            wire.protocol.pause_writing()
            wire.protocol.data_received(get_request("/feeds/all.json"))
            await asyncio.sleep(0)
            assert wire.received == b""
            wire.protocol.resume_writing()
            assert await wire.send() == answer

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Response(b"words"), False),
        (Response(b"words", 404), True),
        (StreamingResponse(iter([b"wo", b"rds"])), True),
    ],
)
def test_only_what_may_be_repeated_is(answer: Response, says: bool) -> None:
    """Where nobody says so, of other answers, and of those in pieces, each is a new one."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if says:
            get_cacheability(scope).is_current = lambda: True
        await PlainTextResponse.__call__(answer, scope, receive, send)

    async def scenario() -> None:
        server = MemoryServer(app)
        for _ in range(2):
            await server.send(get_request())
        assert server.counting_app.calls == 2

    asyncio.run(scenario())


def test_memory_is_bounded() -> None:
    """Answers make room for others, and heads that are all different are not kept for ever."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        get_cacheability(scope).is_current = lambda: True
        await Response(bytes(10_000))(scope, receive, send)

    async def scenario() -> None:
        server = MemoryServer(app, max_bytes=50_000)
        for number in (*range(5), 0):
            await server.send(get_request(f"/feeds/{number}"))
        assert server.counting_app.calls == 6
        for number in range(1_030):
            await server.send(get_request("/feeds/0", f"Number: {number}"))
        assert server.counting_app.calls == 6

    asyncio.run(scenario())
