"""Measure the cost by number of subscriptions: one commit to all, memory, throughput.

A service with more and more subscriptions of everything is started; commits of one post are timed
from the update of the branch to the new bytes, and to the last recorded delivery. The receivers, in
another process, respond at once. Then the deliveries of a commit of ten posts are counted per
second of the service's CPU time. The charts are written to var/bench/.

Usage: python benchmarks/subscriptions.py [SUBSCRIPTIONS ...]
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.outbox_database import SECRET_KEY, add_subscriptions, open_database
from harness.plot import plot_curves
from harness.post_repository import PostRepository
from harness.service_process import Server, run_service, settings, wait_until
from harness.webhook_receiver import receiver_url, run_receiver

COUNTS = (10, 100, 1_000, 5_000)
POSTS = 1_000
COMMITS = 8
COMMIT_POSTS = 10
"""The number of posts in the commit that measures the throughput."""

DELIVERY_SETTINGS = f"""
secret_key = "{SECRET_KEY}"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
"""

_DELIVERED_METRIC = re.compile(rb'\nsyndicate_deliveries_total\{outcome="delivered"\} ([0-9.e+]+)')


@dataclass(frozen=True)
class Measurement:
    """The figures for a number of subscriptions: seconds, deliveries, and megabytes."""

    subscriptions: int
    feed_seconds: Sequence[float]
    delivery_seconds: Sequence[float]
    per_cpu_second: float
    memory: float


class DeliveryCounter:
    """Counts deliveries by the metrics of the service."""

    def __init__(self, server: Server, subscriptions: int) -> None:
        self._server = server
        self._subscriptions = subscriptions
        self._expected = self._count()

    def _count(self) -> float:
        match = _DELIVERED_METRIC.search(self._server.get("/metrics").body)
        return float(match[1]) if match else 0

    def wait(self, posts: int) -> None:
        """Wait until ``posts`` more posts are delivered to all subscriptions."""
        self._expected += posts * self._subscriptions
        wait_until(lambda: self._count() >= self._expected, pause=0.005)


async def subscribe_receivers(folder: Path, count: int, port: int) -> None:
    """Add subscriptions to the database of the service."""
    (folder / "var").mkdir()
    async with open_database(f"sqlite:///{folder}/var/syndicate.db") as database:
        await add_subscriptions(database, count, lambda number: receiver_url(port, number))


def measure(count: int, port: int) -> Measurement:
    """Measure with ``count`` subscriptions."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        content = PostRepository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings(["news"], DELIVERY_SETTINGS))
        asyncio.run(subscribe_receivers(folder, count, port))
        feed_seconds, delivery_seconds = [], []
        with run_service(folder) as server:
            tag = server.wait_for_feed("/feeds/all.json")
            wait_until(lambda: server.get("/readyz").status == 200)
            server.wait_until_idle()
            counter = DeliveryCounter(server, count)
            for number in range(COMMITS):
                committed = content.commit_newest(number)
                tag = server.wait_for_feed("/feeds/all.json", changed_from=tag)
                feed_seconds.append(time.perf_counter() - committed)
                counter.wait(1)
                delivery_seconds.append(time.perf_counter() - committed)
            before = server.cpu_seconds(with_children=True)
            content.commit(range(COMMIT_POSTS))
            counter.wait(COMMIT_POSTS)
            cpu_seconds = server.cpu_seconds(with_children=True) - before
            server.wait_until_idle()
            memory = server.memory_mb()
        return Measurement(
            count, feed_seconds, delivery_seconds, count * COMMIT_POSTS / cpu_seconds, memory
        )


def report(results: Sequence[Measurement]) -> None:
    """Print a row for each number of subscriptions, and draw the charts."""
    print("subscriptions: one commit to its bytes and to the last response, ms; memory, MB")
    print(
        f"{'':>9}{'bytes':>8}{'last response':>15}{'slowest':>9}{'per CPU-second':>16}{'memory':>8}"
    )
    for result in results:
        print(
            f"{result.subscriptions:>9,}{median(result.feed_seconds) * 1000:>8.1f}"
            f"{median(result.delivery_seconds) * 1000:>15.0f}"
            f"{max(result.delivery_seconds) * 1000:>9.0f}"
            f"{result.per_cpu_second:>16,.0f}{result.memory:>8.0f}"
        )
    folder = Path("var/bench")
    curves = {
        "one commit to bytes, s": [
            (result.subscriptions, median(result.feed_seconds)) for result in results
        ],
        "to the last response, s": [
            (result.subscriptions, median(result.delivery_seconds)) for result in results
        ],
    }
    title, axis_label = "What grows with the subscriptions", "subscriptions"
    plot_curves(folder / "subscriptions.svg", title, axis_label, curves)
    rate = {
        "deliveries per CPU-second": [
            (result.subscriptions, result.per_cpu_second) for result in results
        ]
    }
    plot_curves(folder / "subscriptions-rate.svg", "Throughput", axis_label, rate)
    memory = {"memory, MB": [(result.subscriptions, result.memory) for result in results]}
    plot_curves(folder / "subscriptions-memory.svg", "Memory", axis_label, memory)


def main() -> None:
    """Measure every number."""
    with run_receiver() as port:
        report([measure(count, port) for count in map(int, sys.argv[1:] or COUNTS)])


if __name__ == "__main__":
    main()
