"""The inside of a worker process, here in a thread or in this very process."""

import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from syndicate.render.messages import ACCEPTED, decode_results, encode
from syndicate.render.pipeline import render
from syndicate.render.pool.process_worker import main, serve
from tests.render.render_requests import render_request


def test_a_worker_takes_jobs_until_the_other_side_hangs_up() -> None:
    """They are taken, then rendered, one or several at a time."""
    ours, theirs = Pipe()
    thread = threading.Thread(
        target=serve, args=(theirs,), kwargs={"cpu_seconds": 60, "idle_seconds": 60}
    )
    thread.start()
    for bodies in (["a"], ["*b*", "c", ""]):
        together = [render_request(body) for body in bodies]
        ours.send_bytes(encode(together))
        assert ours.recv_bytes() == ACCEPTED
        assert decode_results(ours.recv_bytes()) == tuple(map(render, together))
    ours.close()
    thread.join(10)
    assert not thread.is_alive()


def test_a_worker_nobody_needs_ends() -> None:
    """After the idle time, without being told."""
    ours, theirs = Pipe()
    serve(theirs, cpu_seconds=60, idle_seconds=0.01)
    ours.close()


@pytest.fixture(name="_process_as_before")
def _restored() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    limits = resource.getrlimit(resource.RLIMIT_AS)
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.usefixtures("_process_as_before")
def test_a_process_of_its_own_is_bounded_and_deaf() -> None:
    """Memory has a limit; the service hangs up, nobody interrupts or terminates."""
    ours, theirs = socket.socketpair()
    main(theirs.detach(), 60, 0.01)
    assert signal.getsignal(signal.SIGINT) == signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    with Connection(ours.detach()) as line, suppress(EOFError):
        assert not line.recv_bytes()
