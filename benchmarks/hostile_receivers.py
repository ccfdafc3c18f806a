"""Measure feed reads while 50 hostile receivers respond to webhooks.

A service with the default settings of `syndicate serve` is read by one client, first without
deliveries, then with 50 webhooks whose receivers each repeat one behavior of
`harness/hostile_receivers.py`: a short retry schedule keeps requests coming, and each commit adds
more. Receivers and client are separate processes. The figures are the p50, the p99 and the longest
of the reads in milliseconds, and the growth of the service in megabytes.

Usage: python benchmarks/hostile_receivers.py [SECONDS], which prints lines, or JSON with --json.
"""

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from harness.hostile_receivers import BEHAVIOURS, run_hostile_receivers
from harness.outbox_database import SECRET_KEY, add_subscriptions, open_database
from harness.post_repository import PostRepository
from harness.service_process import FORMATS, Server, run_service, settings
from harness.webhook_receiver import receiver_url

SECONDS = 20
RECEIVERS = 50
POSTS = 200
PAUSE_SECONDS = 0.005
COMMIT_SECONDS = 1.0

DELIVERY_SETTINGS = f"""
secret_key = "{SECRET_KEY}"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
retry_seconds = [{", ".join(["0"] + ["0.2"] * 30)}]
timeout_seconds = 5
"""

_ATTEMPTS_METRIC = re.compile(rb"\nsyndicate_deliveries_total\{[^}]*\} ([0-9.e+]+)")

Figures = dict[str, float]


def feed_paths() -> Iterator[str]:
    """Yield paths of feeds: most are cached, every eighth is another page."""
    for number in cycle(range(1, 201)):
        form = FORMATS[number % len(FORMATS)]
        yield f"/feeds/all.{form}" + (f"?limit={number}" if number % 8 == 0 else "")


def read_feeds(server: Server, seconds: float, repository: PostRepository | None = None) -> Figures:
    """Read feeds for ``seconds``, with a commit each second if there is a repository."""
    durations: list[float] = []
    deadline = time.monotonic() + seconds
    next_commit = time.monotonic()
    commits = 0
    for path in feed_paths():
        if time.monotonic() > deadline:
            break
        if repository is not None and time.monotonic() > next_commit:
            repository.commit([commits % POSTS])
            commits += 1
            next_commit += COMMIT_SECONDS
        started = time.perf_counter()
        response = server.get(path)
        durations.append((time.perf_counter() - started) * 1_000)
        if response.status != 200:
            raise SystemExit(f"{path} has the status {response.status}")
        time.sleep(PAUSE_SECONDS)
    durations.sort()
    return {
        "reads": len(durations),
        "p50_ms": durations[len(durations) // 2],
        "p99_ms": durations[len(durations) * 99 // 100],
        "longest_ms": durations[-1],
    }


async def subscribe_receivers(folder: Path, port: int) -> None:
    """Subscribe the receivers, one of each kind in turn."""
    kinds = [*islice(cycle(BEHAVIOURS), RECEIVERS)]
    (folder / "var").mkdir(exist_ok=True)
    async with open_database(f"sqlite:///{folder}/var/syndicate.db") as database:
        await add_subscriptions(
            database,
            RECEIVERS,
            lambda number: receiver_url(port, number, f"/{kinds[number]}/{number}"),
        )


def attempts(server: Server) -> float:
    """Return the number of recorded delivery attempts, whatever their result."""
    return sum(map(float, _ATTEMPTS_METRIC.findall(server.get("/metrics").body)))


def measure(seconds: float, *, with_receivers: bool) -> Figures:
    """Return the figures of one service, with or without the receivers."""
    with tempfile.TemporaryDirectory() as temporary, run_hostile_receivers() as port:
        folder = Path(temporary)
        repository = PostRepository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings([str(folder / "news")], DELIVERY_SETTINGS))
        if with_receivers:
            asyncio.run(subscribe_receivers(folder, port))
        with run_service(folder) as server:
            server.wait_for_feed("/feeds/all.json")
            read_feeds(server, 4)
            before = server.memory_mb()
            figures = read_feeds(server, seconds, repository)
            figures |= {"grown_mb": server.memory_mb() - before}
            return figures | {"attempts": attempts(server)}


def main() -> None:
    """Measure both, and print the figures."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    seconds = float(arguments[0]) if arguments else SECONDS
    baseline = measure(seconds, with_receivers=False)
    under_attack = measure(seconds, with_receivers=True)
    if "--json" in sys.argv:
        print(json.dumps({"alone": baseline, "beside": under_attack}))
        return
    for name, figures in (("alone", baseline), ("beside the worst", under_attack)):
        row = "  ".join(f"{figure} {value:.1f}" for figure, value in figures.items())
        print(f"{name:18} {row}")


if __name__ == "__main__":
    main()
