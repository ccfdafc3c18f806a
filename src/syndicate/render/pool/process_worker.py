"""The inside of a process that renders posts for a `RenderPool` and can be ended at any time."""

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


def main(descriptor: int, seconds: float, idle: float | None) -> None:
    """Serve the socket ``descriptor`` in a process of its own, started by `RenderPool`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the service, which then hangs up
        signal.signal(number, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = _MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MAX_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    with Connection(os.dup(descriptor)) as connection:
        os.close(descriptor)
        serve(connection, seconds=seconds, idle=idle)


def serve(connection: Connection, *, seconds: float, idle: float | None) -> None:
    """Answer jobs on ``connection`` with `TAKEN` and, when all are done, their renderings.

    Returns when the other side hangs up or, unless ``idle`` is None, has been silent for so many
    seconds. A job that takes more than ``seconds`` of processor time ends the process: the kernel
    does it, by SIGPROF, whatever code is running. The load of the machine does not count.
    """
    while connection.poll(idle):
        try:
            requests = decode_requests(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(ACCEPTED)
        connection.send_bytes(encode([_render_within_limit(job, seconds) for job in requests]))


def _render_within_limit(request: RenderRequest, cpu_seconds: float) -> RenderResult:
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    rendering = render(request)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return rendering
