"""The transport against receivers that fail in every way, on both event loops."""

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


async def test_a_plain_answer_is_a_value(transport: Transport) -> None:
    """Status, the headers that matter, body, the address dialled and the time it took."""
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
    ("500", respond(500), "status", "the answer was 500", 500),
    ("404", respond(404), "status", "the answer was 404", 404),
    ("hang", never_respond, "timeout", "no complete answer within 0.3 s", None),
    ("slow head", drip(OK), "timeout", "no complete answer", None),
    ("slow body", drip_after(OK + b"content-length: 999\r\n\r\n"), "timeout", "no complete", 200),
    ("hang up", hang_up, "broken", "lost before an answer came", None),
    ("reset", reset(), "broken", "lost before an answer came", None),
    ("reset in head", reset(OK), "broken", "lost in the middle", None),
    ("cut head", respond_raw(OK + b"x: y\r\n", close=True), "broken", "lost in the middle", None),
    ("cut line", respond_raw(b"HTTP/1.1 20", close=True), "broken", "lost in the middle", None),
    (
        "cut body",
        respond_raw(OK + b"content-length: 9\r\n\r\nabc", close=True),
        "broken",
        "breaks off",
        200,
    ),
    ("reset in body", reset(OK + b"content-length: 9\r\n\r\nabc"), "broken", "breaks off", 200),
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
async def test_every_fault_ends_as_a_value(
    transport: Transport, behaviour: Behaviour, cause: FailureCause, error: str, status: int | None
) -> None:
    """Whatever a receiver does, the sender goes on with a cause and a sentence, within its time."""
    async with run_receiver(behaviour) as receiver, asyncio.timeout(10 * TIMEOUT):
        got = await post(transport, receiver.url())
    assert (got.cause, got.status, got.ip_address) == (cause, status, "127.0.0.1")
    assert error in got.error
    assert "\n" not in got.error
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(transport: Transport, status: int) -> None:
    """A redirect is a failure that says where it pointed; nobody is asked there."""
    async with run_receiver(respond()) as elsewhere:
        async with run_receiver(respond(status, location=elsewhere.url())) as receiver:
            got = await post(transport, receiver.url())
        assert (got.cause, got.status) == ("status", status)
        assert got.error == f"the answer was {status} and redirects are not followed"
        assert dict(got.headers)["location"] == elsewhere.url()
        assert elsewhere.connections == 0


async def test_an_endless_answer_is_cut(transport: Transport) -> None:
    """16 kB are read, the rest is refused with the connection; the answer still counts."""
    async with run_receiver(respond_endlessly) as receiver:
        got = await post(transport, receiver.url())
        again = await post(transport, receiver.url())
        assert receiver.connections == 2
    assert (got.status, got.cause, len(got.body)) == (200, "", MAX_RESPONSE_BYTES)
    assert again.status == 200


async def test_a_bomb_is_not_inflated(transport: Transport) -> None:
    """What arrives compressed is kept as it came."""
    bomb = gzip.compress(bytes(10_000_000))
    async with run_receiver(respond(200, bomb, content_encoding="gzip")) as receiver:
        got = await post(transport, receiver.url())
    assert (got.cause, got.body) == ("", bomb)


