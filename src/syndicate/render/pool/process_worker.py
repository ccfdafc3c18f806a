"""The worker process of a `RenderPool`; it may be killed at any time."""

import os
import resource
import signal
from multiprocessing.connection import Connection
from typing import Final

from syndicate.render.messages import (
    ACCEPTED,
    RenderRequest,
    RenderResult,
    decode_requests,
    encode,
)
from syndicate.render.pipeline import render

_MAX_MEMORY_BYTES: Final = 2 << 30


def main(descriptor: int, cpu_seconds: float, idle_seconds: float | None) -> None:
    """Run a worker process on the socket ``descriptor``; `RenderPool` starts it."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the service handles them and then disconnects
        signal.signal(number, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = _MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MAX_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    with Connection(os.dup(descriptor)) as connection:
        os.close(descriptor)
        serve(connection, cpu_seconds=cpu_seconds, idle_seconds=idle_seconds)


def serve(connection: Connection, *, cpu_seconds: float, idle_seconds: float | None) -> None:
    """Answer each message on ``connection`` with `ACCEPTED`, then with all results.

    Returns when the other side disconnects, or after ``idle_seconds`` without a message unless
    that is None. If a request takes more than ``cpu_seconds``, the kernel ends the process by
    SIGPROF, regardless of the running code; the load of the machine does not count (decision 11).
    """
    while connection.poll(idle_seconds):
        try:
            requests = decode_requests(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(ACCEPTED)
        results = [_render_within_limit(request, cpu_seconds) for request in requests]
        connection.send_bytes(encode(results))


def _render_within_limit(request: RenderRequest, cpu_seconds: float) -> RenderResult:
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    result = render(request)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return result
