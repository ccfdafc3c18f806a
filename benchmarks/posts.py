"""Measure the cost by number of posts: start, one commit, rendering everything, memory.

The service is started without a cache and with one, until the first feed and until all formats.
Then commits of one post are made, each timed from the update of the branch to the new bytes, plain
and with gzip; alternating with them, site generators rebuild the same posts. At the end every post
is requested once, up to 10,000 posts. The charts are written to var/bench/.

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

from harness.goals import record_goal
from harness.plot import plot_curves
from harness.post_repository import PostRepository
from harness.service_process import PUBLIC_URL, Server, Start, measure_start, run_service, settings
from harness.site_generators import GENERATORS, BuiltSite

SIZES = (1_000, 10_000, 100_000)
MAX_RENDERED = 10_000
"""The largest number of posts that are all requested."""

GOAL_POSTS, MAX_CACHED_SECONDS = 10_000, 0.7

ROUNDS, COMMITS = 4, 50


@dataclass(frozen=True)
class Measurement:
    """The figures for a number of posts, in seconds and megabytes."""

    posts: int
    cold: Start
    cached: Start
    update_seconds: Sequence[float]
    rebuild_seconds: Mapping[str, float]
    render_seconds: float | None
    memory_after_start: float
    """Memory after a start with a cache, when idle helper processes have ended."""
    memory_after_use: float
    """Memory at the end."""


def time_updates(server: Server, content: PostRepository) -> list[float]:
    """Return the durations from commits to responses, plain and with gzip."""
    durations = []
    tag = server.wait_for_feed("/feeds/all.json")
    for number in range(COMMITS):
        committed = content.commit_newest(number)
        tag = server.wait_for_feed("/feeds/all.json", changed_from=tag)
        server.wait_for_feed("/feeds/all.json", Accept_Encoding="gzip")
        durations.append(time.perf_counter() - committed)
    return durations


def render(server: Server) -> float:
    """Request every post once, and return the duration."""
    started = time.perf_counter()
    path = "/feeds/all.json?limit=200"
    while path:
        response = server.get(path)
        if response.status != http.client.OK:
            raise SystemExit(f"posts: {path} has the status {response.status}")
        path = json.loads(response.body).get("next_url", "").removeprefix(PUBLIC_URL)
    return time.perf_counter() - started


def build_sites(content: PostRepository, folder: Path) -> dict[str, BuiltSite]:
    """Return the sites whose generator is installed."""
    sites_by_name = {}
    for number, generator in enumerate(GENERATORS):
        if content.posts > generator.max_posts:
            continue
        if generator.can_run():
            sites_by_name[generator.name] = BuiltSite(generator, content, folder / f"site-{number}")
        else:
            print(f"posts: skipped {generator.name}, which cannot be installed", file=sys.stderr)
    return sites_by_name


def measure(posts: int) -> Measurement:
    """Measure with ``posts`` posts."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        content = PostRepository(folder / "news", posts)
        (folder / "syndicate.toml").write_text(settings(["news"]))
        cold = []
        for _ in range(3 if posts <= MAX_RENDERED else 1):
            shutil.rmtree(folder / "var", ignore_errors=True)
            cold.append(measure_start(folder))
        cached = [measure_start(folder) for _ in range(5)]
        peers = build_sites(content, folder)
        rebuilds: dict[str, list[float]] = {name: [] for name in peers}
        updates: list[float] = []
        with run_service(folder) as server:
            server.wait_for_feed("/feeds/all.json")
            server.wait_until_idle()
            memory_after_start = server.memory_mb()
            for _ in range(ROUNDS):
                updates += time_updates(server, content)
                for name, site in peers.items():
                    rebuilds[name].append(site.build())
            rendering = render(server) if posts <= MAX_RENDERED else None
            server.wait_until_idle()
            memory_after_use = server.memory_mb()
        return Measurement(
            posts=posts,
            cold=median_start(cold),
            cached=median_start(cached),
            update_seconds=sorted(updates),
            rebuild_seconds={name: median(durations) for name, durations in rebuilds.items()},
            render_seconds=rendering,
            memory_after_start=memory_after_start,
            memory_after_use=memory_after_use,
        )


def median_start(starts: Sequence[Start]) -> Start:
    """Return the medians of several starts."""
    return Start(
        first_feed=median(sample.first_feed for sample in starts),
        all_formats=median(sample.all_formats for sample in starts),
        cpu=median(sample.cpu for sample in starts),
    )


def report(results: Sequence[Measurement]) -> None:
    """Print the figures, and draw the charts."""
    print("posts: starting, s; all of it; memory, MB")
    print(f"{'':>9}{'cold, first':>12}{'all':>7}{'CPU':>7}{'cached, first':>15}{'all':>7}", end="")
    print(f"{'CPU':>7}{'everything rendered':>21}{'memory':>8}{'later':>7}")
    for result in results:
        render_text = f"{result.render_seconds:.1f}" if result.render_seconds else "-"
        print(
            f"{result.posts:>9,}{result.cold.first_feed:>12.2f}{result.cold.all_formats:>7.2f}{result.cold.cpu:>7.2f}"
            f"{result.cached.first_feed:>15.2f}{result.cached.all_formats:>7.2f}{result.cached.cpu:>7.2f}"
            f"{render_text:>21}{result.memory_after_start:>8.0f}{result.memory_after_use:>7.0f}"
        )
    print(
        "posts: one commit to bytes, ms; beside it a build, s, and how many times as long it takes"
    )
    for result in results:
        median_update = median(result.update_seconds)
        print(
            f"{result.posts:>9,}  median {median_update * 1000:.1f}, "
            f"p99 {result.update_seconds[-len(result.update_seconds) // 100 - 1] * 1000:.1f}"
        )
        for name, rebuild in result.rebuild_seconds.items():
            print(f"{'':>11}{name:<18}{rebuild:>7.2f} ({rebuild / median_update:.0f} x)")
        if result.posts == GOAL_POSTS:
            first_feed = result.cached.first_feed
            record_goal("cached start to the first 200 posts", first_feed, MAX_CACHED_SECONDS, "s")
    draw_curves(results)


def draw_curves(results: Sequence[Measurement]) -> None:
    """Draw the charts."""
    times = {
        "cold start to all feeds, s": [
            (result.posts, result.cold.all_formats) for result in results
        ],
        "cached start to first 200, s": [
            (result.posts, result.cached.first_feed) for result in results
        ],
        "one commit to bytes, s": [
            (result.posts, median(result.update_seconds)) for result in results
        ],
        "everything rendered, s": [
            (result.posts, result.render_seconds or 0) for result in results
        ],
    }
    plot_curves(Path("var/bench/posts.svg"), "What grows with the posts", "posts", times)
    memory = {"memory, MB": [(result.posts, result.memory_after_start) for result in results]}
    plot_curves(Path("var/bench/posts-memory.svg"), "Memory", "posts", memory)


def main() -> None:
    """Measure every size."""
    report([measure(posts) for posts in map(int, sys.argv[1:] or SIZES)])


if __name__ == "__main__":
    main()
