"""Measure the cost by number of selections: one commit to all of their feeds, memory.

More and more feeds are requested, each with its own categories and format. A commit of one post is
timed until one feed has it, plain and with gzip, and until all feeds that can contain the post were
requested and have it. The charts are written to var/bench/.

Usage: python benchmarks/selections.py [SELECTIONS ...]
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path
from statistics import median

from harness.plot import plot_curves
from harness.post_repository import TOPICS, PostRepository
from harness.service_process import FORMATS, Server, run_service, settings

COUNTS = (1, 10, 100, 1_000)
POSTS = 2_000
COMMITS = 8


@dataclass(frozen=True)
class Measurement:
    """The figures for a number of selections: seconds to one feed and to all, and megabytes."""

    selections: int
    first_feed: Sequence[float]
    all_feeds: Sequence[float]
    memory: float


def feed_paths(count: int) -> list[str]:
    """Return the paths of ``count`` feeds; each may contain posts of any topic."""
    tags = (f"topic-{number}" for number in range(TOPICS))
    queries = ("technology&category=" + "&category=".join(pair) for pair in combinations(tags, 2))
    return [
        f"/feeds/all.{FORMATS[number % 3]}?category=tts&category={tags}"
        for number, tags in enumerate(islice(queries, count))
    ]


def time_updates(
    server: Server, content: PostRepository, count: int
) -> tuple[list[float], list[float]]:
    """Return the durations from commits to the response of one feed, and of all."""
    first, *others = ["/feeds/all.json", *feed_paths(count - 1)]
    first_feed, all_feeds = [], []
    for path in others:
        server.wait_for_feed(path, Accept_Encoding="gzip")
    tag = server.wait_for_feed(first)
    for number in range(COMMITS):
        committed = content.commit_newest(number)
        tag = server.wait_for_feed(first, changed_from=tag)
        server.wait_for_feed(first, Accept_Encoding="gzip")
        first_feed.append(time.perf_counter() - committed)
        for path in others:
            server.wait_for_feed(path, Accept_Encoding="gzip")
        all_feeds.append(time.perf_counter() - committed)
    return first_feed, all_feeds


def measure(count: int) -> Measurement:
    """Measure with ``count`` selections."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        content = PostRepository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings(["news"]))
        with run_service(folder) as server:
            first_feed, all_feeds = time_updates(server, content, count)
            server.wait_until_idle()
            return Measurement(count, first_feed, all_feeds, server.memory_mb())


def report(results: Sequence[Measurement]) -> None:
    """Print a row for each number of selections, and draw the charts."""
    print("selections: one commit to the bytes of one feed and of all, ms; memory, MB")
    print(f"{'':>9}{'one':>8}{'all':>10}{'each':>8}{'memory':>8}")
    for result in results:
        first_ms, all_ms = median(result.first_feed) * 1000, median(result.all_feeds) * 1000
        ms_per_feed = all_ms / result.selections
        print(
            f"{result.selections:>9,}{first_ms:>8.1f}{all_ms:>10.1f}{ms_per_feed:>8.2f}{result.memory:>8.0f}"
        )
    curves = {
        "one commit to one feed, s": [
            (result.selections, median(result.first_feed)) for result in results
        ],
        "one commit to all feeds, s": [
            (result.selections, median(result.all_feeds)) for result in results
        ],
    }
    plot_curves(
        Path("var/bench/selections.svg"), "What grows with the selections", "selections", curves
    )
    memory = {"memory, MB": [(result.selections, result.memory) for result in results]}
    plot_curves(Path("var/bench/selections-memory.svg"), "Memory", "selections", memory)


def main() -> None:
    """Measure every number."""
    report([measure(count) for count in map(int, sys.argv[1:] or COUNTS)])


if __name__ == "__main__":
    main()
