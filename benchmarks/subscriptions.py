"""Measure what grows with the subscriptions: one commit to all who hear of it, memory, throughput.

A service with more and more subscriptions of everything is started; commits of one post are made,
each timed from the moved branch to the new bytes, and to the last delivery that was answered and
written down. The receivers, in another process, answer at once. Afterwards all deliveries of a
commit of ten posts are counted by the seconds of CPU time that the service takes for them.
The curves are written to var/bench/.

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

from rig.content import Repository
from rig.mailroom import SAFE_KEY, opened, subscribe
from rig.plot import plot
from rig.receiver import receiver, url
from rig.service import Server, service, settings, until

COUNTS = (10, 100, 1_000, 5_000)
POSTS = 1_000
COMMITS = 8
AT_ONCE = 10
"""Posts of the commit that shows the throughput."""

DELIVERY = f"""
secret_key = "{SAFE_KEY}"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
"""

_DELIVERED = re.compile(rb'\nsyndicate_deliveries_total\{outcome="delivered"\} ([0-9.e+]+)')


@dataclass(frozen=True)
class Growth:
    """What was measured with so many subscriptions: seconds, deliveries, and megabytes."""

    subscriptions: int
    served: Sequence[float]
    delivered: Sequence[float]
    per_cpu_second: float
    memory: float


class Watch:
    """Counts what is delivered."""

    def __init__(self, server: Server, subscriptions: int) -> None:
        self._server = server
        self._each = subscriptions
        self._expected = self._count()

    def _count(self) -> float:
        found = _DELIVERED.search(self._server.get("/metrics").body)
        return float(found[1]) if found else 0

    def wait(self, posts: int) -> None:
        """Wait until everybody has heard of so many posts more."""
        self._expected += posts * self._each
        until(lambda: self._count() >= self._expected, pause=0.005)


async def enroll(folder: Path, count: int, port: int) -> None:
    """Write so many subscriptions into the database of the service."""
    (folder / "var").mkdir()
    async with opened(f"sqlite:///{folder}/var/syndicate.db") as database:
        await subscribe(database, count, lambda number: url(port, number))


def measure(count: int, port: int) -> Growth:
    """Measure with so many subscriptions."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as room:
        folder = Path(room)
        content = Repository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings(["news"], DELIVERY))
        asyncio.run(enroll(folder, count, port))
        served, delivered = [], []
        with service(folder) as server:
            tag = server.served("/feeds/all.json")
            until(lambda: server.get("/readyz").status == 200)
            server.rest()
            watch = Watch(server, count)
            for number in range(COMMITS):
                moved = content.newest(number)
                tag = server.served("/feeds/all.json", other_than=tag)
                served.append(time.perf_counter() - moved)
                watch.wait(1)
                delivered.append(time.perf_counter() - moved)
            before = server.cpu(helpers=True)
            content.commit(range(AT_ONCE))
            watch.wait(AT_ONCE)
            spent = server.cpu(helpers=True) - before
            server.rest()
            memory = server.memory()
        return Growth(count, served, delivered, count * AT_ONCE / spent, memory)


def report(results: Sequence[Growth]) -> None:
    """Print a row for each number of subscriptions, and draw the curves."""
    print("subscriptions: one commit to its bytes and to the last answer, ms; memory, MB")
    print(
        f"{'':>9}{'bytes':>8}{'last answer':>13}{'slowest':>9}{'per CPU-second':>16}{'memory':>8}"
    )
    for one in results:
        print(
            f"{one.subscriptions:>9,}{median(one.served) * 1000:>8.1f}"
            f"{median(one.delivered) * 1000:>13.0f}{max(one.delivered) * 1000:>9.0f}"
            f"{one.per_cpu_second:>16,.0f}{one.memory:>8.0f}"
        )
    where = Path("var/bench")
    curves = {
        "one commit to bytes, s": [(one.subscriptions, median(one.served)) for one in results],
        "to the last answer, s": [(one.subscriptions, median(one.delivered)) for one in results],
    }
    title, across = "What grows with the subscriptions", "subscriptions"
    plot(where / "subscriptions.svg", title, across, curves)
    rate = {
        "deliveries per CPU-second": [(one.subscriptions, one.per_cpu_second) for one in results]
    }
    plot(where / "subscriptions-rate.svg", "Throughput", across, rate)
    memory = {"memory, MB": [(one.subscriptions, one.memory) for one in results]}
    plot(where / "subscriptions-memory.svg", "Memory", across, memory)


def main() -> None:
    """Measure every number."""
    with receiver() as port:
        report([measure(count, port) for count in map(int, sys.argv[1:] or COUNTS)])


if __name__ == "__main__":
    main()
