"""The transport with receivers that fail in every way, on both event loops."""

import asyncio
import errno
import gzip
import re
import socket
import ssl
import tracemalloc
import warnings
from dataclasses import replace

import pytest
from aiohttp import AddrInfoType
from typing_extensions import override

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import MAX_RESPONSE_BYTES, ResponseSummary, Transport
from syndicate.model.delivery import FailureCause
from tests import samples
from tests.channels.certificates import CertificateAuthority
from tests.channels.conftest import LOOPBACK, TIMEOUT
from tests.channels.receiver import (
    Behaviour,
    Received,
    drip,
    drip_after,
    hang_up,
    never_respond,
    reset,
    respond,
    respond_endlessly,
    respond_raw,
    run_receiver,
)

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
GREETING = b"HTTP/1.1 400 Bad Request\r\n\r\n"


async def post(transport: Transport, url: str, body: bytes = b"{}") -> ResponseSummary:
    """Send a request such as a webhook's."""
    return await transport.send("POST", url, {"content-type": "application/json"}, body)


async def test_response_is_returned_as_a_value(transport: Transport) -> None:
    """Status, recorded headers, body, dialled IP address and duration."""
    async with run_receiver(respond(202, b"thanks", retry_after="7", x_other="1")) as receiver:
        got = await post(transport, receiver.url("/%7eme?a=%2F&b=c+d"))
    assert replace(got, took_ms=0) == ResponseSummary(
        status=202, headers=(("retry-after", "7"),), body=b"thanks", ip_address="127.0.0.1"
    )
    assert got.took_ms >= 0
    received = receiver.requests[0]
    assert (received.method, received.target, received.body) == (
        "POST",
        "/%7eme?a=%2F&b=c+d",
        b"{}",
    )
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "content-type": "application/json",
        "content-length": "2",
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "syndicate/0.1.0 (+https://feeds.example.gov/about)",
    }


