"""SSRF guard: no request reaches an internal address, in any spelling."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network

import pytest

from syndicate.channels.ssrf_guard import FORBIDDEN_PORTS, MAX_URL_CHARACTERS, Lookup, SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.errors import Refused
from tests import samples
from tests.channels.certificates import CertificateAuthority
from tests.channels.conftest import LOOPBACK, TIMEOUT
from tests.channels.receiver import Receiver, respond, run_receiver, tunnel

pytestmark = pytest.mark.anyio

PUBLIC = {"93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"}
NAMES = {
    "public.example": sorted(PUBLIC),
    "xn--bcher-kva.example": ["93.184.215.14"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "private.example": ["10.1.2.3"],
    "metadata.example": ["169.254.169.254"],
    "metadata6.example": ["fd00:ec2::254"],
    "azure.example": ["168.63.129.16"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "nat64.example": ["64:ff9b::127.0.0.1"],
    "local-nat64.example": ["64:ff9b:1::127.0.0.1"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "teredo.example": ["2001:0:7f00:1::1"],
    "isatap.example": ["2a00::5efe:127.0.0.1"],
    "site.example": ["fec0::1"],
    "link.example": ["fe80::1%lo"],
    "multicast.example": ["224.0.0.1"],
    "any.example": ["0.0.0.0"],  # noqa: S104 — an answer of DNS
    "any6.example": ["::"],
    "mixed.example": ["93.184.215.14", "127.0.0.1"],
    "mixed-last.example": ["127.0.0.1", "93.184.215.14"],
    "mixed6.example": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::1"],
}


async def lookup(host: str, port: int) -> Sequence[str]:
    """Answer from `NAMES`, as DNS would."""
    assert port >= 0
    if host not in NAMES:
        raise OSError(socket.EAI_NONAME, "Name or service not known")
    return NAMES[host]


def rebinding(*answers: Sequence[str]) -> Lookup:
    """Return a name server that answers differently each time, the last for ever."""
    remaining = list(answers)

    async def lookup(_: str, __: int) -> Sequence[str]:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return lookup


LITERALS = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 — a target
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[2a00::5efe:127.0.0.1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[5f00::1]",
    "[3fff::1]",
]
ODD = [
    "127.1",
    "127.0.1",
    "0",
    "0x7f000001",
    "0x7F.1",
    "0x7f.0x0.0x0.0x1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "3232235521",
    "0xa9fea9fe",
    "127.0.0.1.",
    "127\u30020\u30020\u30021",
    "\uff11\uff12\uff17.0.0.1",
    "\u2460\u2461\u2466.0.0.1",
    "%31%32%37.0.0.1",
    "127.0.0.1%00.example",
    "127.0.0.1\\@public.example",
    "public.example\\@127.0.0.1",
    "public.example@127.0.0.1",
    "user:pass@127.0.0.1",
    "127.0.0.1#@public.example",
    "localhost",
    "LOCALHOST",
    "localhost.",
]
TARGETS = LITERALS + ODD + [name for name, answers in NAMES.items() if not set(answers) <= PUBLIC]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver that counts who connects."""
    async with run_receiver(respond()) as receiver:
        yield receiver


def test_at_least_sixty_targets_are_listed() -> None:
    """At least sixty forms of targets are tested."""
    assert len(set(TARGETS)) >= 60


@pytest.mark.parametrize("target", TARGETS)
async def test_internal_target_is_never_dialled(
    tls: ssl.SSLContext, receiver: Receiver, target: str
) -> None:
    """It is refused when subscribing and when sending, and the listener counts no connection."""
    known = lookup if target in NAMES else None
    host, _, rest = target.partition("#")
    url = f"http://{host}:{receiver.port}/{'#' if rest else ''}{rest}"
    async with Transport(
        SsrfGuard(allow_http=True, lookup=known),
        samples.SERVICE_INFO,
        timeout_seconds=TIMEOUT,
        tls=tls,
    ) as transport:
        got = await transport.send("POST", url, {}, b"{}")
        with pytest.raises(Refused):
            await SsrfGuard(allow_http=True, lookup=known).check_resolved(url)
    assert got.cause in {"refused", "name"}
    assert (got.ip_address, receiver.connections) == ("", 0)


async def test_dns_rebinding_is_refused(tls: ssl.SSLContext, receiver: Receiver) -> None:
    """A host name that was public when subscribing is checked again when sending."""
    ssrf_guard = SsrfGuard(allow_http=True, lookup=rebinding(["93.184.215.14"], ["127.0.0.1"]))
    url = receiver.url(host="rebinding.example")
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=tls
    ) as transport:
        await ssrf_guard.check_resolved(url)
        got = await transport.send("POST", url, {}, b"{}")
    assert (got.cause, receiver.connections) == ("refused", 0)
    assert got.error == (
        "no request may go to rebinding.example: 127.0.0.1 is not public: "
        "loopback (RFC 1122 section 3.2.1.3). "
        '[delivery] allow_networks = ["127.0.0.1/32"] would allow it.'
    )


