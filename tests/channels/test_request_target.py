"""The request target is sent byte for byte, or the URL is refused when subscribing."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.channels.ssrf_guard import SsrfGuard, request_target
from syndicate.channels.transport import Transport
from syndicate.errors import Refused
from tests.channels.conftest import LOOPBACK
from tests.channels.receiver import respond, run_receiver

pytestmark = pytest.mark.anyio

EXACT = [
    "/hook",
    "/",
    "/a/../b",
    "/a/./b/",
    "/a/%2e%2e/b",
    "/a/%2E%2E/b",
    "/..",
    "/hook?",
    "/hook??",
    "/?",
    "/hook?a=1&",
    "/hook?a=%2f%2F&b=c+d",
    "/%2f%2F%7e~",
    "//",
    "//two//slashes//",
    "/a;b=1;c",
    "/a,b'(c)!*$@:=&",
    "/100%",
    "/%zz?%",
    '/{a}|"<b>^`[c]',
    "/hook?url=https://other.example/x?y=/../z",
    "/hook?a=1?b=2",
    "/hook?[x]={y}",
]


@pytest.mark.parametrize("target", EXACT)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_request_target_is_sent_unchanged(
    transport: Transport, method: str, target: str
) -> None:
    """As the request line at a real receiver shows."""
    async with run_receiver(respond()) as receiver:
        got = await transport.send(method, receiver.url(target), {})
        assert got.cause == ""
        assert receiver.requests[0].target == target


@pytest.mark.parametrize(
    ("rest", "target"),
    [("", "/"), ("?", "/?"), ("?a=b", "/?a=b"), ("?a=/../b", "/?a=/../b")],
)
async def test_url_without_path_requests_the_root(
    transport: Transport, rest: str, target: str
) -> None:
    """An empty path is ``/`` in the request line (RFC 9112 section 3.2.1)."""
    async with run_receiver(respond()) as receiver:
        await transport.send("POST", receiver.url(rest), {})
        assert receiver.requests[0].target == target


async def test_scheme_and_host_are_case_insensitive(transport: Transport) -> None:
    """Neither is part of the request line."""
    async with run_receiver(respond()) as receiver:
        url = f"HTTP://LOCALHOST:{receiver.port}/A/../b?"
        assert (await transport.send("POST", url, {})).cause == ""
        assert receiver.requests[0].target == "/A/../b?"


@pytest.mark.parametrize("port", ["-1", "+80", "0080", "", " 80", "8_0", "٨٠", "1e3", "0x50"])
def test_unusual_port_is_refused(port: str) -> None:
    """Only a decimal number without sign and leading zeros is a port."""
    for host in ("public.example", "[2606:4700::1111]", "93.184.215.14"):
        with pytest.raises(Refused) as refusal:
            SsrfGuard().check(f"https://{host}:{port}/hook")
        assert refusal.value.code == "malformed-url"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://public.example:65536/", "malformed-url"),
        ("https://public.example:0/", "forbidden-port"),
        ("https://public.example/caf\u00e9", "malformed-url"),
        ("https://public.example/?q=\u00e9", "malformed-url"),
        ("https://public.example/a b", "malformed-url"),
        ("https://public.example/a\tb", "malformed-url"),
        ("https://public.example/a\nb", "malformed-url"),
        ("https://public.example/a\\b", "malformed-url"),
        (" https://public.example/", "malformed-url"),
        ("https://public.example/ ", "malformed-url"),
        ("https://public.example/#x", "forbidden-part"),
        ("https://me@public.example/", "forbidden-part"),
        ("https://@public.example/", "forbidden-part"),
        ("https:/public.example/", "malformed-url"),
        ("https:public.example/", "malformed-url"),
        ("https:\\\\public.example/", "malformed-url"),
    ],
)
def test_url_that_cannot_be_sent_unchanged_is_refused(url: str, code: str) -> None:
    """With a code and a hint."""
    with pytest.raises(Refused) as refusal:
        SsrfGuard().check(url)
    assert refusal.value.code == code
    assert refusal.value.hint


@pytest.mark.parametrize("port", ["1", "443", "8443", "65535"])
def test_decimal_port_is_allowed(port: str) -> None:
    """From 1 to 65535."""
    assert SsrfGuard().check(f"https://public.example:{port}/").raw_host == b"public.example"


@settings(deadline=None)
@given(st.text(string.printable + "\u0000", max_size=40))
def test_allowed_url_names_the_dialled_host(rest: str) -> None:
    """The target begins right after the host and port that the guard checked."""
    url = f"https://public.example{rest}"
    try:
        parsed = SsrfGuard(allow_networks=LOOPBACK).check(url)
    except Refused:
        return
    before = url[: len(url) - len(request_target(url).removeprefix("/"))].rstrip("/")
    assert before.lower().removeprefix("https://").partition(":")[0] == parsed.host
