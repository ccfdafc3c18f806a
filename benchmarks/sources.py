"""Measure what grows with the sources: starting, one commit to one of them, memory.

The same number of posts is spread over more and more repositories, all of which the service
follows. Each commit changes one post of one of them and is timed until the feed of all has it,
plain and with gzip. The curves are written to var/bench/.

Usage: python benchmarks/sources.py [SOURCES ...]
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rig.content import Repository
from rig.plot import plot
from rig.service import Server, Start, service, settings, start

COUNTS = (1, 5, 25, 100)
POSTS = 2_000
COMMITS = 40


@dataclass(frozen=True)
class Growth:
    """What was measured with so many sources: seconds, megabytes, CPU seconds a second at rest."""

    sources: int
    cold: Start
    cached: Start
    updates: Sequence[float]
    memory: float
    resting: float


def update(server: Server, sources: Sequence[Repository]) -> list[float]:
    """Return how long commits took to be served, each to another source."""
    taken = []
    for number in range(COMMITS):
        source = sources[number % len(sources)]
        feed = f"/feeds/{source.folder.name}.json"
        tags = {path: server.served(path) for path in (feed, "/feeds/all.json")}
        moved = source.newest(number // len(sources))
        server.served(feed, other_than=tags[feed])
        server.served("/feeds/all.json", Accept_Encoding="gzip")
        taken.append(time.perf_counter() - moved)
    return sorted(taken)


def rest(server: Server) -> float:
    """Return how much of a core the service takes while nothing happens."""
    server.rest()
    before, begun = server.cpu(helpers=True), time.perf_counter()
    time.sleep(5)
    return (server.cpu(helpers=True) - before) / (time.perf_counter() - begun)


def measure(count: int) -> Growth:
    """Measure with so many sources."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as room:
        folder = Path(room)
        names = [f"news-{number}" for number in range(count)]
        sources = [Repository(folder / name, POSTS // count) for name in names]
        (folder / "syndicate.toml").write_text(settings(names))
        cold = start(folder)
        cached = start(folder)
        with service(folder) as server:
            updates = update(server, sources)
            resting = rest(server)
            return Growth(count, cold, cached, updates, server.memory(), resting)


def report(results: Sequence[Growth]) -> None:
    """Print a row for each number of sources, and draw the curves."""
    print(f"sources: {POSTS:,} posts in all; starting, s; one commit to bytes, ms; memory, MB")
    print(
        f"{'':>9}{'cold, all':>11}{'CPU':>7}{'cached, first':>15}{'commit':>8}{'slowest':>9}",
        end="",
    )
    print(f"{'memory':>8}{'core at rest':>14}")
    for one in results:
        print(
            f"{one.sources:>9,}{one.cold.everything:>11.2f}{one.cold.cpu:>7.2f}"
            f"{one.cached.first:>15.2f}{median(one.updates) * 1000:>8.1f}"
            f"{one.updates[-1] * 1000:>9.1f}{one.memory:>8.0f}{one.resting:>14.1%}"
        )
    curves = {
        "cold start to all feeds, s": [(one.sources, one.cold.everything) for one in results],
        "cached start to first 200, s": [(one.sources, one.cached.first) for one in results],
        "one commit to bytes, s": [(one.sources, median(one.updates)) for one in results],
    }
    plot(Path("var/bench/sources.svg"), "What grows with the sources", "sources", curves)
    memory = {"memory, MB": [(one.sources, one.memory) for one in results]}
    plot(Path("var/bench/sources-memory.svg"), "Memory", "sources", memory)


def main() -> None:
    """Measure every number."""
    report([measure(count) for count in map(int, sys.argv[1:] or COUNTS)])


if __name__ == "__main__":
    main()
