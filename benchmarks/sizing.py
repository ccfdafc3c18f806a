"""Measure what an installation needs: posts, sources and subscriptions to memory, CPU, disk.

Each size is started without a cache, serves all formats, and then receives commits of one post
that are delivered to all subscriptions. Memory is that of the service and its helper processes:
the highest value during the first start, and what stays. The sources are repositories of this
host; for a remote one, add its mirror to the disk.

Usage: python benchmarks/sizing.py [POSTS:SOURCES:SUBSCRIPTIONS ...]
"""

import asyncio
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.outbox_database import SECRET_KEY, add_subscriptions, open_database
from harness.post_repository import PostRepository
from harness.service_process import FORMATS, Server, run_service, settings, wait_until
from harness.webhook_receiver import receiver_url, run_receiver

COMMITS = 5
IDLE_SECONDS = 5
DELIVERY_SETTINGS = f"""
secret_key = "{SECRET_KEY}"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
"""
DATABASE = "syndicate.db"
MEGABYTE = 1024 * 1024


class Size(NamedTuple):
    """What an installation serves."""

    posts: int
    sources: int
    subscriptions: int


SIZES = (Size(100, 1, 10), Size(2_000, 10, 100), Size(10_000, 50, 1_000))


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The figures of a size: megabytes, seconds of CPU time, share of a core when idle."""

    size: Size
    start_cpu: float
    peak_mb: float
    memory_mb: float
    idle_cpu: float
    commit_cpu: float
    cache_mb: float
    delivery_bytes: float
    """Growth of the database for each delivery, from which its size follows."""


class PeakMemory:
    """The highest memory of a server so far, sampled four times a second."""

    def __init__(self) -> None:
        self.megabytes = 0.0

    @contextmanager
    def watch(self, server: Server) -> Iterator[None]:
        """Sample until the end of the block."""
        is_over = threading.Event()

        def sample() -> None:
            while not is_over.wait(0.25):
                self.megabytes = max(self.megabytes, server.memory_mb())

        thread = threading.Thread(target=sample)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


async def subscribe_receivers(folder: Path, count: int, port: int) -> None:
    """Add subscriptions to the database of the service."""
    (folder / "var").mkdir()
    async with open_database(f"sqlite:///{folder}/var/{DATABASE}") as database:
        await add_subscriptions(database, count, lambda number: receiver_url(port, number))


def database_bytes(folder: Path) -> int:
    """Return the bytes of the pages in use, whether they are in the file or in its log."""
    file = folder / "var" / DATABASE
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def bytes_of(files: Iterator[Path]) -> int:
    """Return the bytes that files take on the disk."""
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


def delivered(server: Server) -> float:
    """Return the number of successful deliveries by the metrics of the service."""
    for line in server.get("/metrics").body.splitlines():
        if line.startswith(b'syndicate_deliveries_total{outcome="delivered"}'):
            return float(line.split()[-1])
    return 0.0


def commit_to_all(server: Server, contents: Sequence[PostRepository], subscriptions: int) -> float:
    """Commit one post at a time and wait for its deliveries; return CPU seconds of a commit."""
    expected = delivered(server)
    before = server.cpu_seconds(with_children=True)
    for number in range(COMMITS):
        contents[number % len(contents)].commit_newest(number)
        expected += subscriptions
        wait_until(lambda: delivered(server) >= expected)  # noqa: B023 — called at once
    return (server.cpu_seconds(with_children=True) - before) / COMMITS


def idle_share(server: Server) -> float:
    """Return the share of a core that the idle service uses."""
    server.wait_until_idle()
    before = server.cpu_seconds(with_children=True)
    time.sleep(IDLE_SECONDS)
    return (server.cpu_seconds(with_children=True) - before) / IDLE_SECONDS


def measure(size: Size, port: int) -> Measurement:
    """Measure an installation of ``size``."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        names = [f"source-{number}" for number in range(size.sources)]
        contents = [PostRepository(folder / name, size.posts // size.sources) for name in names]
        (folder / "syndicate.toml").write_text(settings(names, DELIVERY_SETTINGS))
        asyncio.run(subscribe_receivers(folder, size.subscriptions, port))
        peak = PeakMemory()
        with run_service(folder) as server:
            with peak.watch(server):
                for name in FORMATS:
                    server.wait_for_feed(f"/feeds/all.{name}", Accept_Encoding="gzip")
                wait_until(lambda: server.get("/readyz").status == 200)
                server.wait_until_idle()
            start_cpu = server.cpu_seconds(with_children=True)
            before = database_bytes(folder)
            commit_cpu = commit_to_all(server, contents, size.subscriptions)
            idle_cpu = idle_share(server)
            grown = database_bytes(folder) - before
            return Measurement(
                size=size,
                start_cpu=start_cpu,
                peak_mb=peak.megabytes,
                memory_mb=server.memory_mb(),
                idle_cpu=idle_cpu,
                commit_cpu=commit_cpu,
                cache_mb=bytes_of((folder / "var" / "cache").rglob("*")) / MEGABYTE,
                delivery_bytes=grown / (COMMITS * size.subscriptions),
            )


def main() -> None:
    """Print a row for each size."""
    sizes = [Size(*map(int, text.split(":"))) for text in sys.argv[1:]] or SIZES
    print("sizing: memory and cache in MB, CPU time in s, of a first start and of a commit to all")
    print(
        f"{'posts':>9}{'sources':>9}{'subscriptions':>15}{'peak':>7}{'memory':>8}{'start':>8}"
        f"{'commit':>8}{'idle':>7}{'cache':>7}{'bytes a delivery':>18}"
    )
    with run_receiver() as port:
        for size in sizes:
            result = measure(size, port)
            print(
                f"{size.posts:>9,}{size.sources:>9,}{size.subscriptions:>15,}"
                f"{result.peak_mb:>7.0f}{result.memory_mb:>8.0f}{result.start_cpu:>8.1f}"
                f"{result.commit_cpu:>8.2f}{result.idle_cpu:>7.1%}{result.cache_mb:>7.0f}"
                f"{result.delivery_bytes:>18,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
