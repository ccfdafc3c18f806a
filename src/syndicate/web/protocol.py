"""The protocol: uvicorn's, which would listen to the head of a request without end."""

import asyncio
from math import inf
from typing import Any, Final

from starlette.exceptions import HTTPException
from typing_extensions import override
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from syndicate.telemetry import requests_total
from syndicate.web.envelope import LONGEST_TARGET
from syndicate.web.lane import Lane, Plain, read
from syndicate.web.policy import UNKEPT
from syndicate.web.problem import MEDIA_TYPE, Fault
from syndicate.web.repetition import REPETITION, Repetition

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

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._lane = self.app if isinstance(self.app, Lane) else Lane(self.app)
        self._plain: Plain | None = None
        """What the present lot is, if it is one plain request."""
        self._answered = -inf
        """When the lane answered last, in seconds of the loop."""
        self._open = False
        """Whether a request has begun and is not over; one that was refused never is."""
        self._size = 0
        """Bytes of it that are not its body, without the first lot: that may hold others, too."""
        self._body = 0
        """Bytes of bodies in the present lot."""
        self._refused = False

    @override
    def data_received(self, data: bytes) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if (
            not self._open
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and self._lane.take(
                data, self.transport, self.client, self.server_state.default_headers
            )
        ):
            self._answered = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_handler()
        elif not self._refused:
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        """Let the parser have it, as long as there is hope that it becomes a request."""
        self._plain = None if self._open else read(data)
        begun = self.scope if self._open else None
        self._body = 0
        super().data_received(data)
        self._plain = None
        if self._open and self.scope is begun:
            self._size += len(data) - self._body
            if self._size > _PATIENCE:
                self._refuse(431)

    @override
    def timeout_keep_alive_handler(self) -> None:
        """Hang up, unless the lane has answered in the meantime: it leaves the timer alone."""
        left = self._answered + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._plain is not None:
            self.scope["state"][REPETITION] = Repetition(ask=self._plain.ask)
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
        self._refused = self._open = True
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
