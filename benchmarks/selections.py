"""Measure what grows with the selections that are asked for: one commit to all of them, memory.

Readers ask for more and more feeds, each of its own choice of categories and format. A commit of
one post is timed until one feed has it, plain and with gzip, and until all that can hold the post
have been asked for and have it. The curves are written to var/bench/.

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

from rig.content import TOPICS, Repository
from rig.plot import plot
from rig.service import FORMATS, Server, service, settings

COUNTS = (1, 10, 100, 1_000)
POSTS = 2_000
COMMITS = 8


@dataclass(frozen=True)
class Growth:
    """What was measured with so many selections: seconds to one and to all, and megabytes."""

    selections: int
    one: Sequence[float]
    everyone: Sequence[float]
    memory: float


def selections(count: int) -> list[str]:
    """Return the addresses of so many feeds; every one may hold posts of any topic."""
    tags = (f"topic-{number}" for number in range(TOPICS))
    chosen = ("technology&category=" + "&category=".join(pair) for pair in combinations(tags, 2))
    return [
        f"/feeds/all.{FORMATS[number % 3]}?category=tts&category={tags}"
        for number, tags in enumerate(islice(chosen, count))
    ]


def update(server: Server, content: Repository, count: int) -> tuple[list[float], list[float]]:
    """Return how long commits took to be served in one feed, and in all."""
    first, *others = ["/feeds/all.json", *selections(count - 1)]
    one, everyone = [], []
    for path in others:
        server.served(path, Accept_Encoding="gzip")
    tag = server.served(first)
    for number in range(COMMITS):
        moved = content.newest(number)
        tag = server.served(first, other_than=tag)
        server.served(first, Accept_Encoding="gzip")
        one.append(time.perf_counter() - moved)
        for path in others:
            server.served(path, Accept_Encoding="gzip")
        everyone.append(time.perf_counter() - moved)
    return one, everyone


def measure(count: int) -> Growth:
    """Measure with so many selections."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as room:
        folder = Path(room)
        content = Repository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings(["news"]))
        with service(folder) as server:
            one, everyone = update(server, content, count)
            server.rest()
            return Growth(count, one, everyone, server.memory())


def report(results: Sequence[Growth]) -> None:
    """Print a row for each number of selections, and draw the curves."""
    print("selections: one commit to the bytes of one feed and of all, ms; memory, MB")
    print(f"{'':>9}{'one':>8}{'all':>10}{'each':>8}{'memory':>8}")
    for one in results:
        first, everyone = median(one.one) * 1000, median(one.everyone) * 1000
        each = everyone / one.selections
        print(f"{one.selections:>9,}{first:>8.1f}{everyone:>10.1f}{each:>8.2f}{one.memory:>8.0f}")
    curves = {
        "one commit to one feed, s": [(one.selections, median(one.one)) for one in results],
        "one commit to all feeds, s": [(one.selections, median(one.everyone)) for one in results],
    }
    plot(Path("var/bench/selections.svg"), "What grows with the selections", "selections", curves)
    memory = {"memory, MB": [(one.selections, one.memory) for one in results]}
    plot(Path("var/bench/selections-memory.svg"), "Memory", "selections", memory)


def main() -> None:
    """Measure every number."""
    report([measure(count) for count in map(int, sys.argv[1:] or COUNTS)])


if __name__ == "__main__":
    main()
