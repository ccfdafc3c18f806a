"""Response cache and application respond with equal bytes, except for the date."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds import FeedCache
from syndicate.feeds.formats import FORMATS
from syndicate.web.app import create_app
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.web.app_client import NAMED, POSTS, VOCABULARY, SampleReader
from tests.web.http.memory_connection import MemoryServer, get_request, header, status

FEEDS: Final = (
    *(
        f"/feeds/{name}.{feed_format}"
        for name in ("all", "tts", "tech-carousel")
        for feed_format in FORMATS
    ),
    *("/feeds/all.json?category=tts&limit=1", "/feeds/all.atom?source=news", "/feeds/a%6Cl.rss"),
)
REFUSAL: Final = b"HTTP/1.1 400 "
NO_FEEDS: Final = (
    *("/feeds/TTS.json", "/feeds/none.json", "/feeds/all.json?limit=many", "/feeds/all.json/"),
    *("/feeds/all", "/feeds/all.xml", "/feeds/", "/", "/v1/posts", "/healthz", "*"),
    *("http://x/feeds/all.json", "//feeds/all.json", "/feeds/all.json#x", "/feeds/\xe9.json"),
)


@dataclass(frozen=True, kw_only=True)
class ServerPair:
    """The same application with the response cache and without it, and tags of its feeds."""

    loop: asyncio.Runner
    with_cache: MemoryServer
    without: MemoryServer
    tags: tuple[str, ...]
    moment: str

    def compare(self, *chunks: bytes, patiently: bool = True) -> tuple[bytes, bool]:
        """Return the response of both servers, which is the same, and whether they close.

        The server with the cache is asked twice, so that it can repeat its first response. Where
        chunks arrive before the last response and one of them ends the connection, one of the
        servers may end it sooner.
        """
        cached, application = self.with_cache, self.without

        async def scenario() -> list[tuple[bytes, bool]]:
            return [
                await one.send(*chunks, wait_between=patiently)
                for one in (cached, cached, application)
            ]

        first, again, plain = self.loop.run(scenario())
        for received, is_over in (first, again):
            assert is_over == plain[1]
            if patiently or not is_over:
                assert received == plain[0]
            else:
                one, other = sorted([received, plain[0]], key=len)
                assert other.startswith(one.partition(REFUSAL)[0])
        return plain


@pytest.fixture(scope="module")
def pair() -> Iterator[ServerPair]:
    """Open both servers, and wait for the final compression."""
    library = SampleReader(current=samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED]))
    with ThreadPoolExecutor(1) as compressor, asyncio.Runner() as loop:
        feed_cache = FeedCache(samples.SERVICE_INFO, executor=compressor)
        app = create_app(library, feed_cache, samples.SERVICE_INFO, HttpPolicy())
        without = MemoryServer(app, with_response_cache=False)

        async def prepare() -> list[bytes]:
            for target in FEEDS:
                request = get_request(target, "Accept-Encoding: br")
                while header((await without.send(request))[0], "content-encoding") != "br":  # noqa: ASYNC110 — HTTP has no event
                    await asyncio.sleep(0.001)
            wanted = [
                get_request(FEEDS[0], f"Accept-Encoding: {one}")
                for one in ("br", "gzip", "identity")
            ]
            return [(await without.send(one))[0] for one in wanted]

        known = loop.run(prepare())
        yield ServerPair(
            loop=loop,
            with_cache=MemoryServer(app),
            without=without,
            tags=tuple(header(one, "etag") for one in known),
            moment=header(known[0], "last-modified"),
        )


PLACES: Final = {"{br}": 0, "{gzip}": 1, "{identity}": 2}
CODINGS: Final = (
    *("gzip", "br", "gzip, deflate, br", "gzip;q=0", "br;q=0, gzip;q=0.5", "*", "*;q=0", ""),
    *("identity", "identity;q=0", "GZIP", " gzip ", "gzip;q=2", "x-gzip", "deflate, zstd"),
)
TAGS: Final = (
    *("{br}", "{gzip}", "{identity}", "W/{gzip}", '"other", {br}', "*", " * ", "", '"', "{gzip},"),
)
FIELDS: Final = (
    *(f"Accept-Encoding: {one}" for one in CODINGS),
    *(f"If-None-Match: {one}" for one in TAGS),
    *(f"If-Modified-Since: {one}" for one in ("{moment}", "yesterday", "", "0")),
    *(f"Connection: {one}" for one in ("keep-alive", "Keep-Alive", "close", "close, te", "te", "")),
    *("Content-Length: 0", "Content-Length: 3", "Transfer-Encoding: chunked", "Range: bytes=0-9"),
    *("Expect: 100-continue", "Upgrade: h2c", "Connection: Upgrade", "TE: trailers"),
    *("Host: another", "Host:", "Cookie: a=b", "Authorization: Bearer x", "Accept: text/html"),
    *("X-Forwarded-For: 198.51.100.1", "User-Agent: \xe9", "X:", "X:  y\t", "If-Match: *"),
    *("X : y", " folded", "no colon", ": no name", "X: \0", "X: \x7f", "X: a\rb", "X: a\nb"),
)
"""Most are harmless, so that often all are."""

requests = st.builds(
    lambda method, target, version, host, fields, end: (
        "\r\n".join([f"{method} {target} HTTP/{version}", *host, *fields]) + end
    ).encode("latin-1"),
    st.sampled_from(["GET"] * 8 + ["HEAD", "HEAD", "POST", "OPTIONS", "get", "QUERY"]),
    st.sampled_from(FEEDS * 3 + NO_FEEDS),
    st.sampled_from(["1.1"] * 9 + ["1.0", "1.2", "2.0"]),
    st.sampled_from([["Host: x"]] * 9 + [[]]),
    st.lists(st.sampled_from(FIELDS[:-8] * 3 + FIELDS[-8:]), max_size=5),
    st.sampled_from(["\r\n\r\n"] * 12 + ["\n\n", "\r\n", "\r\n\r\n\r\n", "\r\n\r\nabc"]),
)


def filled(request: bytes, pair: ServerPair) -> bytes:
    """Return ``request`` with the tags and the date of the feed."""
    for place, number in PLACES.items():
        request = request.replace(place.encode(), pair.tags[number].encode())
    return request.replace(b"{moment}", pair.moment.encode())


@pytest.mark.slow
@given(
    requested=st.lists(requests, min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 400), max_size=3),
    patiently=st.booleans(),
)
def test_responses_to_any_requests_are_equal(
    pair: ServerPair, requested: list[bytes], cuts: list[int], patiently: bool
) -> None:
    """Of any form, one after the other or at once, in one piece or several."""
    chunks = [filled(one, pair) for one in requested]
    pair.compare(*chunks, patiently=patiently)
    complete = b"".join(chunks)
    ends = [0, *sorted(cuts), len(complete)]
    pair.compare(*(complete[start:end] for start, end in pairwise(ends)))


@pytest.mark.slow
@given(requested=requests, place=st.integers(0, 200), byte=st.binary(min_size=1, max_size=2))
def test_responses_to_requests_with_a_changed_byte_are_equal(
    pair: ServerPair, requested: bytes, place: int, byte: bytes
) -> None:
    """Also where a head is nearly cacheable."""
    sent = filled(requested, pair)
    pair.compare(sent[:place] + byte + sent[place + 1 :], get_request())


READERS: Final = {
    "feedparser": (
        "User-Agent: feedparser/6.0.12 +https://github.com/kurtmckee/feedparser/",
        "Accept-Encoding: gzip, deflate",
        "Accept: application/atom+xml,application/rss+xml,application/xml;q=0.9,*/*;q=0.1",
        "A-IM: feed",
        "Connection: close",
    ),
    "requests": (
        "User-Agent: python-requests/2.34.2",
        "Accept-Encoding: gzip, deflate",
        "Accept: */*",
        "Connection: keep-alive",
    ),
    "Miniflux": (
        "User-Agent: Mozilla/5.0 (compatible; Miniflux/2.2.5; +https://miniflux.app)",
        "Accept: application/atom+xml, application/rss+xml, application/feed+json, */*;q=0.1",
        "Accept-Encoding: br,gzip",
        "Connection: close",
    ),
    "FreshRSS": (
        "User-Agent: FreshRSS/1.24.0 (Linux; https://freshrss.org)",
        "Accept: application/atom+xml, application/rss+xml, text/html;q=0.5, */*;q=0.1",
        "Accept-Encoding: deflate, gzip, br, zstd",
        "Referer: https://reader.example/",
    ),
    "NetNewsWire": (
        "Accept: */*",
        "User-Agent: NetNewsWire (RSS Reader; https://netnewswire.com/)",
        "Accept-Language: en-US,en;q=0.9",
        "Accept-Encoding: gzip, deflate",
        "Connection: keep-alive",
    ),
    "Go": ("User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip"),
    "curl": ("User-Agent: curl/7.88.1", "Accept: */*"),
    "Newsboat": (
        "User-Agent: newsboat/2.32.0 (Linux x86_64)",
        "Accept: */*",
        "Accept-Encoding: deflate, gzip, br, zstd",
        "A-IM: feed",
    ),
    "Feedbin": (
        "Accept-Encoding: gzip,deflate,br",
        "User-Agent: Feedbin feed-id:1 - 12 subscribers",
        "Connection: keep-alive",
    ),
    "a browser": (
        "Connection: keep-alive",
        'sec-ch-ua: "Chromium";v="130"',
        "Upgrade-Insecure-Requests: 1",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Sec-Fetch-Mode: navigate",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-US,en;q=0.9",
    ),
    "behind nginx": (
        "X-Forwarded-For: 198.51.100.7",
        "X-Forwarded-Proto: https",
        "X-Request-Id: 3f7a",
        "Accept-Encoding: gzip",
    ),
}
"""The header fields that programs send with a feed's address, after Host."""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("feed_format", FORMATS)
def test_requests_of_real_feed_readers_are_cached(
    pair: ServerPair, reader: str, feed_format: str
) -> None:
    """The feed first, then the responses to their conditions, without the application."""
    target = f"/feeds/all.{feed_format}"
    first, _ = pair.compare(get_request(target, *READERS[reader]))
    assert status(first) == 200
    tag, moment = header(first, "etag"), header(first, "last-modified")
    conditions = (f"If-None-Match: {tag}", f"If-Modified-Since: {moment}")
    for condition in (conditions[:1], conditions[1:], conditions):
        known, _ = pair.compare(get_request(target, *READERS[reader], *condition))
        assert status(known) == 304
        times = pair.with_cache.counting_app.calls
        assert (
            pair.loop.run(pair.with_cache.send(get_request(target, *READERS[reader], *condition)))[
                0
            ]
            == known
        )
        assert pair.with_cache.counting_app.calls == times
