"""An HTTP server for the metrics of a process that has no other one."""

import hmac
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any, ClassVar, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from typing_extensions import override

from syndicate.errors import SyndicateError
from syndicate.telemetry import EXPOSITION_TYPE, exposition

_PATH: Final = "/metrics"
_TIMEOUT_SECONDS: Final = 5.0
"""How long a connection may be silent."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Ipv6Server(_Server):
    address_family: int = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout: ClassVar[float | None] = _TIMEOUT_SECONDS

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Log no requests."""


@contextmanager
def metrics_server(host: str, port: int, *, token: str = "") -> Iterator[int]:
    """Serve `/metrics` in a thread; yield the port, which the system chooses if ``port`` is 0.

    With ``token``, a request must have it as a bearer token. Raises `SyndicateError` if host and
    port are not available.
    """
    server_class = _Ipv6Server if ":" in host else _Server
    try:
        server = make_server(host, port, _make_app(token), server_class, _Handler)
    except OSError as error:
        raise SyndicateError(
            f"cannot listen on port {port} of {host}: {error.strerror}",
            code="cannot-listen",
            hint="Name another port with --metrics-port.",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _make_app(token: str) -> WSGIApplication:
    """Return the WSGI application (PEP 3333)."""
    expected = f"Bearer {token}".encode("utf-8", "surrogateescape")

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sent = str(environ.get("HTTP_AUTHORIZATION", "")).encode("latin-1")
        if environ["PATH_INFO"] != _PATH:
            status, body = HTTPStatus.NOT_FOUND, b""
        elif token and not hmac.compare_digest(sent, expected):
            status, body = HTTPStatus.UNAUTHORIZED, b""
        else:
            status, body = HTTPStatus.OK, exposition()
        headers = [("Content-Type", EXPOSITION_TYPE), ("Cache-Control", "no-store")]
        if status is HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", 'Bearer realm="metrics"'))
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    return app
