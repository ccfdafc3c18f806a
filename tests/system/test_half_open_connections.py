"""Thousands of connections that never send a whole request head, beside readers of feeds."""

import contextlib
import http.client
import pathlib
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.content_repository import ContentRepository
from tests.running import free_port

HEAD_SECONDS = 5
HALF = b"GET /feeds/all.json HTTP/1.1\r\nHost: x\r\n"
FEED = "/feeds/all.json"


@contextlib.contextmanager
def service(folder: pathlib.Path, *, open_files: int = 0) -> Iterator[int]:
    """Run the service in a process of its own; yield its port."""
    port = free_port()
    (folder / "syndicate.toml").write_text(
        f"[service]\nport = {port}\nworkers = 1\n[limits]\nhead_seconds = {HEAD_SECONDS}\n"
        '[[sources]]\nname = "news"\nrepository = "content"\nfolders = ["news"]\n'
        'dialect = "news-and-blog"\nsite_url = "https://www.example.gov"\n'
    )
    limit = f"ulimit -n {open_files};" if open_files else ""
    command = ["sh", "-c", f'{limit} exec "$0" -m syndicate serve', sys.executable]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: get(port, "/readyz")[0] == 200)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def get(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body over a new connection; status 0 if there was no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.1)


@contextlib.contextmanager
def half_open(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Open connections, each with half a head."""
    with contextlib.ExitStack() as closing:
        made = []
        for _ in range(count):
            one = closing.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            with contextlib.suppress(OSError):
                one.sendall(HALF)
            made.append(one)
        yield made


def closed(connections: list[socket.socket]) -> int:
    """Return how many connections the other side has ended."""
    poll = select.poll()
    for one in connections:
        poll.register(one, select.POLLIN)
    ended = 0
    by_number = {one.fileno(): one for one in connections}
    for number, _ in poll.poll(0):
        with contextlib.suppress(OSError):
            if by_number[number].recv(4_096):
                continue
        ended += 1
    return ended


def latencies(port: int, count: int) -> list[float]:
    """Return how long feed reads take, the shortest first, half of them on new connections."""
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    taken = []
    for number in range(count):
        began = time.monotonic()
        if number % 2:
            assert get(port, FEED)[0] == 200
        else:
            kept.request("GET", FEED)
            answer = kept.getresponse()
            assert (answer.status, answer.read() != b"") == (200, True)
        taken.append(time.monotonic() - began)
        time.sleep(0.005)
    kept.close()
    return sorted(taken)


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository with some posts."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit(
        {
            f"news/2024-01-{n:02}-post.md": f"---\ntitle: Post {n}\n---\nWords.\n"
            for n in range(1, 20)
        }
    )
    return made


@pytest.mark.usefixtures("content")
def test_readers_are_served_beside_5000_half_open_connections(
    tmp_path: pathlib.Path,
) -> None:
    """All are closed in time; meanwhile feeds are read quickly."""
    count = 5_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * count:
        pytest.skip("the system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with service(tmp_path) as port:
            alone = latencies(port, 200)
            with half_open(port, count) as connections:
                began = time.monotonic()
                beside = latencies(port, 200)
                until(lambda: closed(connections) == count, seconds=HEAD_SECONDS + 30)
                seconds = time.monotonic() - began
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    p99 = {"alone": alone[-3], "beside": beside[-3], "all closed after": seconds}
    print(p99)  # noqa: T201 — seconds; shown by pytest -rP
    assert p99["beside"] < 1
    assert seconds < HEAD_SECONDS + 20


def test_few_open_files_are_left_for_git_and_the_database(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Three times as many half-open connections as there are descriptors."""
    with service(tmp_path, open_files=512) as port, half_open(port, 1_500) as connections:
        assert get(port, "/readyz")[0] == 200
        content.commit({"news/2024-02-01-new.md": "---\ntitle: Brand new\n---\nWords.\n"})
        until(lambda: b"Brand new" in get(port, FEED)[1], seconds=40)
        until(lambda: b'"database":{"status":"ok"}' in get(port, "/readyz")[1], seconds=40)
        assert closed(connections) > 1_000
