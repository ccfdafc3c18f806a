"""Measure how readers of feeds fare beside 50 receivers that do their worst.

A service as `syndicate serve` runs it by default reads feeds to one client, first with nothing to
deliver, then beside 50 webhooks whose receivers each do one thing of `rig/worst_receivers.py`,
again and again: a short schedule keeps requests coming, and each commit brings more. The receivers
and the client are processes of their own. The figures are the p50, p99 and the longest of the
reads in milliseconds, and by how many megabytes the service grew.

Usage: python benchmarks/worst_receivers.py [SECONDS], which prints lines, or JSON with --json.
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

from rig.content import Repository
from rig.mailroom import SAFE_KEY, opened, subscribe
from rig.receiver import url
from rig.service import FORMATS, Server, service, settings
from rig.worst_receivers import BEHAVIOURS, worst_receivers

SECONDS = 20
RECEIVERS = 50
POSTS = 200
PAUSE = 0.005
COMMIT_SECONDS = 1.0

DELIVERY = f"""
secret_key = "{SAFE_KEY}"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
retry_seconds = [{", ".join(["0"] + ["0.2"] * 30)}]
timeout_seconds = 5
"""

_ATTEMPTS = re.compile(rb"\nsyndicate_deliveries_total\{[^}]*\} ([0-9.e+]+)")

Figures = dict[str, float]


def paths() -> Iterator[str]:
    """Give addresses of feeds: most are at hand, every eighth is another page."""
    for number in cycle(range(1, 201)):
        form = FORMATS[number % len(FORMATS)]
        yield f"/feeds/all.{form}" + (f"?limit={number}" if number % 8 == 0 else "")


def read(server: Server, seconds: float, commit: Repository | None = None) -> Figures:
    """Read feeds for so long, beside a commit each second where there is a repository."""
    took: list[float] = []
    end = time.monotonic() + seconds
    due = time.monotonic()
    commits = 0
    for path in paths():
        if time.monotonic() > end:
            break
        if commit is not None and time.monotonic() > due:
            commit.commit([commits % POSTS])
            commits += 1
            due += COMMIT_SECONDS
        started = time.perf_counter()
        answer = server.get(path)
        took.append((time.perf_counter() - started) * 1_000)
        if answer.status != 200:
            raise SystemExit(f"{path} is answered with {answer.status}")
        time.sleep(PAUSE)
    took.sort()
    return {
        "reads": len(took),
        "p50_ms": took[len(took) // 2],
        "p99_ms": took[len(took) * 99 // 100],
        "longest_ms": took[-1],
    }


async def enroll(folder: Path, port: int) -> None:
    """Subscribe the receivers, one kind after the other."""
    kinds = [*islice(cycle(BEHAVIOURS), RECEIVERS)]
    (folder / "var").mkdir(exist_ok=True)
    async with opened(f"sqlite:///{folder}/var/syndicate.db") as database:
        await subscribe(
            database, RECEIVERS, lambda number: url(port, number, f"/{kinds[number]}/{number}")
        )


def attempts(server: Server) -> float:
    """Return how many attempts to deliver were recorded, whatever came of them."""
    return sum(map(float, _ATTEMPTS.findall(server.get("/metrics").body)))


def measure(seconds: float, *, beside: bool) -> Figures:
    """Return the figures of one service, with the receivers or without."""
    with tempfile.TemporaryDirectory() as made, worst_receivers() as port:
        folder = Path(made)
        repository = Repository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings([str(folder / "news")], DELIVERY))
        if beside:
            asyncio.run(enroll(folder, port))
        with service(folder) as server:
            server.served("/feeds/all.json")
            read(server, 4)
            before = server.memory()
            figures = read(server, seconds, repository)
            figures |= {"grown_mb": server.memory() - before}
            return figures | {"attempts": attempts(server)}


def main() -> None:
    """Measure both, and print the figures."""
    arguments = [one for one in sys.argv[1:] if one != "--json"]
    seconds = float(arguments[0]) if arguments else SECONDS
    alone = measure(seconds, beside=False)
    beside = measure(seconds, beside=True)
    if "--json" in sys.argv:
        print(json.dumps({"alone": alone, "beside": beside}))
        return
    for name, figures in (("alone", alone), ("beside the worst", beside)):
        shown = "  ".join(f"{figure} {value:.1f}" for figure, value in figures.items())
        print(f"{name:18} {shown}")


if __name__ == "__main__":
    main()
