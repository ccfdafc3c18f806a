"""A webhook receiver in a separate process, with any number of hosts.

It listens on every address of the loopback network, so each 127.x.y.z is a host with its own
connections. It responds with 204: at once, or half a second later below the path `SLOW_PATH`.

Usage: python benchmarks/harness/webhook_receiver.py, which prints the port.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvloop
from typing_extensions import override

SLOW_PATH = "/slow"
SLOW_SECONDS = 0.5
RESPONSE = b"HTTP/1.1 204 No Content\r\n\r\n"

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class ReceiverProtocol(asyncio.Protocol):
    """Responds to every request, and parses only its length."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport for responses."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self.buffer = b""

    @override
    def data_received(self, data: bytes) -> None:
        """Respond to each complete request."""
        self.buffer += data
        while (head := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < end:
                return
            slow = self.buffer.startswith(b"POST " + SLOW_PATH.encode())
            self.buffer = self.buffer[end:]
            if slow:
                asyncio.get_running_loop().call_later(SLOW_SECONDS, self.respond)
            else:
                self.respond()

    def respond(self) -> None:
        """Send the response."""
        self.transport.write(RESPONSE)


def receiver_url(port: int, number: int, path: str = "/hook") -> str:
    """Return the URL of the ``number``-th host."""
    return f"http://127.1.{number // 250}.{number % 250 + 1}:{port}{path}"


@contextmanager
def run_receiver() -> Iterator[int]:
    """Run the receiver, and yield its port."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def serve() -> None:
    """Print the port and serve forever."""
    server = await asyncio.get_running_loop().create_server(
        ReceiverProtocol,
        "0.0.0.0",  # noqa: S104
        0,
        backlog=8_192,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
