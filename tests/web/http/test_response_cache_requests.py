"""Forms of request smuggling: none is cacheable, and the cache changes no response."""

import asyncio
import re
from typing import Final

import pytest

from syndicate.web.http.response_cache import parse_cacheable
from syndicate.web.http.server import uvloop_runner
from tests.web.app_client import app_client
from tests.web.http.live_server import serve_app
from tests.web.http.memory_connection import MemoryServer, get_request, header

LINE: Final = b"GET /feeds/all.json HTTP/1.1\r\n"
HOST: Final = b"Host: x\r\n"
HEAD: Final = LINE + HOST
END: Final = b"\r\n"
HIDDEN: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
"""What somebody wants to get past a proxy."""

LAST: Final = b"GET /feeds/all.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""The next request on the same connection, whose response is cached."""

CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
LENGTH: Final = b"Content-Length: %d\r\n" % len(HIDDEN)

FORMS: Final[dict[str, tuple[bytes, list[int]]]] = {
    "length and chunks": (HEAD + LENGTH + CHUNKED + END + b"0\r\n\r\n", [400]),
    "chunks and length": (HEAD + CHUNKED + LENGTH + END + b"0\r\n\r\n", [400]),
    "chunks": (HEAD + CHUNKED + END + b"0\r\n\r\n", [200, 200]),
    "chunks of another kind": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n", []),
    "chunks with a space": (HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", [400]),
    "a length": (HEAD + LENGTH + END + HIDDEN, [200, 200]),
    "no length": (HEAD + b"Content-Length: 0\r\n\r\n" + HIDDEN, [200, 200, 200]),
    "two lengths": (HEAD + b"Content-Length: 0\r\n" + LENGTH + END + HIDDEN, [400]),
    "a list of lengths": (HEAD + b"Content-Length: 0, 35\r\n\r\n" + HIDDEN, [400]),
    "a length with a sign": (HEAD + b"Content-Length: +35\r\n\r\n" + HIDDEN, [400]),
    "a length with a space": (HEAD + b"Content-Length : 35\r\n\r\n" + HIDDEN, [400]),
    "a folded line": (HEAD + b"X: a\r\n b\r\n\r\n", [400]),
    "a folded first line": (LINE + b" X: a\r\n" + HOST + END, [400]),
    "bare line feeds": ((HEAD + END).replace(b"\r\n", b"\n"), [400]),
    "bare line feeds at the end": (HEAD + b"X: y\n\n", [400]),
    "a bare line feed": (HEAD + b"X: y\nContent-Length: 35\r\n\r\n" + HIDDEN, [400]),
    "a bare carriage return": (HEAD + b"X: y\rContent-Length: 35\r\n\r\n" + HIDDEN, [400]),
    "NUL in a value": (HEAD + b"X: y\0z\r\n\r\n", [400]),
    "NUL in a name": (HEAD + b"X\0: y\r\n\r\n", [400]),
    "a control character": (HEAD + b"X: y\x01z\r\n\r\n", [400]),
    "no name": (HEAD + b": y\r\n\r\n", [400]),
    "no colon": (HEAD + b"word\r\n\r\n", [400]),
    "two hosts": (HEAD + b"Host: y\r\n\r\n", [400, 200]),
    "no host": (LINE + b"X: y\r\n\r\n", [400, 200]),
    "an empty host": (LINE + b"Host:\r\n\r\n", [200, 200]),
    "absolute form": (b"GET http://x/feeds/all.json HTTP/1.1\r\n" + HOST + END, [200, 200]),
    "authority in the path": (b"GET //x/feeds/all.json HTTP/1.1\r\n" + HOST + END, [404, 200]),
    "lower case": (LINE.lower() + HOST + END, [400]),
    "POST": (LINE.replace(b"GET", b"POST") + HOST + END, [405, 200]),
    "HTTP/1.0": (LINE.replace(b"1.1", b"1.0") + HOST + END, [200]),
    "HTTP/0.9": (b"GET /feeds/all.json\r\n\r\n", [200]),
    "HTTP/2.0": (LINE.replace(b"1.1", b"2.0") + HOST + END, [200]),
    "HTTP/1.10": (LINE.replace(b"1.1", b"1.10") + HOST + END, [400]),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "two spaces": (LINE.replace(b"GET", b"GET ") + HOST + END, [200, 200]),
    "tabs": (LINE.replace(b" ", b"\t") + HOST + END, [400]),
    "a space in the address": (LINE.replace(b" HTTP", b" x HTTP") + HOST + END, [400]),
    "a fragment": (LINE.replace(b" HTTP", b"#x HTTP") + HOST + END, [200, 200]),
    "a byte of Latin-1 in the address": (LINE.replace(b" HTTP", b"?\xe9 HTTP") + HOST + END, [400]),
    "an empty line before": (END + HEAD + END, [200, 200]),
    "an empty line after": (HEAD + END + END, [200, 200]),
    "a byte after": (HEAD + END + b"x", []),
    "another request": (HEAD + END + HIDDEN, [200, 200, 200]),
    "three times the same": ((HEAD + END) * 3, [200, 200, 200, 200]),
    "an expectation": (HEAD + b"Expect: 100-continue\r\n\r\n", [200, 200]),
    "two ways to go on": (HEAD + b"Connection: keep-alive\r\nConnection: close\r\n\r\n", [200]),
    "a list of ways to go on": (HEAD + b"Connection: keep-alive, close\r\n\r\n", [200]),
    "what proxies say to each other": (HEAD + b"Proxy-Connection: close\r\n\r\n", [200]),
    "a range": (HEAD + b"Range: bytes=0-9\r\n\r\n", [200, 200]),
    "credentials": (HEAD + b"Authorization: Bearer syn_x\r\n\r\n", [200, 200]),
    "a head that is too long": (
        HEAD + b"X: %b\r\n\r\n" % bytes(2_048).replace(b"\0", b"x"),
        [200, 200],
    ),
}


@pytest.mark.parametrize("feed_format", FORMS)
def test_smuggled_requests_are_not_cacheable(feed_format: str) -> None:
    """From the first byte to the last."""
    assert parse_cacheable(FORMS[feed_format][0]) is None


@pytest.mark.parametrize("feed_format", FORMS)
async def test_responses_to_smuggled_requests_are_equal(feed_format: str) -> None:
    """However they are split, and whatever the cache has responded before."""
    app = app_client().app
    sent = FORMS[feed_format][0]
    cuts = [(sent,), (sent[:17], sent[17:]), tuple(sent[n : n + 9] for n in range(0, len(sent), 9))]

    with_cache, without = MemoryServer(app), MemoryServer(app, with_response_cache=False)
    await with_cache.send(HEAD + END)
    await with_cache.send(LAST)
    for chunks in cuts:
        for before in ((), (HEAD + END,)):
            responses = [await one.send(*before, *chunks, LAST) for one in (with_cache, without)]
            assert responses[0] == responses[1]


async def talk(url: str, sent: bytes) -> bytes:
    """Return all that is received after a cacheable request and ``sent`` on one connection."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(HEAD + END)
    await reader.readexactly(int(header(await reader.readuntil(b"\r\n\r\n"), "content-length")))
    writer.write(sent)
    received = await reader.read()
    writer.close()
    return received


def test_smuggled_requests_get_the_expected_statuses_over_a_socket() -> None:
    """From the real server, after the responses have been stored."""

    async def scenario() -> None:
        async with serve_app(app_client().app) as url:
            for _ in range(2):
                await talk(url, LAST)
            for feed_format, (sent, statuses) in FORMS.items():
                received = await talk(url, sent + LAST)
                found = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+) ", received)]
                assert (feed_format, found) == (feed_format, statuses)

    with uvloop_runner() as loop:
        loop.run(scenario())


def test_plain_requests_are_cacheable() -> None:
    """Otherwise the tests above would prove nothing."""
    assert parse_cacheable(HEAD + END) is not None
    assert parse_cacheable(LAST) is not None
    assert (
        parse_cacheable(get_request("/feeds/all.rss?category=tts&limit=5", "If-None-Match: *"))
        is not None
    )
