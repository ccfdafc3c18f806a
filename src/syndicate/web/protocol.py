"""The protocol: uvicorn's, which would listen to the head of a request without end."""

from typing import Final

from starlette.exceptions import HTTPException
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from syndicate.telemetry import requests_total
from syndicate.web.envelope import LONGEST_TARGET
from syndicate.web.policy import UNKEPT
from syndicate.web.problem import MEDIA_TYPE, Fault

_PATIENCE: Final = 65_536
"""Bytes of a head, beyond those that came first, that are waited for; the envelope wants fewer."""

_LINGER_SECONDS: Final = 1
_WHY: Final = {
    400: "this is not HTTP",
    414: f"the address is longer than {LONGEST_TARGET:,} bytes",
    431: f"the head of the request has not ended after {_PATIENCE:,} bytes",
}


class Protocol(HttpToolsProtocol):
    """One connection; refuses what is too long to become a request, and what cannot be one."""

    _open = False
    """Whether a request has begun and is not over."""
    _size = 0
    """Bytes of it that are not its body, without the first lot: that may hold others as well."""
    _body = 0
    """Bytes of bodies in the present lot."""
    _refused = False

    @override
    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        begun = self.scope if self._open else None
        self._body = 0
        super().data_received(data)
        if self._open and self.scope is begun:
            self._size += len(data) - self._body
            if self._size > _PATIENCE:
                self._refuse(431)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._open = True
        self._size = 0

    @override
    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._body += len(body)

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._open = False

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(400)

    def _refuse(self, status: int) -> None:
        """Answer and hang up; the former only where it cannot be taken for another's answer.

        Who is still sending would lose the answer if the connection closed at once.
        """
        if len(self.url) > LONGEST_TARGET:
            status = 414
        self._refused = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self.transport.close()
            return
        self.transport.write(self._answer(Fault.of(HTTPException(status, _WHY[status]))))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        requests_total.labels("none", str(status)).inc()

    def _answer(self, fault: Fault) -> bytes:
        body = fault.details(self.url.partition(b"?")[0].decode("latin-1"))
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", UNKEPT.encode()),
            (b"connection", b"close"),
        ]
        lines = [f"HTTP/1.1 {fault.status} {fault.title}".encode()]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", body])
