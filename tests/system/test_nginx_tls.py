"""The real nginx terminates TLS in front of the cache, with a certificate of the test's CA."""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.channels.certificates import CertificateAuthority
from tests.project_documents import ROOT
from tests.system.cached_service import FEED, TIMEOUT_SECONDS, free_port, ready, wait_until
from tests.system.test_nginx_cache import HOST_CONFIGURATION, CachedService

HOST: Final = "feeds.example.gov"
SNI: Final = {"sni_hostname": HOST}


class TlsService(CachedService):
    """A service behind the cache, which is behind TLS; one nginx is both."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, HOST_CONFIGURATION)
        self.tls_port = free_port()
        self.plain_port = free_port()
        authority = CertificateAuthority.make("CA of the test")
        self.trusted = authority.client_context()
        (folder / "tls.pem").write_bytes(authority.issue(HOST))
        text = (ROOT / "deploy" / "nginx.tls.conf").read_text()
        for original, replacement in (
            ("    listen [::]:80;\n", ""),
            ("    listen [::]:443 ssl http2;\n", ""),
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.tls_port} ssl"),
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("/etc/nginx/syndicate.crt", str(folder / "tls.pem")),
            ("/etc/nginx/syndicate.key", str(folder / "tls.pem")),
        ):
            assert original in text
            text = text.replace(original, replacement)
        with (folder / "syndicate.conf").open("a") as file:
            file.write(text)

    @contextlib.contextmanager
    def run(self) -> Iterator[httpx.Client]:
        """Run all of it and yield a client that trusts the CA."""
        with self.run_service(), self.run_nginx() as plain:
            wait_until(lambda: ready(plain))
            with httpx.Client(
                base_url=f"https://127.0.0.1:{self.tls_port}",
                headers={"Host": HOST, "Accept-Encoding": "identity"},
                verify=self.trusted,
                timeout=TIMEOUT_SECONDS,
            ) as client:
                yield client


def test_nginx_accepts_the_configuration(tls_service: TlsService) -> None:
    """`nginx -t` prints no error and no warning."""
    command = [*tls_service.nginx_command, "-t", "-q"]
    completed = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (completed.returncode, completed.stderr) == (0, "")


@pytest.fixture
def tls_service(tmp_path: Path) -> TlsService:
    """Return a service, a cache and TLS that are not running yet."""
    return TlsService(tmp_path)


def test_feed_is_served_over_tls(tls_service: TlsService) -> None:
    """Cached and with HSTS, as are errors; plain HTTP redirects to the public URL."""
    with tls_service.run() as client:
        first, second = (client.get(FEED, extensions=SNI) for _ in range(2))
        assert len(first.json()["items"]) == 2
        assert second.headers["Cache-Status"] == "nginx; hit"
        missing = client.get("/feeds/none.json", extensions=SNI)
        assert missing.status_code == 404
        for response in (first, second, missing):
            (policy,) = response.headers.get_list("Strict-Transport-Security")
            assert policy == "max-age=31536000"
        plain = client.get(f"http://127.0.0.1:{tls_service.plain_port}{FEED}?limit=1")
        assert plain.status_code == 301
        assert plain.headers["Location"] == f"https://{HOST}{FEED}?limit=1"
        with (
            httpx.Client(base_url=client.base_url) as stranger,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            stranger.get(FEED, extensions=SNI)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_of_tls_are_accepted(
    tls_service: TlsService, version: ssl.TLSVersion
) -> None:
    """With ephemeral keys and authenticated encryption; ALPN offers HTTP/2."""
    context = tls_service.trusted
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        tls_service.run(),
        socket.create_connection(("127.0.0.1", tls_service.tls_port)) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as tls,
    ):
        cipher = tls.cipher()
        assert cipher is not None
        assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]
        assert tls.selected_alpn_protocol() == "h2"


def test_old_versions_and_ciphers_of_tls_are_refused(tls_service: TlsService) -> None:
    """By an alert of nginx, as NIST SP 800-52 Rev. 2 says: the client would accept them."""
    old_version = client_of_any_server("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        old_version.maximum_version = ssl.TLSVersion.TLSv1_1
    contexts = [old_version]
    for ciphers in ("AES128-SHA256:AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256"):
        contexts.append(client_of_any_server(ciphers))
        contexts[-1].maximum_version = ssl.TLSVersion.TLSv1_2
    with tls_service.run():
        for context in contexts:
            with (
                socket.create_connection(("127.0.0.1", tls_service.tls_port)) as connection,
                pytest.raises(ssl.SSLError, match="ALERT"),
            ):
                context.wrap_socket(connection, server_hostname=HOST)


def client_of_any_server(ciphers: str) -> ssl.SSLContext:
    """Return a client context for these ciphers and any version, which verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers(ciphers)
    return context
