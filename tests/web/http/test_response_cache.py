"""The response cache repeats responses of the application while they are valid, and no others."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from syndicate import telemetry
from syndicate.feeds import FeedCache, FeedRequest, Representation
from syndicate.feeds.formats import FORMATS
from syndicate.model.edition import Edition
from syndicate.model.query import Query
from syndicate.web.app import create_app
from syndicate.web.http.response_cache import ResponseCache, mark_cacheable
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.web.app_client import GONE, POSTS, SampleReader, ledger_entry
from tests.web.http.memory_connection import MemoryServer, get_request, header, status

pytestmark = pytest.mark.anyio

CODING: Final = "content-encoding"
GZIP: Final = "Accept-Encoding: gzip"
ALL_JSON: Final = FeedRequest(name="all", query=Query(), feed_format=FORMATS["json"])


@dataclass(kw_only=True)
class CachedApp:
    """A service with a compressor, as the real one has, whose content can change."""

    server: MemoryServer
    reader: SampleReader
    feed_cache: FeedCache

    async def get(self, *fields: str, form: str = "json") -> bytes:
        """Return the response to a request of a new client."""
        return (await self.server.send(get_request(f"/feeds/all.{form}", *fields)))[0]

    async def feed(self, name: str = "json") -> Representation:
        """Return the feed of all posts in a format."""
        request = FeedRequest(name="all", query=Query(), feed_format=FORMATS[name])
        return await self.feed_cache.get(
            self.reader, self.reader.edition, request, removed=self.reader.removed
        )

    async def wait_until_recompressed(self) -> None:
        """Request a feed until it has its final compression."""
        for name in FORMATS:
            while not (await self.feed(name)).is_recompressed:  # noqa: ASYNC110 — no event
                await asyncio.sleep(0.001)


def edition() -> Edition:
    """Return a new edition of the same posts."""
    return samples.edition(*POSTS)


@asynccontextmanager
async def open_cached_app(
    policy: HttpPolicy | None = None, peer: tuple[str, int] | None = ("192.0.2.7", 4321)
) -> AsyncIterator[CachedApp]:
    """Open a service."""
    reader = SampleReader(current=edition())
    with ThreadPoolExecutor(1) as compressor:
        feed_cache = FeedCache(samples.SERVICE_INFO, executor=compressor)
        app = create_app(reader, feed_cache, samples.SERVICE_INFO, policy or HttpPolicy())
        yield CachedApp(server=MemoryServer(app, peer=peer), reader=reader, feed_cache=feed_cache)


async def test_same_request_is_answered_without_the_application() -> None:
    """The response is the same except for the date, also with other irrelevant fields."""
    async with open_cached_app() as app:
        await app.wait_until_recompressed()
        first = await app.get(GZIP)
        calls = app.server.counting_app.calls
        assert await app.get(GZIP) == first
        assert await app.get("User-Agent: another", GZIP) == first
        app.server.state.default_headers = [(b"date", b"a second later")]
        later = await app.get(GZIP)
        assert app.server.counting_app.calls == calls
        assert header(later, "date") == "a second later"
        assert header(first, "date") not in ("", "a second later")
        assert later.partition(b"date: ")[2][40:] in first


async def test_method_coding_and_conditions_are_part_of_the_key() -> None:
    """Each combination gets its own response, the second time from the cache."""
    async with open_cached_app() as app:
        await app.wait_until_recompressed()
        calls = 0
        tag = f"If-None-Match: {header(await app.get(GZIP), 'etag')}"
        since = f"If-Modified-Since: {header(await app.get(), 'last-modified')}"
        for _ in range(2):
            calls = app.server.counting_app.calls
            assert status(await app.get(GZIP, tag)) == 304
            assert status(await app.get(tag)) == 200
            assert status(await app.get(since)) == 304
            head, is_over = await app.server.send(
                get_request("/feeds/all.json", GZIP, method="HEAD")
            )
            assert head.endswith(b"\r\n\r\n")
            assert not is_over
            last, is_over = await app.server.send(
                get_request("/feeds/all.json", "Connection: Close")
            )
            assert header(last, "connection") == "close"
            assert is_over
        assert app.server.counting_app.calls == calls


async def test_changed_content_is_served_at_once() -> None:
    """A new edition and a removed post invalidate the response."""
    async with open_cached_app() as app:
        await app.wait_until_recompressed()
        first = await app.get(form="atom")
        app.reader.current = samples.edition(*POSTS, samples.post("news/2024-05-01-new.md"))
        second = await app.get(form="atom")
        assert second != first
        assert await app.get(form="atom") == second
        app.reader.removed = (ledger_entry(GONE, "expired"),)
        assert (await app.get(form="atom")) not in (first, second)
        calls = app.server.counting_app.calls
        for _ in range(2):
            app.reader.current = edition()
            assert status(await app.get()) == 200
        assert app.server.counting_app.calls == calls + 2


async def test_final_compression_is_served_as_soon_as_it_is_ready() -> None:
    """A response with the fast compression is not repeated any more."""
    async with open_cached_app() as app:
        brotli = "Accept-Encoding: br"
        for coding in (GZIP, brotli):
            await app.get(coding)
        await app.wait_until_recompressed()
        recompressed = await app.feed()
        assert (await app.get(GZIP)).endswith(recompressed.gzip)
        assert (await app.get(brotli)).endswith(recompressed.br)
        calls = app.server.counting_app.calls
        assert header(await app.get(brotli), CODING) == "br"
        assert app.server.counting_app.calls == calls


async def test_cached_responses_are_counted_in_the_metrics() -> None:
    """By route and status, with their time."""
    async with open_cached_app() as app:
        await app.wait_until_recompressed()
        await app.get()
        api_client = telemetry.requests_total.labels("/feeds/{name}.json", "200")
        counted, text = api_client.count, telemetry.exposition().decode()
        calls = app.server.counting_app.calls
        await app.get()
        assert app.server.counting_app.calls == calls
        assert api_client.count == counted + 1
        total = "syndicate_request_seconds_count"
        before, after = (
            float(page.partition(f"\n{total} ")[2].partition("\n")[0])
            for page in (text, telemetry.exposition().decode())
        )
        assert after == before + 1


async def test_cached_responses_count_for_the_rate_limit() -> None:
    """The response that says 429 comes from the application."""
    async with open_cached_app(HttpPolicy(requests_per_minute=4)) as app:
        assert [status(await app.get()) for _ in range(6)] == [200] * 4 + [429] * 2
        assert app.server.counting_app.calls < 6


@pytest.mark.parametrize("peer", [("192.0.2.7", 4321), None])
async def test_each_client_of_a_proxy_has_its_own_rate_limit(peer: tuple[str, int] | None) -> None:
    """The client that X-Forwarded-For names is counted, not the proxy."""
    async with open_cached_app(HttpPolicy(requests_per_minute=2, proxies=1), peer) as app:
        one, other = "X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 198.51.100.2"
        statuses = [
            status(await app.get(client)) for client in (one, other, one, other, one, other)
        ]
        assert statuses == [200, 200, 200, 200, 429, 429]


@dataclass(kw_only=True)
class CountingReader(SampleReader):
    """A reader that counts how often the edition is read."""

    reads: int = 0

    @property
    @override
    def edition(self) -> Edition:
        self.reads += 1
        return super().edition


@dataclass(kw_only=True)
class StubApp:
    """A response cache around an application of a test."""

    reader: CountingReader = field(default_factory=lambda: CountingReader(current=edition()))
    feed_cache: FeedCache = field(default_factory=lambda: FeedCache(samples.SERVICE_INFO))

    async def mark(self, scope: Scope) -> None:
        """Allow to store the response while the feed of all posts is the same."""
        edition = self.reader.edition
        await self.feed_cache.get(self.reader, edition, ALL_JSON)
        version = self.feed_cache.current_version(edition, (), ALL_JSON.key)
        mark_cacheable(scope, ALL_JSON.key, version)

    def server(self, app: ASGIApp, max_bytes: int = 2**20) -> MemoryServer:
        """Return a server of ``app`` behind a response cache."""
        cache = ResponseCache(
            app, reader=self.reader, feed_cache=self.feed_cache, max_bytes=max_bytes
        )
        return MemoryServer(cache)


async def test_validity_is_checked_once_in_each_iteration_of_the_loop() -> None:
    """However many requests arrive in one iteration, each response is checked once."""
    stub = StubApp()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await stub.mark(scope)
        await Response(b"words")(scope, receive, send)

    server = stub.server(app)
    targets = ("/feeds/a", "/feeds/b")
    for target in targets:
        await server.send(get_request(target))
    connections = [server.connect() for _ in range(9)]
    stub.reader.reads = 0
    for connection in connections:
        for target in targets:
            connection.protocol.data_received(get_request(target))
    assert {connection.received for connection in connections} == {connections[0].received}
    assert stub.reader.reads == 2
    assert await connections[0].send() == b""
    assert (await server.send(get_request(targets[0])))[0] * 2 == connections[0].received
    assert stub.reader.reads == 3
    assert server.counting_app.calls == 2


async def test_keep_alive_counts_from_the_last_cached_response() -> None:
    """The timer of uvicorn is not restarted, but looks at the time when it ends."""
    async with open_cached_app() as app:
        await app.wait_until_recompressed()
        connection = app.server.connect()
        await connection.send(get_request("/feeds/all.json"))
        first = connection.protocol.timeout_keep_alive_task
        assert first is not None
        await connection.send(get_request("/feeds/all.json"))
        assert connection.protocol.timeout_keep_alive_task is first
        connection.protocol.timeout_keep_alive_handler()
        assert not connection.is_closed
        later = connection.protocol.timeout_keep_alive_task
        assert later is not first
        assert later.when() >= first.when()
        connection.protocol.timeout_keep_alive = 0
        connection.protocol.timeout_keep_alive_handler()
        assert connection.is_closed


async def test_client_that_does_not_read_waits() -> None:
    """The cache writes nothing to a connection whose buffer is full."""
    async with open_cached_app() as app:
        await app.wait_until_recompressed()
        response = await app.get()
        connection = app.server.connect()
        connection.protocol.pause_writing()
        connection.protocol.data_received(get_request("/feeds/all.json"))
        await asyncio.sleep(0)
        assert connection.received == b""
        connection.protocol.resume_writing()
        assert await connection.send() == response


@pytest.mark.parametrize(
    ("content", "status_code", "is_marked"),
    [
        ([b"words"], 200, False),
        ([b"words"], 404, True),
        ([b"wo", b"rds"], 200, True),
    ],
)
async def test_other_responses_are_not_stored(
    content: list[bytes], status_code: int, is_marked: bool
) -> None:
    """Those that the handler does not mark, errors, and those in several pieces."""
    stub = StubApp()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if is_marked:
            await stub.mark(scope)
        response = (
            Response(content[0], status_code)
            if len(content) == 1
            else StreamingResponse(iter(content), status_code)
        )
        await response(scope, receive, send)

    server = stub.server(app)
    for _ in range(2):
        await server.send(get_request())
    assert server.counting_app.calls == 2


async def test_memory_is_bounded() -> None:
    """The least recently used responses go first, and heads are not remembered for ever."""
    stub = StubApp()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await stub.mark(scope)
        await Response(bytes(10_000))(scope, receive, send)

    server = stub.server(app, max_bytes=50_000)
    for number in (*range(5), 0):
        await server.send(get_request(f"/feeds/{number}"))
    assert server.counting_app.calls == 6
    for number in range(1_030):
        await server.send(get_request("/feeds/0", f"Number: {number}"))
    assert server.counting_app.calls == 6


async def test_feed_that_the_feed_cache_does_not_hold_is_not_stored() -> None:
    """Nobody could tell when its response is outdated."""
    feed_cache = FeedCache(samples.SERVICE_INFO, max_bytes=0)
    reader = SampleReader(current=edition())
    server = MemoryServer(create_app(reader, feed_cache, samples.SERVICE_INFO, HttpPolicy()))
    for _ in range(2):
        assert status((await server.send(get_request()))[0]) == 200
    assert server.counting_app.calls == 2


async def test_feed_with_a_very_long_query_is_served() -> None:
    """Though the resolved request is not stored."""
    async with open_cached_app() as app:
        query = "x" * 600
        response, _ = await app.server.send(get_request(f"/feeds/all.json?x={query}"))
        assert status(response) == 200