async def test_memory_stays_flat(transport: Transport) -> None:
    """Many endless answers at once need little more than their 16 kB each."""
    async with run_receiver(respond_endlessly) as receiver:
        await post(transport, receiver.url())
        tracemalloc.start()
        try:
            await asyncio.gather(*(post(transport, receiver.url()) for _ in range(30)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 30 * 1_000_000


async def test_connections_are_kept(transport: Transport) -> None:
    """One request after the other takes the same connection."""
    async with run_receiver(respond()) as receiver:
        for _ in range(5):
            assert (await post(transport, receiver.url())).cause == ""
        assert receiver.connections == 1


@pytest.mark.parametrize("end", [hang_up, reset()], ids=["closed", "reset"])
async def test_a_kept_connection_that_died_is_replaced_at_once(
    transport: Transport, end: Behaviour
) -> None:
    """No byte of an answer came, so the request is sent once more, over a new connection."""
    async with run_receiver(respond(), end, respond()) as receiver:
        assert (await post(transport, receiver.url())).status == 204
        assert (await post(transport, receiver.url())).status == 204
        assert (len(receiver.requests), receiver.connections) == (3, 2)


async def test_it_is_replaced_once_only(transport: Transport) -> None:
    """If the new connection dies as well, that is the receiver's failure."""
    async with run_receiver(respond(), hang_up) as receiver:
        await post(transport, receiver.url())
        got = await post(transport, receiver.url())
        assert got.error == "the connection was lost before an answer came"
        assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    "end", [respond_raw(b"HTTP/1.1 2", close=True), reset(OK)], ids=["cut", "reset"]
)
async def test_an_answer_that_began_is_not_asked_for_again(
    transport: Transport, end: Behaviour
) -> None:
    """Once a byte came, the receiver may have acted: the schedule decides when to ask again."""
    async with run_receiver(respond(), end, respond()) as receiver:
        await post(transport, receiver.url())
        assert (await post(transport, receiver.url())).cause == "broken"
        assert len(receiver.requests) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_new_connection_that_dies_is_not_replaced(
    transport: Transport, method: str
) -> None:
    """The first request to a host is sent once, whatever its method."""
    async with run_receiver(hang_up) as receiver:
        assert (await transport.send(method, receiver.url(), {})).cause == "broken"
        assert len(receiver.requests) == 1


class Short(SsrfGuard):
    """Has no socket to give, as where too many files are open."""

    @override
    def socket(self, info: AddrInfoType) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")


async def test_what_we_are_short_of_is_no_fault_of_the_receiver() -> None:
    """Nothing was sent, so it is no attempt either."""
    guard = Short(allow_networks=LOOPBACK, allow_http=True)
    async with Transport(guard, samples.SERVICE_INFO) as transport:
        got = await post(transport, "http://127.0.0.1:9/")
    assert (got.cause, got.error) == ("busy", "no connection can be opened here at the moment")


async def test_nobody_listening_is_no_connection(transport: Transport) -> None:
    """The system's own words say what went wrong."""
    async with run_receiver(respond()) as receiver:
        url = receiver.url()
    got = await post(transport, url)
    assert (got.cause, got.error) == ("connect", "no connection: Connection refused")
    assert got.ip_address == "127.0.0.1"


async def test_a_large_request_that_nobody_reads_ends_in_time(transport: Transport) -> None:
    """An answer before the end of the request counts; a receiver that only listens does not."""
    body = bytes(900_000)
    async with run_receiver(never_respond) as deaf:
        assert (await post(transport, deaf.url(), body)).cause == "timeout"


async def test_cookies_are_forgotten(transport: Transport) -> None:
    """What one answer wants us to remember is not told to the next."""
    async with run_receiver(respond(set_cookie="a=b; Path=/")) as receiver:
        for _ in range(2):
            await post(transport, receiver.url())
        assert "cookie" not in receiver.requests[1].headers


async def test_the_environment_does_not_matter(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is not taken."""
    async with run_receiver(respond()) as proxy, run_receiver(respond()) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert (await post(transport, receiver.url())).cause == ""
        assert proxy.connections == 0


async def test_one_host_holds_up_its_own_requests_only(tls: ssl.SSLContext) -> None:
    """Once all its connections hang, more requests to a host are put off; others are not."""
    both_under_way = asyncio.Barrier(3)

    async def stick(received: Received, writer: asyncio.StreamWriter) -> None:
        await both_under_way.wait()
        await never_respond(received, writer)

    guard = SsrfGuard(allow_networks=LOOPBACK, allow_http=True)
    async with (
        Transport(
            guard, samples.SERVICE_INFO, timeout_seconds=1.2, tls=tls, connections_per_host=2
        ) as transport,
        run_receiver(stick) as stuck,
        run_receiver(respond()) as well,
    ):
        waiting = [asyncio.create_task(post(transport, stuck.url())) for _ in range(3)]
        await both_under_way.wait()
        assert (await post(transport, well.url())).cause == ""
        assert not any(task.done() for task in waiting)
        got = await asyncio.gather(*waiting)
    assert [one.cause for one in got] == ["timeout", "timeout", "busy"]
    assert got[2].error == "2 requests to this host are under way"


@pytest.fixture(scope="session")
def stranger() -> CertificateAuthority:
    """Return an authority that nobody trusts."""
    return CertificateAuthority.make("Stranger")


async def test_a_good_certificate_is_accepted(
    transport: Transport, certificate_authority: CertificateAuthority
) -> None:
    """TLS to an address or a name whose certificate an authority vouches for."""
    async with run_receiver(respond(), tls=certificate_authority.server_context()) as receiver:
        assert (await post(transport, receiver.url())).cause == ""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unknown authority", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
        ("expired", "certificate has expired"),
        ("wrong host", "IP address mismatch, certificate is not valid for '127.0.0.1'."),
        ("old protocol", "protocol version|reset by peer|without a word"),
        ("no TLS at all", "wrong version number"),
    ],
)
async def test_a_bad_certificate_is_refused(
    transport: Transport,
    certificate_authority: CertificateAuthority,
    stranger: CertificateAuthority,
    kind: str,
    words: str,
) -> None:
    """Nothing is sent to a receiver whose identity is in doubt."""
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


async def test_a_handshake_that_hangs_ends_in_time(transport: Transport) -> None:
    """A port that accepts and says nothing costs no more than any other hanging receiver."""
    async with run_receiver(never_respond) as receiver:
        got = await post(transport, receiver.url().replace("http:", "https:"))
    assert got.cause == "timeout"


async def test_connecting_has_a_time_of_its_own(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that does not take the connection is given up sooner than one that thinks."""
    monkeypatch.setattr("syndicate.channels.transport.CONNECT_TIMEOUT_SECONDS", 0.1)
    guard = SsrfGuard(allow_networks=LOOPBACK)
    async with (
        run_receiver(never_respond) as receiver,
        Transport(guard, samples.SERVICE_INFO, timeout_seconds=30, tls=tls) as transport,
    ):
        got = await post(transport, receiver.url().replace("http:", "https:"))
    assert got.cause == "connect"
    assert got.error.startswith("no connection in time")
