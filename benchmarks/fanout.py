"""Measure the whole way of a delivery: out of the database, signed, sent, answered, written down.

The deliverer as it runs in the service, on SQLite (``synchronous=FULL``), and receivers in another
process that answer at once: how many deliveries a second of the deliverer's CPU time, beside bare
aiohttp and plain httpx, which write nothing down; how long from a commit to the last answer; and
whether a tenth of the receivers that take half a second hold up the others.

Usage: python benchmarks/fanout.py [RECEIVERS]
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from statistics import median

import uvloop
from deliveries import measure
from rig.mailroom import SAFE, database_of, opened, subscribe, tell
from rig.receiver import SLOW, receiver, url
from typing_extensions import override

from syndicate.channels.guard import Guard
from syndicate.channels.transport import Answer, Transport
from syndicate.delivery import Deliverer, Pace
from syndicate.model.feed import Masthead
from syndicate.service.process import prepare
from syndicate.storage.database import Database

AT_ONCE = 200
ROUNDS = 7


@dataclass
class Answers:
    """When which receiver answered what was told last."""

    began: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    missing: int = 0
    all_came: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, count: int) -> None:
        """Begin to count anew."""
        self.began, self.missing = time.perf_counter(), count
        self.seconds.clear()
        self.all_came.clear()

    def came(self, address: str) -> None:
        """Count one."""
        self.seconds[address] = time.perf_counter() - self.began
        self.missing -= 1
        if not self.missing:
            self.all_came.set()


class Watched(Transport):
    """The transport of the service, whose answers are counted."""

    answers: Answers

    @override
    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> Answer:
        answer = await super().send(method, url, headers, content)
        if answer.status != 204:
            raise SystemExit(f"{url}: {answer.status} {answer.error}")
        self.answers.came(url)
        return answer


@asynccontextmanager
async def delivering(database: Database) -> AsyncIterator[tuple[Deliverer, Answers]]:
    """Deliver as the service does."""
    prepare()
    guard = Guard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    masthead = Masthead(title="", public_url="https://feeds.example.gov", version="0")
    async with Watched(guard, masthead) as transport:
        transport.answers = Answers()
        deliverer = Deliverer(
            database, SAFE, transport, clock=lambda: datetime.now(UTC), pace=Pace()
        )
        running = asyncio.create_task(deliverer.run())
        try:
            yield deliverer, transport.answers
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def office(
    count: int, address: Callable[[int], str]
) -> AsyncIterator[tuple[Database, Deliverer, Answers]]:
    """Open a database with ``count`` subscribers, and deliver from it."""
    with database_of("sqlite") as where:
        async with opened(where) as database:
            await subscribe(database, count, address)
            async with delivering(database) as (deliverer, answers):
                yield database, deliverer, answers


async def durable(port: int, events: int) -> float:
    """Return deliveries per second of CPU time."""
    async with office(AT_ONCE, lambda n: url(port, n)) as (database, deliverer, answers):
        spent = 0.0
        for first, count in ((0, 2), (2, events)):
            answers.expect(await tell(database, first, count))
            spent = time.process_time()
            deliverer.wake()
            await answers.all_came.wait()
        return AT_ONCE * events / (time.process_time() - spent)


async def fan_out(port: int, receivers: int, slow: int = 0) -> tuple[float, float, float]:
    """Tell one post a few times; return the ms to the last answer: at first, and the median after.

    And the median of the 99th percentiles of those that are not ``slow``, of which there is one
    in that many.
    """
    lasts, p99s = [], []

    def address(number: int) -> str:
        return url(port, number, SLOW if slow and number % slow == 0 else "/hook")

    async with office(receivers, address) as (database, deliverer, answers):
        for number in range(ROUNDS):
            made = await tell(database, number, 1)
            answers.expect(made)
            deliverer.wake()
            await answers.all_came.wait()
            waits = sorted(s for where, s in answers.seconds.items() if SLOW not in where)
            lasts.append(waits[-1] * 1_000)
            p99s.append(waits[-len(waits) // 100 - 1] * 1_000)
    return lasts[0], median(lasts[1:]), median(p99s[1:])


def throughput(port: int) -> None:
    """Print deliveries per CPU-second, and their ratio to those who write nothing down."""
    address = url(port, 0)
    print(f"{'sender':<28}{'per CPU-second':>16}{'ratio':>10}")
    results: dict[str, list[float]] = {"ours, durable": [], "bare aiohttp": [], "plain httpx": []}
    for _ in range(3):
        results["ours, durable"].append(uvloop.run(durable(port, 30)))
        for name, count in (("bare aiohttp", 6_000), ("plain httpx", 600)):
            one = uvloop.run(measure(name, address, AT_ONCE, count))
            results[name].append(one.per_cpu_second)
    ours = max(results["ours, durable"])
    for name, found in results.items():
        print(f"{name:<28}{max(found):>16,.0f}{ours / max(found):>9.2f}x", flush=True)


def main() -> None:
    """Start the receiver and measure."""
    counts = [int(text) for text in sys.argv[1:]] or [500, 5_000]
    Path("var/bench").mkdir(parents=True, exist_ok=True)
    with receiver() as port:
        throughput(port)
        print(f"{'one post to':<28}{'first, ms':>16}{'next, ms':>10}{'p99':>10}")
        for receivers in counts:
            first, after, p99 = uvloop.run(fan_out(port, receivers))
            print(f"{receivers:>6,} at once{first:>30,.0f}{after:>10,.0f}{p99:>10,.0f}", flush=True)
            _, _, held_up = uvloop.run(fan_out(port, receivers, slow=10))
            print(f"{'':<6} a tenth of them slow{held_up:>37,.0f}  {held_up / p99:.2f}x")


if __name__ == "__main__":
    main()
