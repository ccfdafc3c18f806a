"""Measure the cost by number of sources: start, one commit to one of them, memory.

The same number of posts is distributed to more and more repositories, all watched by the service.
Each commit changes one post in one of them and is timed until the feed of all sources has it, plain
and with gzip. The charts are written to var/bench/.

Usage: python benchmarks/sources.py [SOURCES ...]
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.goals import record_goal
from harness.plot import plot_curves
from harness.post_repository import PostRepository
from harness.service_process import Server, Start, measure_start, run_service, settings

COUNTS = (1, 5, 25, 100)
POSTS = 2_000
COMMITS = 40


@dataclass(frozen=True)
class Measurement:
    """The figures for a number of sources: seconds, megabytes, CPU share when idle."""

    sources: int
    cold: Start
    cached: Start
    update_seconds: Sequence[float]
    memory: float
    idle_cpu: float


def time_updates(server: Server, sources: Sequence[PostRepository]) -> list[float]:
    """Return the durations from commits to responses, each for another source."""
    durations = []
    for number in range(COMMITS):
        source = sources[number % len(sources)]
        feed = f"/feeds/{source.folder.name}.json"
        tags = {path: server.wait_for_feed(path) for path in (feed, "/feeds/all.json")}
        committed = source.commit_newest(number // len(sources))
        server.wait_for_feed(feed, changed_from=tags[feed])
        server.wait_for_feed("/feeds/all.json", Accept_Encoding="gzip")
        durations.append(time.perf_counter() - committed)
    return sorted(durations)


def idle_cpu_share(server: Server) -> float:
    """Return the share of a core that the idle service uses."""
    server.wait_until_idle()
    before, started = server.cpu_seconds(with_children=True), time.perf_counter()
    time.sleep(5)
    return (server.cpu_seconds(with_children=True) - before) / (time.perf_counter() - started)


def measure(count: int) -> Measurement:
    """Measure with ``count`` sources."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        names = [f"news-{number}" for number in range(count)]
        sources = [PostRepository(folder / name, POSTS // count) for name in names]
        (folder / "syndicate.toml").write_text(settings(names))
        cold = measure_start(folder)
        cached = measure_start(folder)
        with run_service(folder) as server:
            updates = time_updates(server, sources)
            idle_cpu = idle_cpu_share(server)
            return Measurement(count, cold, cached, updates, server.memory_mb(), idle_cpu)


def report(results: Sequence[Measurement]) -> None:
    """Print a row for each number of sources, and draw the charts."""
    print(f"sources: {POSTS:,} posts in all; starting, s; one commit to bytes, ms; memory, MB")
    print(
        f"{'':>9}{'cold, all':>11}{'CPU':>7}{'cached, first':>15}{'commit':>8}{'slowest':>9}",
        end="",
    )
    print(f"{'memory':>8}{'core at rest':>14}")
    for result in results:
        print(
            f"{result.sources:>9,}{result.cold.all_formats:>11.2f}{result.cold.cpu:>7.2f}"
            f"{result.cached.first_feed:>15.2f}{median(result.update_seconds) * 1000:>8.1f}"
            f"{result.update_seconds[-1] * 1000:>9.1f}{result.memory:>8.0f}{result.idle_cpu:>14.1%}"
        )
        record_goal(f"idle, {result.sources} sources", result.idle_cpu * 100, 0.3, "% of a core")
    curves = {
        "cold start to all feeds, s": [
            (result.sources, result.cold.all_formats) for result in results
        ],
        "cached start to first 200, s": [
            (result.sources, result.cached.first_feed) for result in results
        ],
        "one commit to bytes, s": [
            (result.sources, median(result.update_seconds)) for result in results
        ],
    }
    plot_curves(Path("var/bench/sources.svg"), "What grows with the sources", "sources", curves)
    memory = {"memory, MB": [(result.sources, result.memory) for result in results]}
    plot_curves(Path("var/bench/sources-memory.svg"), "Memory", "sources", memory)


def main() -> None:
    """Measure every number."""
    report([measure(count) for count in map(int, sys.argv[1:] or COUNTS)])


if __name__ == "__main__":
    main()