async def test_dialled_ip_address_is_checked() -> None:
    """Even if a resolver were deceived, no socket is created for an internal address."""
    ssrf_guard = SsrfGuard()
    with pytest.raises(PermissionError, match=r"10\.0\.0\.1 is not public"):
        ssrf_guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443)))
    ssrf_guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))).close()


async def test_redirect_to_internal_address_is_not_followed(
    tls: ssl.SSLContext, receiver: Receiver
) -> None:
    """A public endpoint cannot redirect requests."""
    ssrf_guard = SsrfGuard(allow_http=True, allow_networks=[ip_network("127.0.0.2/32")])
    async with (
        run_receiver(respond(307, location=receiver.url()), host="127.0.0.2") as outside,
        Transport(ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=tls) as transport,
    ):
        got = await transport.send("POST", outside.url(host="127.0.0.2"), {}, b"{}")
    assert (got.status, receiver.connections) == (307, 0)


async def test_allowed_network_is_reached(tls: ssl.SSLContext, receiver: Receiver) -> None:
    """By IP address and by host name; addresses outside it are not."""
    ssrf_guard = SsrfGuard(allow_http=True, allow_networks=LOOPBACK, lookup=lookup)
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=tls
    ) as transport:
        for host in ("127.0.0.1", "loopback.example"):
            url = receiver.url(host=host)
            await ssrf_guard.check_resolved(url)
            assert (await transport.send("POST", url, {}, b"{}")).status == 204
        assert (await transport.send("POST", "http://10.0.0.1/", {})).cause == "refused"


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("http://public.example/", "forbidden-scheme", "the scheme is 'http', not https"),
        ("ftp://public.example/", "forbidden-scheme", "'ftp'"),
        ("file:///etc/passwd", "forbidden-scheme", "'file'"),
        ("public.example/hook", "forbidden-scheme", "''"),
        ("https://user@public.example/", "forbidden-part", "user name"),
        ("https://user:pass@public.example/", "forbidden-part", "user name"),
        ("https://public.example/#top", "forbidden-part", "fragment"),
        ("https://public.example/#", "forbidden-part", "fragment"),
        ("https://public.example:22/", "forbidden-port", "port 22 is reserved for SSH"),
        ("https://public.example:0/", "forbidden-port", "port 0 is reserved for nothing"),
        ("https://public.example:99999/", "malformed-url", "port 99999 is out of range"),
        ("https://", "malformed-url", "''"),
        ("https:///hook", "malformed-url", "''"),
        ("https://a b.example/", "malformed-url", "spaces"),
        ("https://public.example/\\x", "malformed-url", "backslashes"),
        ("https://public.example/\n", "malformed-url", "non-printable"),
        ("https://*.example/", "malformed-url", "not a host name"),
        ("https://xn--/", "unknown-host", "xn--"),
        ("https://8.8/", "malformed-url", "8.8 is an unusual spelling of 8.0.0.8"),
        ("https://public.example/" + "x" * MAX_URL_CHARACTERS, "malformed-url", "longer than 2000"),
        ("https://10.1.2.3/", "forbidden-address", "10.1.2.3 is not public: private use"),
        ("https://mixed.example/", "forbidden-address", "mixed.example: 127.0.0.1 is not public"),
        ("https://nowhere.example/", "unknown-host", "Name or service not known"),
    ],
)
async def test_refusal_has_code_message_and_hint(url: str, code: str, words: str) -> None:
    """For programs and for people."""
    with pytest.raises(Refused) as refusal:
        await SsrfGuard(lookup=lookup).check_resolved(url)
    assert refusal.value.code == code
    assert words in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("url", "proxy", "own"),
    [
        ("http://127.0.0.1/", "", True),
        ("http://127.0.0.1/", "http://proxy.example:3128", True),
        ("http://loopback.example/", "", True),
        ("http://loopback.example/", "http://proxy.example:3128", False),
        ("http://public.example/", "", False),
    ],
)
async def test_allowed_networks_are_reported(url: str, proxy: str, own: bool) -> None:
    """True only for addresses allowed although not public; a proxy hides host names."""
    ssrf_guard = SsrfGuard(
        allow_networks=[ip_network("127.0.0.0/8")], allow_http=True, proxy=proxy, lookup=lookup
    )
    assert await ssrf_guard.check_resolved(url) is own


async def test_hint_names_the_setting() -> None:
    """It contains the line that allows the refused network."""
    with pytest.raises(Refused) as refusal:
        await SsrfGuard(lookup=lookup).check_resolved("https://mapped.example/")
    assert refusal.value.hint == '[delivery] allow_networks = ["127.0.0.1/32"] would allow it.'


