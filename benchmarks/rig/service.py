"""The service as an operator runs it: a process of its own, asked over HTTP."""

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

PATIENCE = 600
"""Seconds for whatever is waited for: a start, or 100,000 posts to be read."""

IDLE = 12
"""Seconds after which a process that helps has ended, if it has nothing to do."""

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


def settings(repositories: Sequence[str], more: str = "") -> str:
    """Return settings with a source for each of the repositories."""
    sources = (SOURCE.format(name=Path(one).name, repository=one) for one in repositories)
    return SERVICE + more + "".join(sources)


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 while nobody listens."""

    status: int = 0
    body: bytes = b""
    tag: str = ""
    encoding: str = ""


class Server:
    """A program that serves over HTTP, on a connection that is kept."""

    def __init__(self, name: str, pid: int, port: int) -> None:
        self.name = name
        self.pid = pid
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def get(self, path: str, **headers: str) -> Answer:
        """Return what ``path`` is answered with."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request("GET", path, headers=named)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer()
        tag, encoding = answer.headers["ETag"], answer.headers["Content-Encoding"]
        return Answer(answer.status, body, tag or "", encoding or "")

    def served(self, path: str, *, other_than: str = "", **headers: str) -> str:
        """Ask until ``path`` is served, with another tag than that; return the tag."""
        if other_than:
            headers["If_None_Match"] = other_than
        tag = ""

        def came() -> bool:
            nonlocal tag
            answer = self.get(path, **headers)
            if 400 <= answer.status < 500 or not self._lives():
                raise SystemExit(f"{self.name}: {path} is answered with {answer.status}")
            tag = answer.tag
            return answer.status == http.client.OK

        until(came, pause=0.0005)
        return tag

    def _lives(self) -> bool:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0] != "Z"

    def cpu(self, *, helpers: bool = False) -> float:
        """Return the CPU seconds of the process; with ``helpers``, of all that it started, too."""
        seconds = 0.0
        for process in family(self.pid) if helpers else [self.pid]:
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                seconds += sum(map(int, fields[11 : 15 if helpers else 13])) / TICKS
        return seconds

    def memory(self) -> float:
        """Return the megabytes of the process and all that it started; what they share, once."""
        kilobytes = 0
        for process in family(self.pid):
            with contextlib.suppress(OSError):
                used = Path(f"/proc/{process}/smaps_rollup").read_text()
                kilobytes += int(used.partition("\nPss:")[2].split()[0])
        return kilobytes / 1024

    def rest(self) -> None:
        """Wait until what follows on work is over, and processes that helped have ended."""

        def rests() -> bool:
            before = self.cpu(helpers=True)
            time.sleep(1)
            return self.cpu(helpers=True) - before < 0.2

        until(rests)
        time.sleep(IDLE)


def family(process: int) -> Iterator[int]:
    """Give a process and all that its threads have started."""
    yield process
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from family(int(child))


def until(holds: Callable[[], bool], *, pause: float = 0.05, patience: float = PATIENCE) -> None:
    """Wait until something is so; raises `TimeoutError`."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("what a benchmark waits for does not come")
        time.sleep(pause)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str], **environ: str) -> Iterator[int]:
    """Run a program; yield its process, end it afterwards."""
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
def service(folder: Path, *, before: Sequence[str] = ()) -> Iterator[Server]:
    """Serve by the ``syndicate.toml`` in the folder; ``before`` goes in front of the command."""
    port = free_port()
    environ = {
        "SYNDICATE_CONFIG": str(folder / "syndicate.toml"),
        "SYNDICATE_SERVICE__PORT": str(port),
        "PYTHONDONTWRITEBYTECODE": "",  # what is installed has been compiled
    }
    with running([*before, sys.executable, "-m", "syndicate", "serve"], **environ) as pid:
        yield Server("syndicate", pid, port)


@dataclass(frozen=True)
class Start:
    """Seconds from the start of the process to the first feed, to all formats, and of CPU time."""

    first: float
    everything: float
    cpu: float


def start(folder: Path) -> Start:
    """Start the service, and stop it when it serves all formats."""
    begun = time.perf_counter()
    with service(folder) as server:
        server.served("/feeds/all.json")
        first = time.perf_counter() - begun
        for form in FORMATS:
            server.served(f"/feeds/all.{form}", Accept_Encoding="gzip")
        return Start(first, time.perf_counter() - begun, server.cpu(helpers=True))
