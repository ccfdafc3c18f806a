"""The inside of a process that renders posts for a `Workroom` and can be ended at any time."""

import os
import resource
import signal
from multiprocessing.connection import Connection
from typing import Final

from syndicate.render.body import render
from syndicate.render.job import TAKEN, Job, Rendering, jobs, packed

_MEMORY: Final = 2 << 30


def main(descriptor: int, seconds: float, idle: float | None) -> None:
    """Serve the socket ``descriptor`` in a process of its own, started by `Workroom`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the service, which then hangs up
        signal.signal(number, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
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
            together = jobs(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(TAKEN)
        connection.send_bytes(packed([_in_time(job, seconds) for job in together]))


def _in_time(job: Job, seconds: float) -> Rendering:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    rendering = render(job)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return rendering