@pytest.mark.parametrize(
    "url",
    [
        "https://public.example",
        "https://public.example:8443/hook?a=b&c=%2F",
        "https://PUBLIC.example/",
        "https://public.example./",
        "https://b\u00fccher.example/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    ],
)
async def test_public_endpoint_is_allowed(url: str) -> None:
    """Host names and IP addresses that are public pass."""
    await SsrfGuard(lookup=lookup).check_resolved(url)


async def test_dns_lookup_has_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """After it the host name counts as unknown."""

    async def never(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr("syndicate.channels.ssrf_guard._LOOKUP_TIMEOUT_SECONDS", 0.01)
    with pytest.raises(Refused, match="no response in time"):
        await SsrfGuard(lookup=never).check_resolved("https://public.example/")


async def test_system_resolver_is_the_default(tls: ssl.SSLContext, receiver: Receiver) -> None:
    """Lookups run off the event loop."""
    ssrf_guard = SsrfGuard(allow_http=True, allow_networks=LOOPBACK)
    async with Transport(ssrf_guard, samples.SERVICE_INFO, timeout_seconds=2, tls=tls) as transport:
        got = await transport.send("POST", receiver.url(host="localhost"), {}, b"{}")
        assert (got.status, got.ip_address) == (204, "127.0.0.1")
        got = await transport.send("POST", f"http://{'a' * 64}.example/", {}, b"{}")
        assert got.cause == "name"


async def test_dns_error_has_its_own_cause(tls: ssl.SSLContext) -> None:
    """DNS errors differ from errors of the receiver."""
    ssrf_guard = SsrfGuard(allow_http=True, lookup=lookup)
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=tls
    ) as transport:
        got = await transport.send("POST", "http://nowhere.example/", {}, b"{}")
    assert (got.cause, got.error) == (
        "name",
        "the name cannot be resolved: Name or service not known",
    )


async def test_all_requests_use_the_proxy(tls: ssl.SSLContext) -> None:
    """The proxy resolves host names; IP addresses in URLs are still checked here."""
    async with run_receiver(respond()) as proxy:
        url = f"http://user:pass@127.0.0.1:{proxy.port}"
        ssrf_guard = SsrfGuard(allow_http=True, proxy=url, lookup=lookup)
        async with Transport(
            ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=tls
        ) as transport:
            await ssrf_guard.check_resolved("http://inner.example/hook")
            assert (await transport.send("POST", "http://inner.example/hook", {})).status == 204
            got = await transport.send("POST", "http://10.0.0.1/hook", {})
    assert got.cause == "refused"
    assert [request.target for request in proxy.requests] == ["http://inner.example/hook"]
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
    assert ssrf_guard.limitations == (
        f"requests to subscribers use the proxy http://127.0.0.1:{proxy.port}, "
        "which must refuse internal addresses"
    )
    assert SsrfGuard().limitations == ""


async def test_proxy_failure_names_the_proxy(tls: ssl.SSLContext) -> None:
    """The receiver is not blamed for it."""
    async with run_receiver(respond(403)) as proxy:
        declined = await through(proxy.url(""), tls)
    assert declined == ("proxy", "the proxy refused the request: Whatever")
    result = await through(proxy.url(""), tls)
    assert result == ("proxy", "no connection to the proxy: Connection refused")


async def test_tls_tunnels_through_the_proxy(
    tls: ssl.SSLContext, certificate_authority: CertificateAuthority
) -> None:
    """The proxy sees host, port and user agent only; the certificate is the receiver's."""
    async with (
        run_receiver(
            respond(), tls=certificate_authority.server_context("inner.example")
        ) as receiver,
        run_receiver(tunnel(receiver.port)) as proxy,
    ):
        ssrf_guard = SsrfGuard(proxy=f"http://user@127.0.0.1:{proxy.port}", lookup=lookup)
        async with Transport(
            ssrf_guard, samples.SERVICE_INFO, timeout_seconds=2, tls=tls
        ) as transport:
            got = await transport.send("POST", "https://inner.example/", {}, b"{}")
    assert got.status == 204
    assert (proxy.requests[0].method, proxy.requests[0].target) == ("CONNECT", "inner.example:443")
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjo="
    assert "proxy-authorization" not in receiver.requests[0].headers


async def through(proxy: str, tls: ssl.SSLContext) -> tuple[str, str]:
    """Send a request through ``proxy`` over TLS; return what went wrong."""
    ssrf_guard = SsrfGuard(proxy=proxy, lookup=lookup)
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=TIMEOUT, tls=tls
    ) as transport:
        got = await transport.send("POST", "https://public.example/", {}, b"{}")
    return got.cause, got.error


def test_forbidden_ports_exclude_http() -> None:
    """The list is short, and has neither 80 nor 443."""
    assert not {80, 443, 8000, 8080, 8443} & set(FORBIDDEN_PORTS)
