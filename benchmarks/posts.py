"""Measure what grows with the posts: starting, one commit, rendering everything, memory.

The service is started without a cache and with it, up to the first feed and to all formats. Then
commits of one post are made, each timed from the moved branch to the new bytes, plain and with
gzip; in turns with them site generators build the same posts after a change of one. At last every
post is fetched once, up to 10,000 of them. The curves are written to var/bench/.

Usage: python benchmarks/posts.py [POSTS ...]
"""

import http.client
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rig.content import Repository
from rig.generators import GENERATORS, Site
from rig.plot import plot
from rig.service import PUBLIC_URL, Server, Start, service, settings, start

SIZES = (1_000, 10_000, 100_000)
RENDERED = 10_000
"""Up to how many posts everything is fetched."""

ROUNDS, COMMITS = 4, 50


@dataclass(frozen=True)
class Growth:
    """What was measured with so many posts: seconds, and megabytes."""

    posts: int
    cold: Start
    cached: Start
    updates: Sequence[float]
    rebuilds: Mapping[str, float]
    rendering: float | None
    started: float
    """Memory after a start with a cache, when what helped is gone."""
    used: float
    """Memory after all of this."""


def update(server: Server, content: Repository) -> list[float]:
    """Return how long each of some commits took to be served, plain and with gzip."""
    taken = []
    tag = server.served("/feeds/all.json")
    for number in range(COMMITS):
        moved = content.newest(number)
        tag = server.served("/feeds/all.json", other_than=tag)
        server.served("/feeds/all.json", Accept_Encoding="gzip")
        taken.append(time.perf_counter() - moved)
    return taken


def render(server: Server) -> float:
    """Fetch every post once, and return the seconds it took."""
    begun = time.perf_counter()
    address = "/feeds/all.json?limit=200"
    while address:
        answer = server.get(address)
        if answer.status != http.client.OK:
            raise SystemExit(f"posts: {address} is answered with {answer.status}")
        address = json.loads(answer.body).get("next_url", "").removeprefix(PUBLIC_URL)
    return time.perf_counter() - begun


def sites(content: Repository, folder: Path) -> dict[str, Site]:
    """Return the sites that can be built."""
    found = {}
    for number, generator in enumerate(GENERATORS):
        if content.posts > generator.at_most:
            continue
        if generator.can_run():
            found[generator.name] = Site(generator, content, folder / f"site-{number}")
        else:
            print(f"posts: skipped {generator.name}, which cannot be installed", file=sys.stderr)
    return found


def measure(posts: int) -> Growth:
    """Measure with so many posts."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as room:
        folder = Path(room)
        content = Repository(folder / "news", posts)
        (folder / "syndicate.toml").write_text(settings(["news"]))
        cold = []
        for _ in range(3 if posts <= RENDERED else 1):
            shutil.rmtree(folder / "var", ignore_errors=True)
            cold.append(start(folder))
        cached = [start(folder) for _ in range(5)]
        peers = sites(content, folder)
        rebuilds: dict[str, list[float]] = {name: [] for name in peers}
        updates: list[float] = []
        with service(folder) as server:
            server.served("/feeds/all.json")
            server.rest()
            started = server.memory()
            for _ in range(ROUNDS):
                updates += update(server, content)
                for name, site in peers.items():
                    rebuilds[name].append(site.build())
            rendering = render(server) if posts <= RENDERED else None
            server.rest()
            used = server.memory()
        return Growth(
            posts=posts,
            cold=middle(cold),
            cached=middle(cached),
            updates=sorted(updates),
            rebuilds={name: median(taken) for name, taken in rebuilds.items()},
            rendering=rendering,
            started=started,
            used=used,
        )


def middle(starts: Sequence[Start]) -> Start:
    """Return the medians."""
    return Start(
        first=median(one.first for one in starts),
        everything=median(one.everything for one in starts),
        cpu=median(one.cpu for one in starts),
    )


def report(results: Sequence[Growth]) -> None:
    """Print what was found, and draw the curves."""
    print("posts: starting, s; all of it; memory, MB")
    print(f"{'':>9}{'cold, first':>12}{'all':>7}{'CPU':>7}{'cached, first':>15}{'all':>7}", end="")
    print(f"{'CPU':>7}{'everything rendered':>21}{'memory':>8}{'later':>7}")
    for one in results:
        rendering = f"{one.rendering:.1f}" if one.rendering else "-"
        print(
            f"{one.posts:>9,}{one.cold.first:>12.2f}{one.cold.everything:>7.2f}{one.cold.cpu:>7.2f}"
            f"{one.cached.first:>15.2f}{one.cached.everything:>7.2f}{one.cached.cpu:>7.2f}"
            f"{rendering:>21}{one.started:>8.0f}{one.used:>7.0f}"
        )
    print(
        "posts: one commit to bytes, ms; beside it a build, s, and how many times as long it takes"
    )
    for one in results:
        middle = median(one.updates)
        print(
            f"{one.posts:>9,}  median {middle * 1000:.1f}, "
            f"p99 {one.updates[-len(one.updates) // 100 - 1] * 1000:.1f}"
        )
        for name, taken in one.rebuilds.items():
            print(f"{'':>11}{name:<18}{taken:>7.2f} ({taken / middle:.0f} x)")
    draw(results)


def draw(results: Sequence[Growth]) -> None:
    """Draw the curves."""
    times = {
        "cold start to all feeds, s": [(one.posts, one.cold.everything) for one in results],
        "cached start to first 200, s": [(one.posts, one.cached.first) for one in results],
        "one commit to bytes, s": [(one.posts, median(one.updates)) for one in results],
        "everything rendered, s": [(one.posts, one.rendering or 0) for one in results],
    }
    plot(Path("var/bench/posts.svg"), "What grows with the posts", "posts", times)
    memory = {"memory, MB": [(one.posts, one.started) for one in results]}
    plot(Path("var/bench/posts-memory.svg"), "Memory", "posts", memory)


def main() -> None:
    """Measure every size."""
    report([measure(posts) for posts in map(int, sys.argv[1:] or SIZES)])


if __name__ == "__main__":
    main()
