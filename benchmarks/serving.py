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
import signal
import socket
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from typing_extensions import override

CONNECTIONS = 64
SECONDS = 2
"""How long one measurement takes."""

PATIENCE = 120
"""Seconds for a server to start, and for 10,000 posts to be read."""

SERVING, ASKING = (sorted(os.sched_getaffinity(0)) * 2)[:2]
"""The core of the servers and the core of wrk."""

TICKS = os.sysconf("SC_CLK_TCK")

FEED = "/feeds/all.json"
WORDS_EACH = 26
"""Words of a post: the feed has some 40 kB then, 8 kB with gzip."""

SETTINGS = """
[service]
title = "Benchmark"
public_url = "https://feeds.example.gov"
[[sources]]
name = "news"
repository = "repository"
folders = ["posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""

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
class Server:
    """A program that serves: what it is called, the process that does, and where."""

    name: str
    pid: int
    port: int

    def get(self, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Return what the feed is answered with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(
                "GET", FEED, headers={n.replace("_", "-"): v for n, v in headers.items()}
            )
            answer = connection.getresponse()
            return answer, answer.read()

    def cpu(self) -> float:
        """Return the processor seconds that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass(frozen=True)
class Result:
    """Requests per processor second and per second, and how long they waited, in ms."""

    per_cpu_second: float
    per_second: float
    p50: float
    p99: float


class Repository:
    """A git repository of posts, one a day, in which commits can be made without end."""

    def __init__(self, folder: Path, posts: int) -> None:
        self._folder = folder
        self._posts = posts
        self._chance = chance = random.Random(1)  # noqa: S311 — the same posts each time
        letters = string.ascii_lowercase
        self._words = ["".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in "x" * 999]
        self._commits = 0
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
        self.commit(range(posts))

    def commit(self, numbers: Sequence[int]) -> None:
        """Write the posts ``numbers`` anew."""
        self._commits += 1
        stamp = f"Ada Editor <ada@example.gov> {1_700_000_000 + self._commits} +0000"
        parent = "from refs/heads/main^0\n" if self._commits > 1 else ""
        lines = [f"commit refs/heads/main\ncommitter {stamp}\ndata 4\nEdit\n{parent}"]
        for number in numbers:
            year, day = 2023 - number // 336, number % 336
            words = " ".join(self._chance.choices(self._words, k=WORDS_EACH))
            text = f"---\ntitle: Post {number}\n---\n{words}\n"
            path = f"posts/{year}/{year}-{day // 28 + 1:02}-{day % 28 + 1:02}-post-{number}.md"
            lines.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
        subprocess.run(
            ["git", "-C", str(self._folder), "fast-import", "--quiet"],
            input="".join(lines).encode(),
            check=True,
        )

    def tenth(self) -> None:
        """Commit a change of every tenth post."""
        first = self._chance.randrange(10)
        self.commit(range(first, self._posts, 10))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("serving: a server does not do what it should")
        time.sleep(0.05)


@contextlib.contextmanager
def running(command: Sequence[str], **environ: str) -> Iterator[int]:
    """Run a program on the core of the servers; yield its process, ask it to end afterwards."""
    pinned = ["taskset", "-c", str(SERVING), *command]
    with subprocess.Popen(
        pinned, env={**os.environ, **environ}, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def service(folder: Path) -> Iterator[Server]:
    """Serve the posts in ``folder``."""
    (folder / "syndicate.toml").write_text(SETTINGS)
    port = free_port()
    settings = {
        "SYNDICATE_CONFIG": str(folder / "syndicate.toml"),
        "SYNDICATE_SERVICE__PORT": str(port),
    }
    with running([sys.executable, "-m", "syndicate", "serve"], **settings) as pid:
        server = Server("syndicate", pid, port)
        until(lambda: _is_up(server))
        until(lambda: server.get(Accept_Encoding="br")[0].headers["Content-Encoding"] == "br")
        until(lambda: _rests(server))
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
    with running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]) as pid:
        until(lambda: _is_up(Server("nginx", pid, port)))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        yield Server("nginx", int(children[0]), port)


def _is_up(server: Server) -> bool:
    try:
        return server.get()[0].status == http.client.OK
    except OSError:
        return False


def _rests(server: Server) -> bool:
    """Tell whether what follows a start is over, such as writing down what is served."""
    before = server.cpu()
    time.sleep(1)
    return server.cpu() - before < 0.2


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
    tag = server.get(Accept_Encoding="gzip")[0].headers["ETag"]
    found = {
        "200": {},
        "200 gzip": {"Accept-Encoding": "gzip"},
        "304": {"Accept-Encoding": "gzip", "If-None-Match": tag},
    }
    for name, headers in found.items():
        answer, _ = server.get(**headers)
        if str(answer.status) != name[:3]:
            raise SystemExit(f"serving: {server.name} answers {answer.status} for {name}")
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
        self._server = server
        self.is_over = threading.Event()
        self.commits = 0

    @override
    def run(self) -> None:
        """Commit until it is over."""
        while not self.is_over.is_set():
            before = self._tag()
            self._repository.tenth()
            self.commits += 1
            while self._tag() == before and not self.is_over.wait(0.05):
                pass

    def _tag(self) -> str:
        return self._server.get()[0].headers["ETag"]


def visit(server: Server, seconds: float) -> list[float]:
    """Be one reader who asks every millisecond; return how long each answer took, in ms."""
    waits: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
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
        repository = Repository(folder / "repository", posts)
        with service(folder) as ours:
            body, packed = ours.get()[1], ours.get(Accept_Encoding="gzip")[1]
            with nginx(folder, body, packed) as theirs:
                if theirs.get()[1] != body or theirs.get(Accept_Encoding="gzip")[1] != packed:
                    raise SystemExit("serving: nginx does not serve the same bytes")
                print(f"serving: {FEED}, {len(body):,} bytes ({len(packed):,}), {posts:,} posts")
                compare(ours, theirs, rounds)
                reindex(ours, theirs, repository, rounds)


if __name__ == "__main__":
    main()
