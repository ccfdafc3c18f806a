"""Fixtures of the channel tests: event loops, certificates and a transport."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from tests import samples
from tests.channels.certificates import CertificateAuthority

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
TIMEOUT = 0.3


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run each test on both event loops: the service uses uvloop, a command may not."""
    return "asyncio", {"use_uvloop": bool(request.param)}


@pytest.fixture(scope="session")
def certificate_authority() -> CertificateAuthority:
    """Return the authority that the transports of these tests trust."""
    return CertificateAuthority.make("Test authority")


@pytest.fixture(scope="session")
def tls(certificate_authority: CertificateAuthority) -> ssl.SSLContext:
    """Return the client context that also trusts that authority."""
    return certificate_authority.client_context()


@pytest.fixture
async def transport(tls: ssl.SSLContext) -> AsyncIterator[Transport]:
    """Return a transport with a short timeout that may reach loopback, also without TLS."""
    ssrf_guard = SsrfGuard(allow_networks=LOOPBACK, allow_http=True)
    service_info = replace(samples.SERVICE_INFO, hub_url="https://feeds.example.gov/hub")
    async with Transport(ssrf_guard, service_info, timeout_seconds=TIMEOUT, tls=tls) as opened:
        yield opened
