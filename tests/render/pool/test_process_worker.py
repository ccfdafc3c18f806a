"""The worker process, run in a thread or in the test process."""

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


def test_worker_serves_requests_until_disconnected() -> None:
    """Requests are accepted, then rendered, one or several at a time."""
    own_end, worker_end = Pipe()
    thread = threading.Thread(
        target=serve, args=(worker_end,), kwargs={"cpu_seconds": 60, "idle_seconds": 60}
    )
    thread.start()
    for bodies in (["a"], ["*b*", "c", ""]):
        requests = [render_request(body) for body in bodies]
        own_end.send_bytes(encode(requests))
        assert own_end.recv_bytes() == ACCEPTED
        assert decode_results(own_end.recv_bytes()) == tuple(map(render, requests))
    own_end.close()
    thread.join(10)
    assert not thread.is_alive()


def test_idle_worker_exits() -> None:
    """After the idle time."""
    own_end, worker_end = Pipe()
    serve(worker_end, cpu_seconds=60, idle_seconds=0.01)
    own_end.close()


@pytest.fixture(name="_restored_process")
def _restore() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    limits = resource.getrlimit(resource.RLIMIT_AS)
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.slow
@pytest.mark.usefixtures("_restored_process")
def test_worker_process_limits_memory_and_ignores_signals() -> None:
    """SIGINT and SIGTERM are for the service, which then disconnects."""
    own_end, worker_end = socket.socketpair()
    main(worker_end.detach(), 60, 0.01)
    assert signal.getsignal(signal.SIGINT) == signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    with Connection(own_end.detach()) as connection, suppress(EOFError):
        assert not connection.recv_bytes()