FAULTS: list[tuple[str, Behaviour, FailureCause, str, int | None]] = [
    ("500", respond(500), "status", "the response status was 500", 500),
    ("404", respond(404), "status", "the response status was 404", 404),
    ("hang", never_respond, "timeout", "no complete response within 0.3 s", None),
    ("slow head", drip(OK), "timeout", "no complete response", None),
    ("slow body", drip_after(OK + b"content-length: 999\r\n\r\n"), "timeout", "no complete", 200),
    ("hang up", hang_up, "broken", "lost before a response arrived", None),
    ("reset", reset(), "broken", "lost before a response arrived", None),
    ("reset in head", reset(OK), "broken", "during the response", None),
    (
        "cut head",
        respond_raw(OK + b"x: y\r\n", close=True),
        "broken",
        "during the response",
        None,
    ),
    ("cut line", respond_raw(b"HTTP/1.1 20", close=True), "broken", "during the response", None),
    (
        "cut body",
        respond_raw(OK + b"content-length: 9\r\n\r\nabc", close=True),
        "broken",
        "incomplete response",
        200,
    ),
    ("reset in body", reset(OK + b"content-length: 9\r\n\r\nabc"), "broken", "incomplete", 200),
    (
        "nothing but noise",
        respond_raw(b"\x00\x01\x02\r\n\r\n", close=True),
        "broken",
        "not HTTP",
        None,
    ),
    (
        "another protocol",
        respond_raw(b"SSH-2.0-OpenSSH_9.2\r\n", close=True),
        "broken",
        "not HTTP",
        None,
    ),
    (
        "status of letters",
        respond_raw(b"HTTP/1.1 abc OK\r\n\r\n", close=True),
        "broken",
        "not HTTP",
        None,
    ),
    ("endless line", respond_raw(OK + b"x: " + b"y" * 99_999), "broken", "not HTTP", None),
    (
        "bad chunk",
        respond_raw(OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n"),
        "broken",
        "not HTTP",
        200,
    ),
    (
        "two lengths",
        respond_raw(OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        "broken",
        "",
        None,
    ),
]


@pytest.mark.parametrize(
    ("behaviour", "cause", "error", "status"),
    [fault[1:] for fault in FAULTS],
    ids=[fault[0] for fault in FAULTS],
)
async def test_every_failure_is_returned_as_a_value(
    transport: Transport, behaviour: Behaviour, cause: FailureCause, error: str, status: int | None
) -> None:
    """With a cause and a sentence, within the timeout."""
    async with run_receiver(behaviour) as receiver, asyncio.timeout(10 * TIMEOUT):
        got = await post(transport, receiver.url())
    assert (got.cause, got.status, got.ip_address) == (cause, status, "127.0.0.1")
    assert error in got.error
    assert "\n" not in got.error
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(transport: Transport, status: int) -> None:
    """A redirect is a failure that records its location."""
    async with run_receiver(respond()) as elsewhere:
        async with run_receiver(respond(status, location=elsewhere.url())) as receiver:
            got = await post(transport, receiver.url())
        assert (got.cause, got.status) == ("status", status)
        assert got.error == f"the response status was {status}; redirects are not followed"
        assert dict(got.headers)["location"] == elsewhere.url()
        assert elsewhere.connections == 0


async def test_endless_body_is_cut(transport: Transport) -> None:
    """After 16 kB the connection is closed; the response still counts."""
    async with run_receiver(respond_endlessly) as receiver:
        got = await post(transport, receiver.url())
        again = await post(transport, receiver.url())
        assert receiver.connections == 2
    assert (got.status, got.cause, len(got.body)) == (200, "", MAX_RESPONSE_BYTES)
    assert again.status == 200


async def test_compressed_body_is_not_decompressed(transport: Transport) -> None:
    """The body is stored as received."""
    bomb = gzip.compress(bytes(10_000_000))
    async with run_receiver(respond(200, bomb, content_encoding="gzip")) as receiver:
        got = await post(transport, receiver.url())
    assert (got.cause, got.body) == ("", bomb)


async def test_memory_is_bounded(transport: Transport) -> None:
    """Many concurrent endless responses need little more than 16 kB each."""
    async with run_receiver(respond_endlessly) as receiver:
        await post(transport, receiver.url())
        tracemalloc.start()
        try:
            await asyncio.gather(*(post(transport, receiver.url()) for _ in range(30)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 30 * 1_000_000


async def test_connections_are_reused(transport: Transport) -> None:
    """Successive requests use the same connection."""
    async with run_receiver(respond()) as receiver:
        for _ in range(5):
            assert (await post(transport, receiver.url())).cause == ""
        assert receiver.connections == 1


@pytest.mark.parametrize("end", [hang_up, reset()], ids=["closed", "reset"])
async def test_closed_pooled_connection_is_replaced(transport: Transport, end: Behaviour) -> None:
    """No byte of a response arrived, so the request is sent once more over a new connection."""
    async with run_receiver(respond(), end, respond()) as receiver:
        assert (await post(transport, receiver.url())).status == 204
        assert (await post(transport, receiver.url())).status == 204
        assert (len(receiver.requests), receiver.connections) == (3, 2)


async def test_closed_pooled_connection_is_replaced_once(transport: Transport) -> None:
    """If the new connection is closed as well, the receiver failed."""
    async with run_receiver(respond(), hang_up) as receiver:
        await post(transport, receiver.url())
        got = await post(transport, receiver.url())
        assert got.error == "the connection was lost before a response arrived"
        assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    "end", [respond_raw(b"HTTP/1.1 2", close=True), reset(OK)], ids=["cut", "reset"]
)
async def test_started_response_is_not_requested_again(
    transport: Transport, end: Behaviour
) -> None:
    """The receiver may have acted: the retry schedule applies."""
    async with run_receiver(respond(), end, respond()) as receiver:
        await post(transport, receiver.url())
        assert (await post(transport, receiver.url())).cause == "broken"
        assert len(receiver.requests) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_closed_new_connection_is_not_replaced(transport: Transport, method: str) -> None:
    """The first request to a host is sent once, with any method."""
    async with run_receiver(hang_up) as receiver:
        assert (await transport.send(method, receiver.url(), {})).cause == "broken"
        assert len(receiver.requests) == 1


class Short(SsrfGuard):
    """Has no socket to give, as where too many files are open."""

    @override
    def socket(self, info: AddrInfoType) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")


async def test_local_resource_shortage_is_no_failure_of_the_receiver() -> None:
    """Nothing was sent, so no attempt counts."""
    ssrf_guard = Short(allow_networks=LOOPBACK, allow_http=True)
    async with Transport(ssrf_guard, samples.SERVICE_INFO) as transport:
        got = await post(transport, "http://127.0.0.1:9/")
    assert (got.cause, got.error) == ("busy", "this host cannot open another connection at present")


async def test_refused_connection_has_the_system_error(transport: Transport) -> None:
    """The error text is that of the operating system."""
    async with run_receiver(respond()) as receiver:
        url = receiver.url()
    got = await post(transport, url)
    assert (got.cause, got.error) == ("connect", "no connection: Connection refused")
    assert got.ip_address == "127.0.0.1"


async def test_unread_request_ends_in_time(transport: Transport) -> None:
    """A response before the end of the request counts; a receiver that only listens times out."""
    body = bytes(900_000)
    async with run_receiver(never_respond) as deaf:
        assert (await post(transport, deaf.url(), body)).cause == "timeout"


async def test_cookies_are_not_stored(transport: Transport) -> None:
    """Those of one response are not sent with the next request."""
    async with run_receiver(respond(set_cookie="a=b; Path=/")) as receiver:
        for _ in range(2):
            await post(transport, receiver.url())
        assert "cookie" not in receiver.requests[1].headers


async def test_environment_is_ignored(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is not used."""
    async with run_receiver(respond()) as proxy, run_receiver(respond()) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert (await post(transport, receiver.url())).cause == ""
        assert proxy.connections == 0


async def test_unresponsive_host_delays_its_own_requests_only(tls: ssl.SSLContext) -> None:
    """When all its connections are in use, further requests to it are deferred; others are not."""
    both_under_way = asyncio.Barrier(3)

    async def stick(received: Received, writer: asyncio.StreamWriter) -> None:
        await both_under_way.wait()
        await never_respond(received, writer)

    ssrf_guard = SsrfGuard(allow_networks=LOOPBACK, allow_http=True)
    async with (
        Transport(
            ssrf_guard, samples.SERVICE_INFO, timeout_seconds=1.2, tls=tls, connections_per_host=2
        ) as transport,
        run_receiver(stick) as stuck,
        run_receiver(respond()) as well,
    ):
        waiting = [asyncio.create_task(post(transport, stuck.url())) for _ in range(3)]
        await both_under_way.wait()
        assert (await post(transport, well.url())).cause == ""
        assert not any(task.done() for task in waiting)
        got = await asyncio.gather(*waiting)
    assert [response.cause for response in got] == ["timeout", "timeout", "busy"]
    assert got[2].error == "no more than 2 requests to this host at a time"


@pytest.fixture(scope="session")
def stranger() -> CertificateAuthority:
    """Return an authority that nobody trusts."""
    return CertificateAuthority.make("Stranger")


async def test_valid_certificate_is_accepted(
    transport: Transport, certificate_authority: CertificateAuthority
) -> None:
    """For an IP address and for a host name."""
    async with run_receiver(respond(), tls=certificate_authority.server_context()) as receiver:
        assert (await post(transport, receiver.url())).cause == ""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unknown authority", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
        ("expired", "certificate has expired"),
        ("wrong host", "IP address mismatch, certificate is not valid for '127.0.0.1'."),
        ("old protocol", "protocol version|reset by peer|no connection"),
        ("no TLS at all", "wrong version number"),
    ],
)
async def test_invalid_certificate_is_refused(
    transport: Transport,
    certificate_authority: CertificateAuthority,
    stranger: CertificateAuthority,
    kind: str,
    words: str,
) -> None:
    """Nothing is sent to an unverified receiver."""
    contexts = {
        "unknown authority": stranger.server_context(),
        "self-signed": certificate_authority.server_context(self_signed=True),
        "expired": certificate_authority.server_context(expired=True),
        "wrong host": certificate_authority.server_context("other.example"),
        "old protocol": certificate_authority.server_context(),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        contexts["old protocol"].maximum_version = ssl.TLSVersion.TLSv1_1
    async with run_receiver(respond(), tls=contexts.get(kind), initial_bytes=GREETING) as receiver:
        got = await post(transport, receiver.url().replace("http:", "https:"))
        assert receiver.requests == []
    assert got.status is None
    assert got.cause == "tls" or (kind, got.cause) == ("old protocol", "connect")
    assert re.search(words, got.error)


async def test_tls_handshake_has_a_timeout(transport: Transport) -> None:
    """A port that accepts and sends nothing costs as much as any other unresponsive receiver."""
    async with run_receiver(never_respond) as receiver:
        got = await post(transport, receiver.url().replace("http:", "https:"))
    assert got.cause == "timeout"


async def test_connecting_has_its_own_timeout(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shorter than that of a whole request."""
    monkeypatch.setattr("syndicate.channels.transport.CONNECT_TIMEOUT_SECONDS", 0.1)
    ssrf_guard = SsrfGuard(allow_networks=LOOPBACK)
    async with (
        run_receiver(never_respond) as receiver,
        Transport(ssrf_guard, samples.SERVICE_INFO, timeout_seconds=30, tls=tls) as transport,
    ):
        got = await post(transport, receiver.url().replace("http:", "https:"))
    assert got.cause == "connect"
    assert got.error.startswith("connecting timed out")
