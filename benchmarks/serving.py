"""Measure cached feeds beside nginx, which serves the same bytes from files: 200 and 304.

One core serves, the other asks (wrk with 64 connections that are kept open). What counts is
requests per second of the server's processor time, which holds on a busy machine, too; the two
take turns, and the median of the rounds is printed with the least and the most. Latencies are
those of a server that is as busy as it can be. At the end the service reads and renders commits
that touch a tenth of its posts, one after the other, on the same core.

Usage: python benchmarks/serving.py [POSTS [ROUNDS]]
"""

import contextlib
import http.client
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rig.content import Repository
from rig.service import Server, family, free_port, running, service, settings, until
from typing_extensions import override

CONNECTIONS = 64
SECONDS = 2
"""How long one measurement takes."""

SERVING, ASKING = (sorted(os.sched_getaffinity(0)) * 2)[:2]
"""The core of the servers and the core of wrk."""

FEED = "/feeds/all.json"
WORDS_EACH = 26
"""Words of a post: the feed has some 40 kB then, 8 kB with gzip."""

NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=100;
    gzip_static on;
    types {{ application/feed+json json; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        root {folder}/static;
    }}
}}
"""


@dataclass(frozen=True)
class Result:
    """Requests per processor second and per second, and how long they waited, in ms."""

    per_cpu_second: float
    per_second: float
    p50: float
    p99: float


PINNED = ("taskset", "-c", str(SERVING))


@contextlib.contextmanager
def pinned_service(folder: Path) -> Iterator[Server]:
    """Serve the posts of the repository in ``folder``, on the core of the servers."""
    (folder / "syndicate.toml").write_text(settings(["news"]))
    with service(folder, before=PINNED) as server:
        server.served(FEED)
        until(lambda: server.get(FEED, Accept_Encoding="br").encoding == "br")
        server.rest()
        yield server


@contextlib.contextmanager
def nginx(folder: Path, body: bytes, packed: bytes) -> Iterator[Server]:
    """Serve ``body``, which is ``packed`` with gzip, as the file that the feed would be."""
    file = folder / "static" / FEED.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    file.with_name(f"{file.name}.gz").write_bytes(packed)
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, user=user))
    with running([*PINNED, "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]) as pid:
        Server("nginx", pid, port).served(FEED)
        worker = list(family(pid))[-1]
        yield Server("nginx", worker, port)


def ask(server: Server, seconds: float, headers: dict[str, str]) -> Result:
    """Let wrk ask for the feed, and return what came of it."""
    named = [f"-H{name}: {value}" for name, value in headers.items()]
    address = f"http://127.0.0.1:{server.port}{FEED}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", *named, address]
    before = server.cpu()
    done = subprocess.run(
        ["taskset", "-c", str(ASKING), *command], check=True, capture_output=True, text=True
    )
    spent = server.cpu() - before
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"serving: {server.name} answered with errors\n{done.stdout}")
    requests = int(re.findall(r"(\d+) requests in", done.stdout)[0])
    return Result(
        per_cpu_second=requests / spent,
        per_second=float(re.findall(r"Requests/sec: *([\d.]+)", done.stdout)[0]),
        p50=_milliseconds(done.stdout, 50),
        p99=_milliseconds(done.stdout, 99),
    )


def _milliseconds(output: str, percentile: int) -> float:
    number, unit = re.findall(rf"{percentile}% +([\d.]+)(us|ms|s)\b", output)[0]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def cases(server: Server) -> dict[str, dict[str, str]]:
    """Return the header fields of each kind of request, and prove that they do what they say."""
    tag = server.get(FEED, Accept_Encoding="gzip").tag
    found = {
        "200": {},
        "200 gzip": {"Accept-Encoding": "gzip"},
        "304": {"Accept-Encoding": "gzip", "If-None-Match": tag},
    }
    for name, headers in found.items():
        status = server.get(FEED, **headers).status
        if str(status) != name[:3]:
            raise SystemExit(f"serving: {server.name} answers {status} for {name}")
    return found


def compare(ours: Server, theirs: Server, rounds: int) -> None:
    """Print what both make of each kind of request."""
    asked = {server: cases(server) for server in (ours, theirs)}
    print(f"{'':10}{'per CPU-second':>15}{'nginx':>9}{'ratio':>7} (least, most)", end="")
    print(f"{'p50 ms':>9}{'nginx':>7}{'p99 ms':>8}{'nginx':>7}{'ratio':>7}")
    for name in asked[ours]:
        results: dict[Server, list[Result]] = {ours: [], theirs: []}
        for number in range(rounds + 1):
            for server, found in list(results.items())[:: 1 if number % 2 else -1]:
                found.append(ask(server, SECONDS, asked[server][name]))
        report(name, results[ours][1:], results[theirs][1:])


def report(name: str, ours: Sequence[Result], theirs: Sequence[Result]) -> None:
    """Print one row: medians of what was measured, and the spread of the ratio."""
    ratios = sorted(
        one.per_cpu_second / other.per_cpu_second for one, other in zip(ours, theirs, strict=True)
    )
    rates = [median(one.per_cpu_second for one in of) for of in (ours, theirs)]
    middles = [median(one.p50 for one in of) for of in (ours, theirs)]
    slowest = [median(one.p99 for one in of) for of in (ours, theirs)]
    print(
        f"{name:10}{rates[0]:>15,.0f}{rates[1]:>9,.0f}"
        f"{median(ratios):>7.2f} ({ratios[0]:5.2f}, {ratios[-1]:4.2f})"
        f"{middles[0]:>9.2f}{middles[1]:>7.2f}"
        f"{slowest[0]:>8.2f}{slowest[1]:>7.2f}{slowest[0] / slowest[1]:>7.2f}",
        flush=True,
    )


class Editor(threading.Thread):
    """Commits to the repository, each time as soon as the last commit is served."""

    def __init__(self, repository: Repository, server: Server) -> None:
        super().__init__()
        self._repository = repository
        self._server = Server(server.name, server.pid, server.port)
        self.is_over = threading.Event()
        self.commits = 0

    @override
    def run(self) -> None:
        """Commit until it is over."""
        while not self.is_over.is_set():
            before = self._tag()
            first = random.randrange(10)  # noqa: S311
            self._repository.commit(range(first, self._repository.posts, 10))
            self.commits += 1
            while self._tag() == before and not self.is_over.wait(0.05):
                pass

    def _tag(self) -> str:
        return self._server.get(FEED).tag


def visit(server: Server, seconds: float) -> list[float]:
    """Be one reader who asks every millisecond; return how long each answer took, in ms."""
    waits: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            connection.request("GET", FEED, headers={"Accept-Encoding": "gzip"})
            connection.getresponse().read()
            waits.append((time.perf_counter() - began) * 1000)
            time.sleep(0.001)
    return sorted(waits)


def reindex(ours: Server, theirs: Server, repository: Repository, rounds: int) -> None:
    """Print how long requests wait while commit after commit is read and rendered."""
    gzip = {"Accept-Encoding": "gzip"}
    editor = Editor(repository, ours)
    editor.start()
    found: dict[Server, list[Result]] = {ours: [], theirs: []}
    alone: list[list[float]] = []
    for _ in range(rounds):
        for server, results in found.items():
            results.append(ask(server, SECONDS, gzip))
        alone.append(visit(ours, SECONDS))
    editor.is_over.set()
    editor.join()
    print(f"during a re-index ({editor.commits} commits), p99 ms: median (least, most)")
    for server, results in found.items():
        _spread(f"{CONNECTIONS} busy connections, {server.name}", [one.p99 for one in results])
    _spread(f"one reader, {ours.name}", [waits[-len(waits) // 100 - 1] for waits in alone])


def _spread(name: str, figures: Sequence[float]) -> None:
    print(f"  {name:32}{median(figures):>8.2f} ({min(figures):.2f}, {max(figures):.2f})")


def missing() -> str:
    """Return the name of a program that is needed and cannot be had; empty if none."""
    for program in ("taskset", "nginx", "wrk"):
        if shutil.which(program) is None:
            with contextlib.suppress(OSError):
                subprocess.run(
                    ["apt-get", "install", "-qqy", program], check=False, capture_output=True
                )
        if shutil.which(program) is None:
            return program
    return ""


def main() -> None:
    """Start both servers and compare them."""
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if program := missing():
        print(f"serving: skipped, {program} is not here and cannot be installed")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        repository = Repository(folder / "news", posts, words=WORDS_EACH)
        with pinned_service(folder) as ours:
            body, packed = ours.get(FEED).body, ours.get(FEED, Accept_Encoding="gzip").body
            with nginx(folder, body, packed) as theirs:
                copied = theirs.get(FEED).body, theirs.get(FEED, Accept_Encoding="gzip").body
                if copied != (body, packed):
                    raise SystemExit("serving: nginx does not serve the same bytes")
                print(f"serving: {FEED}, {len(body):,} bytes ({len(packed):,}), {posts:,} posts")
                compare(ours, theirs, rounds)
                reindex(ours, theirs, repository, rounds)


if __name__ == "__main__":
    main()
