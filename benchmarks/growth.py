"""Measure what grows with the number of posts: starting, one commit, rendering all, memory.

A service is started in a process of its own, without a cache and with it, up to the first answer
and to all formats; then commits of one post are made, each timed from the moved branch to the new
bytes, plain and with gzip; then every post is fetched. Hugo builds the same folder beside it,
feeds only and all pages, as often as it takes. The curves are written to var/bench/.

Usage: python benchmarks/growth.py [POSTS ...]
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rig.content import Repository
from rig.plot import plot

SIZES = (1_000, 10_000)
COMMITS = 40
PATIENCE = 300
FORMATS = ("json", "rss", "atom")

SETTINGS = """
[service]
title = "Benchmark"
public_url = "https://feeds.example.gov"
[[sources]]
name = "news"
repository = "repository"
folders = ["posts"]
dialect = "jekyll"
site_url = "https://www.example.gov"
permalink = "/:year/:month/:day/:title/"
"""

HUGO = """
baseURL = "https://www.example.gov/"
title = "Benchmark"
disableKinds = ["taxonomy", "term", "sitemap", "robotsTXT", "404"]
[outputs]
home = ["RSS"]
section = ["RSS"]
[services.rss]
limit = 50
[module]
[[module.mounts]]
source = "posts"
target = "content/posts"
"""


@dataclass(frozen=True)
class Result:
    """What was measured of so many posts; seconds, and megabytes."""

    posts: int
    cold: float
    cold_cpu: float
    cached: float
    cached_all: float
    cached_cpu: float
    update: float
    slowest_update: float
    rendering: float
    memory: float
    hugo_feeds: float | None
    hugo: float | None


class Service:
    """A service under way."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self._port = port

    def get(self, path: str, **headers: str) -> tuple[int, bytes, str]:
        """Return status, body and tag of what ``path`` is answered with; 0 while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        with contextlib.closing(connection):
            try:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                connection.request("GET", path, headers=named)
                answer = connection.getresponse()
                return answer.status, answer.read(), answer.headers["ETag"] or ""
            except ConnectionError:
                return 0, b"", ""

    def until_served(self, path: str, other_than: str = "", **headers: str) -> str:
        """Ask until ``path`` is served, with another tag than that; return the tag."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status, _, tag = self.get(path, **headers)
            if status == http.client.OK and tag != other_than:
                return tag
            time.sleep(0.002)
        raise SystemExit("growth: the service does not serve")

    def usage(self) -> tuple[float, float]:
        """Return the CPU seconds and the resident megabytes of the process and its children."""
        seconds = kilobytes = 0.0
        for process in _family(self.process.pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                seconds += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
                status = Path(f"/proc/{process}/smaps_rollup").read_text()
                kilobytes += int(status.partition("\nPss:")[2].split()[0])
        return seconds, kilobytes / 1024


def _family(process: int) -> Iterator[int]:
    """Yield the process and all it has started, by whichever of its threads."""
    yield process
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _family(int(child))


@contextlib.contextmanager
def service(folder: Path) -> Iterator[Service]:
    """Serve the folder, and stop."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environ = {"SYNDICATE_SERVICE__PORT": str(port), "PYTHONOPTIMIZE": ""}
    environ |= {"PYTHONDONTWRITEBYTECODE": ""}  # what is installed has been compiled
    with subprocess.Popen(
        [sys.executable, "-m", "syndicate", "serve"],
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield Service(process, port)
        finally:
            process.send_signal(signal.SIGTERM)


def start(folder: Path) -> tuple[float, float, float]:
    """Return the seconds to the first feed and to all, and the CPU seconds of that."""
    begun = time.perf_counter()
    with service(folder) as running:
        running.until_served("/feeds/all.json")
        first = time.perf_counter() - begun
        for form in FORMATS:
            running.until_served(f"/feeds/all.{form}", Accept_Encoding="gzip")
        everything = time.perf_counter() - begun
        return first, everything, running.usage()[0]


def updates(running: Service, content: Repository) -> list[float]:
    """Return how long each of some commits took to be served, plain and with gzip."""
    taken = []
    tag = running.until_served("/feeds/all.json")
    for number in range(COMMITS):
        content.commit([content.posts - 1 - number % 40])
        begun = time.perf_counter()
        tag = running.until_served("/feeds/all.json", tag)
        running.until_served("/feeds/all.json", Accept_Encoding="gzip")
        taken.append(time.perf_counter() - begun)
    return sorted(taken)


def render(running: Service) -> float:
    """Fetch every post once, and return the seconds it took."""
    begun = time.perf_counter()
    address = "/feeds/all.json?limit=200"
    while address:
        status, body, _ = running.get(address)
        if status != http.client.OK:
            raise SystemExit(f"growth: {address} is answered with {status}")
        following = json.loads(body).get("next_url")
        address = following.partition("feeds.example.gov")[2] if following else ""
    return time.perf_counter() - begun


def hugo(folder: Path, *, feeds_only: bool) -> float | None:
    """Return the seconds that Hugo takes to build the posts again; None without Hugo."""
    if not shutil.which("hugo"):
        return None
    site = folder / "site"
    if not site.exists():
        archive = ["git", "-C", str(folder / "repository"), "archive", "main"]
        site.mkdir()
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as git:
            subprocess.run(["tar", "-x", "-C", str(site)], stdin=git.stdout, check=True)
        layouts = site / "layouts" / "_default"
        layouts.mkdir(parents=True)
        (layouts / "single.html").write_text("<!doctype html><h1>{{ .Title }}</h1>{{ .Content }}")
        (layouts / "list.html").write_text("<!doctype html>{{ range .Pages }}{{ .Title }}{{ end }}")
    lean = "[[cascade]]\n[cascade._build]\nrender = 'never'\n" if feeds_only else ""
    (site / "hugo.toml").write_text(HUGO + lean)
    command = ["hugo", "--quiet", "--source", str(site), "--destination", str(folder / "public")]
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run([*command, "--config", str(site / "hugo.toml")], check=True)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def measure(posts: int) -> Result:
    """Measure with so many posts."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as room:
        folder = Path(room)
        content = Repository(folder / "repository", posts)
        (folder / "syndicate.toml").write_text(SETTINGS)
        _, cold, cold_cpu = start(folder)
        warm = [start(folder) for _ in range(3)]
        with service(folder) as running:
            running.until_served("/feeds/all.json")
            taken = updates(running, content)
            rendering = render(running)
            memory = running.usage()[1]
        return Result(
            posts=posts,
            cold=cold,
            cold_cpu=cold_cpu,
            cached=min(first for first, _, _ in warm),
            cached_all=min(everything for _, everything, _ in warm),
            cached_cpu=min(cpu for *_, cpu in warm),
            update=median(taken),
            slowest_update=taken[-1],
            rendering=rendering,
            memory=memory,
            hugo_feeds=hugo(folder, feeds_only=True),
            hugo=hugo(folder, feeds_only=False),
        )


def report(results: Sequence[Result]) -> None:
    """Print a row for each number of posts, and draw the curves."""
    print("| posts | cold, all feeds s (CPU) | cached, first 200 s | all feeds s (CPU) |", end="")
    print(" commit to bytes ms (slowest) | all rendered s | memory MB |", end="")
    print(" Hugo feeds s (ratio) | Hugo all s (ratio) |")
    print(f"|{' --- |' * 9}")
    for one in results:
        print(
            f"| {one.posts:,} | {one.cold:.2f} ({one.cold_cpu:.2f}) | {one.cached:.2f} "
            f"| {one.cached_all:.2f} ({one.cached_cpu:.2f}) "
            f"| {one.update * 1000:.1f} ({one.slowest_update * 1000:.1f}) "
            f"| {one.rendering:.1f} | {one.memory:.0f} "
            f"| {_beside(one.hugo_feeds, one.update)} | {_beside(one.hugo, one.update)} |"
        )
    curves = {
        "cold start to all feeds, s": [(one.posts, one.cold) for one in results],
        "cached start to first 200, s": [(one.posts, one.cached) for one in results],
        "one commit to bytes, s": [(one.posts, one.update) for one in results],
        "all rendered, s": [(one.posts, one.rendering) for one in results],
    }
    plot(Path("var/bench/growth.svg"), "What grows with the posts", "posts", curves)
    memory = {"memory, MB": [(one.posts, one.memory) for one in results]}
    plot(Path("var/bench/memory.svg"), "Memory", "posts", memory)


def _beside(theirs: float | None, ours: float) -> str:
    return f"{theirs:.2f} ({theirs / ours:.0f})" if theirs else "no hugo here"


def main() -> None:
    """Measure every size."""
    report([measure(posts) for posts in map(int, sys.argv[1:] or SIZES)])


if __name__ == "__main__":
    main()
