"""The service in a separate process, as an operator runs it, requested over HTTP."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 600
"""Time for any step, such as a start or reading 100,000 posts."""

HELPER_IDLE_SECONDS = 12
"""Time after which an idle helper process has ended."""

TICKS = os.sysconf("SC_CLK_TCK")

FORMATS = ("json", "rss", "atom")
PUBLIC_URL = "https://feeds.example.gov"

SERVICE = f"""
[service]
title = "Benchmark"
public_url = "{PUBLIC_URL}"
"""

SOURCE = """
[[sources]]
name = "{name}"
repository = "{repository}"
folders = ["posts"]
dialect = "jekyll"
site_url = "https://www.example.gov/{name}"
permalink = "/:year/:month/:day/:title/"
"""


def settings(repositories: Sequence[str], extra: str = "") -> str:
    """Return settings with a source for each of the repositories."""
    sources = (
        SOURCE.format(name=Path(repository).name, repository=repository)
        for repository in repositories
    )
    return SERVICE + extra + "".join(sources)


@dataclass(frozen=True)
class Response:
    """An HTTP response; status 0 if there is none."""

    status: int = 0
    body: bytes = b""
    tag: str = ""
    encoding: str = ""


class Server:
    """An HTTP server, requested over a persistent connection."""

    def __init__(self, name: str, pid: int, port: int) -> None:
        self.name = name
        self.pid = pid
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def get(self, path: str, **headers: str) -> Response:
        """Return the response for ``path``."""
        header_fields = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request("GET", path, headers=header_fields)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Response()
        tag, encoding = response.headers["ETag"], response.headers["Content-Encoding"]
        return Response(response.status, body, tag or "", encoding or "")

    def wait_for_feed(self, path: str, *, changed_from: str = "", **headers: str) -> str:
        """Request ``path`` until it is served with another ETag than given; return its ETag."""
        if changed_from:
            headers["If_None_Match"] = changed_from
        tag = ""

        def is_served() -> bool:
            nonlocal tag
            response = self.get(path, **headers)
            if 400 <= response.status < 500 or not self._is_alive():
                raise SystemExit(f"{self.name}: {path} has the status {response.status}")
            tag = response.tag
            return response.status == http.client.OK

        wait_until(is_served, pause=0.0005)
        return tag

    def _is_alive(self) -> bool:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0] != "Z"

    def cpu_seconds(self, *, with_children: bool = False) -> float:
        """Return the CPU seconds of the process, or ``with_children`` of its descendants, too."""
        seconds = 0.0
        for process in process_tree(self.pid) if with_children else [self.pid]:
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                seconds += sum(map(int, fields[11 : 15 if with_children else 13])) / TICKS
        return seconds

    def memory_mb(self) -> float:
        """Return the megabytes of the process and its descendants, shared memory counted once."""
        kilobytes = 0
        for process in process_tree(self.pid):
            with contextlib.suppress(OSError):
                smaps = Path(f"/proc/{process}/smaps_rollup").read_text()
                kilobytes += int(smaps.partition("\nPss:")[2].split()[0])
        return kilobytes / 1024

    def wait_until_idle(self) -> None:
        """Wait until all work is done and idle helper processes have ended."""

        def is_idle() -> bool:
            before = self.cpu_seconds(with_children=True)
            time.sleep(1)
            return self.cpu_seconds(with_children=True) - before < 0.2

        wait_until(is_idle)
        time.sleep(HELPER_IDLE_SECONDS)


def process_tree(process: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield process
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from process_tree(int(child))


def wait_until(
    condition: Callable[[], bool], *, pause: float = 0.05, timeout_seconds: float = TIMEOUT_SECONDS
) -> None:
    """Wait until ``condition`` holds; raise `TimeoutError`."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what a benchmark waits for does not come")
        time.sleep(pause)


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def run_program(command: Sequence[str], **environ: str) -> Iterator[int]:
    """Run a program; yield its process id, end it afterwards."""
    with subprocess.Popen(
        command,
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def run_service(folder: Path, *, prefix: Sequence[str] = ()) -> Iterator[Server]:
    """Serve with the ``syndicate.toml`` in the folder; ``prefix`` comes before the command."""
    port = free_port()
    environ = {
        "SYNDICATE_CONFIG": str(folder / "syndicate.toml"),
        "SYNDICATE_SERVICE__PORT": str(port),
        "PYTHONDONTWRITEBYTECODE": "",  # as if installed, with compiled modules
    }
    with run_program([*prefix, sys.executable, "-m", "syndicate", "serve"], **environ) as pid:
        yield Server("syndicate", pid, port)


@dataclass(frozen=True)
class Start:
    """Seconds from the start of the process to the first feed and to all formats, and CPU time."""

    first_feed: float
    all_formats: float
    cpu: float


def measure_start(folder: Path) -> Start:
    """Start the service, and stop it when it serves all formats."""
    started = time.perf_counter()
    with run_service(folder) as server:
        server.wait_for_feed("/feeds/all.json")
        first = time.perf_counter() - started
        for format_name in FORMATS:
            server.wait_for_feed(f"/feeds/all.{format_name}", Accept_Encoding="gzip")
        return Start(first, time.perf_counter() - started, server.cpu_seconds(with_children=True))
