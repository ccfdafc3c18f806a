"""Measure cached feeds, compared with nginx serving the same bytes from files: 200 and 304.

The server runs on one core, wrk on the other, with 64 persistent connections. The figure that
counts is requests per second of the server's CPU time, which is stable on a busy machine, too; the
servers alternate, and the median of the rounds is printed with the range. Latencies are those of a
server under full load. At the end the service reads and renders commits that change a tenth of its
posts, one after the other, on the same core.

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

from harness.post_repository import PostRepository
from harness.service_process import (
    Server,
    free_port,
    process_tree,
    run_program,
    run_service,
    settings,
    wait_until,
)
from typing_extensions import override

CONNECTIONS = 64
SECONDS = 2
"""Duration of one measurement."""

SERVER_CORE, CLIENT_CORE = (sorted(os.sched_getaffinity(0)) * 2)[:2]
"""The core of the servers and the core of wrk."""

FEED = "/feeds/all.json"
WORDS_EACH = 26
"""Words of a post, so that the feed has about 40 kB, and 8 kB with gzip."""

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
    """Requests per CPU-second and per second, and percentiles of their latency in ms."""

    per_cpu_second: float
    per_second: float
    p50: float
    p99: float


PINNED = ("taskset", "-c", str(SERVER_CORE))


@contextlib.contextmanager
def pinned_service(folder: Path) -> Iterator[Server]:
    """Serve the repository in ``folder``, on the core of the servers."""
    (folder / "syndicate.toml").write_text(settings(["news"]))
    with run_service(folder, prefix=PINNED) as server:
        server.wait_for_feed(FEED)
        wait_until(lambda: server.get(FEED, Accept_Encoding="br").encoding == "br")
        server.wait_until_idle()
        yield server


@contextlib.contextmanager
def nginx(folder: Path, body: bytes, gzipped: bytes) -> Iterator[Server]:
    """Serve ``body`` as a file, and ``gzipped`` beside it."""
    file = folder / "static" / FEED.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    file.with_name(f"{file.name}.gz").write_bytes(gzipped)
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, user=user))
    with run_program(
        [*PINNED, "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    ) as pid:
        Server("nginx", pid, port).wait_for_feed(FEED)
        worker = list(process_tree(pid))[-1]
        yield Server("nginx", worker, port)


def run_wrk(server: Server, seconds: float, headers: dict[str, str]) -> Result:
    """Request the feed with wrk, and return the result."""
    header_options = [f"-H{name}: {value}" for name, value in headers.items()]
    url = f"http://127.0.0.1:{server.port}{FEED}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", *header_options, url]
    before = server.cpu_seconds()
    completed = subprocess.run(
        ["taskset", "-c", str(CLIENT_CORE), *command], check=True, capture_output=True, text=True
    )
    cpu_seconds = server.cpu_seconds() - before
    if "Non-2xx" in completed.stdout or "Socket errors" in completed.stdout:
        raise SystemExit(f"serving: {server.name} responded with errors\n{completed.stdout}")
    requests = int(re.findall(r"(\d+) requests in", completed.stdout)[0])
    return Result(
        per_cpu_second=requests / cpu_seconds,
        per_second=float(re.findall(r"Requests/sec: *([\d.]+)", completed.stdout)[0]),
        p50=_milliseconds(completed.stdout, 50),
        p99=_milliseconds(completed.stdout, 99),
    )


def _milliseconds(output: str, percentile: int) -> float:
    number, unit = re.findall(rf"{percentile}% +([\d.]+)(us|ms|s)\b", output)[0]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def request_headers(server: Server) -> dict[str, dict[str, str]]:
    """Return the header fields of each kind of request, after checking the responses."""
    tag = server.get(FEED, Accept_Encoding="gzip").tag
    headers_by_case = {
        "200": {},
        "200 gzip": {"Accept-Encoding": "gzip"},
        "304": {"Accept-Encoding": "gzip", "If-None-Match": tag},
    }
    for name, headers in headers_by_case.items():
        status = server.get(FEED, **headers).status
        if str(status) != name[:3]:
            raise SystemExit(f"serving: {server.name} responds with {status} for {name}")
    return headers_by_case


def compare(syndicate: Server, peer: Server, rounds: int) -> None:
    """Print the results of both servers for each kind of request."""
    headers_by_server = {server: request_headers(server) for server in (syndicate, peer)}
    print(f"{'':10}{'per CPU-second':>15}{'nginx':>9}{'ratio':>7} (least, most)", end="")
    print(f"{'p50 ms':>9}{'nginx':>7}{'p99 ms':>8}{'nginx':>7}{'ratio':>7}")
    for name in headers_by_server[syndicate]:
        results: dict[Server, list[Result]] = {syndicate: [], peer: []}
        for number in range(rounds + 1):
            for server, server_results in list(results.items())[:: 1 if number % 2 else -1]:
                server_results.append(run_wrk(server, SECONDS, headers_by_server[server][name]))
        report(name, results[syndicate][1:], results[peer][1:])


def report(name: str, syndicate: Sequence[Result], peer: Sequence[Result]) -> None:
    """Print one row: the medians, and the range of the ratio."""
    ratios = sorted(
        own.per_cpu_second / peer_result.per_cpu_second
        for own, peer_result in zip(syndicate, peer, strict=True)
    )
    median_rates = [
        median(own.per_cpu_second for own in measured) for measured in (syndicate, peer)
    ]
    median_p50 = [median(own.p50 for own in measured) for measured in (syndicate, peer)]
    median_p99 = [median(own.p99 for own in measured) for measured in (syndicate, peer)]
    print(
        f"{name:10}{median_rates[0]:>15,.0f}{median_rates[1]:>9,.0f}"
        f"{median(ratios):>7.2f} ({ratios[0]:5.2f}, {ratios[-1]:4.2f})"
        f"{median_p50[0]:>9.2f}{median_p50[1]:>7.2f}"
        f"{median_p99[0]:>8.2f}{median_p99[1]:>7.2f}{median_p99[0] / median_p99[1]:>7.2f}",
        flush=True,
    )


class Editor(threading.Thread):
    """Commits to the repository, each time as soon as the last commit is served."""

    def __init__(self, repository: PostRepository, server: Server) -> None:
        super().__init__()
        self._repository = repository
        self._server = Server(server.name, server.pid, server.port)
        self.is_over = threading.Event()
        self.commits = 0

    @override
    def run(self) -> None:
        """Commit until stopped."""
        while not self.is_over.is_set():
            before = self._tag()
            first = random.randrange(10)  # noqa: S311
            self._repository.commit(range(first, self._repository.posts, 10))
            self.commits += 1
            while self._tag() == before and not self.is_over.wait(0.05):
                pass

    def _tag(self) -> str:
        return self._server.get(FEED).tag


def read_latencies(server: Server, seconds: float) -> list[float]:
    """Request the feed every millisecond; return the sorted latencies in ms."""
    durations: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            connection.request("GET", FEED, headers={"Accept-Encoding": "gzip"})
            connection.getresponse().read()
            durations.append((time.perf_counter() - started) * 1000)
            time.sleep(0.001)
    return sorted(durations)


def compare_during_reindex(
    syndicate: Server, peer: Server, repository: PostRepository, rounds: int
) -> None:
    """Print latencies while commits are read and rendered."""
    gzip = {"Accept-Encoding": "gzip"}
    editor = Editor(repository, syndicate)
    editor.start()
    results_by_server: dict[Server, list[Result]] = {syndicate: [], peer: []}
    single_reader: list[list[float]] = []
    for _ in range(rounds):
        for server, results in results_by_server.items():
            results.append(run_wrk(server, SECONDS, gzip))
        single_reader.append(read_latencies(syndicate, SECONDS))
    editor.is_over.set()
    editor.join()
    print(f"during a re-index ({editor.commits} commits), p99 ms: median (least, most)")
    for server, results in results_by_server.items():
        _spread(
            f"{CONNECTIONS} busy connections, {server.name}", [result.p99 for result in results]
        )
    _spread(
        f"one reader, {syndicate.name}",
        [durations[-len(durations) // 100 - 1] for durations in single_reader],
    )


def _spread(name: str, figures: Sequence[float]) -> None:
    print(f"  {name:32}{median(figures):>8.2f} ({min(figures):.2f}, {max(figures):.2f})")


def missing_program() -> str:
    """Return the name of a required program that cannot be installed, or ""."""
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
    if program := missing_program():
        print(f"serving: skipped, {program} is not here and cannot be installed")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        repository = PostRepository(folder / "news", posts, words=WORDS_EACH)
        with pinned_service(folder) as syndicate:
            body, gzipped = (
                syndicate.get(FEED).body,
                syndicate.get(FEED, Accept_Encoding="gzip").body,
            )
            with nginx(folder, body, gzipped) as peer:
                peer_bodies = peer.get(FEED).body, peer.get(FEED, Accept_Encoding="gzip").body
                if peer_bodies != (body, gzipped):
                    raise SystemExit("serving: nginx does not serve the same bytes")
                print(f"serving: {FEED}, {len(body):,} bytes ({len(gzipped):,}), {posts:,} posts")
                compare(syndicate, peer, rounds)
                compare_during_reindex(syndicate, peer, repository, rounds)


if __name__ == "__main__":
    main()
