"""Measure whole deliveries: claimed from the database, signed, sent, and recorded.

The delivery worker runs as in the service, on SQLite (``synchronous=FULL``), with receivers in
another process that respond at once. Measured are deliveries per second of the worker's CPU time,
compared with bare aiohttp and plain httpx, which store nothing; the time from a commit to the last
response; and whether a tenth of the receivers that take half a second delay the others.

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
from harness.goals import record_goal
from harness.outbox_database import (
    SECRET_STORE,
    add_subscriptions,
    open_database,
    publish_events,
    temporary_database,
)
from harness.webhook_receiver import SLOW_PATH, receiver_url, run_receiver
from typing_extensions import override

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import ResponseSummary, Transport
from syndicate.model.feed import ServiceInfo
from syndicate.service.process_tuning import tune_delivery_process
from syndicate.storage.database import Database
from syndicate.worker.delivery_worker import DeliveryWorker, WorkerLimits

CONCURRENCY = 200
ROUNDS = 7


@dataclass
class ResponseTimes:
    """The time at which each receiver responded to the last event."""

    started: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    outstanding: int = 0
    all_received: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, count: int) -> None:
        """Start to count ``count`` responses."""
        self.started, self.outstanding = time.perf_counter(), count
        self.seconds.clear()
        self.all_received.clear()

    def record(self, receiver_url: str) -> None:
        """Count one response."""
        self.seconds[receiver_url] = time.perf_counter() - self.started
        self.outstanding -= 1
        if not self.outstanding:
            self.all_received.set()


class TimedTransport(Transport):
    """The transport of the service, with the times of its responses."""

    response_times: ResponseTimes

    @override
    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b""
    ) -> ResponseSummary:
        response = await super().send(method, url, headers, content)
        if response.status != 204:
            raise SystemExit(f"{url}: {response.status} {response.error}")
        self.response_times.record(url)
        return response


@asynccontextmanager
async def running_worker(database: Database) -> AsyncIterator[tuple[DeliveryWorker, ResponseTimes]]:
    """Run a delivery worker as the service does."""
    tune_delivery_process()
    ssrf_guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    service_info = ServiceInfo(title="", public_url="https://feeds.example.gov", version="0")
    async with TimedTransport(ssrf_guard, service_info) as transport:
        transport.response_times = ResponseTimes()
        worker = DeliveryWorker(
            database,
            SECRET_STORE,
            transport,
            clock=lambda: datetime.now(UTC),
            limits=WorkerLimits(),
        )
        task = asyncio.create_task(worker.run())
        try:
            yield worker, transport.response_times
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def worker_with_subscriptions(
    count: int, receiver_url: Callable[[int], str]
) -> AsyncIterator[tuple[Database, DeliveryWorker, ResponseTimes]]:
    """Run a delivery worker on a database with ``count`` subscriptions."""
    with temporary_database("sqlite") as database_url:
        async with open_database(database_url) as database:
            await add_subscriptions(database, count, receiver_url)
            async with running_worker(database) as (worker, response_times):
                yield database, worker, response_times


async def measure_durable(port: int, events: int) -> float:
    """Return deliveries per second of CPU time."""
    async with worker_with_subscriptions(CONCURRENCY, lambda n: receiver_url(port, n)) as (
        database,
        worker,
        response_times,
    ):
        cpu_started = 0.0
        for first, count in ((0, 2), (2, events)):
            response_times.expect(await publish_events(database, first, count))
            cpu_started = time.process_time()
            worker.wake()
            await response_times.all_received.wait()
        return CONCURRENCY * events / (time.process_time() - cpu_started)


async def measure_fan_out(port: int, receivers: int, slow: int = 0) -> tuple[float, float, float]:
    """Publish single events; return ms to the last response: at first, and the median after.

    The third result is the median of the 99th percentiles, without the ``slow`` receivers; every
    ``slow``-th is one.
    """
    last_responses, p99s = [], []

    def url_of(number: int) -> str:
        return receiver_url(port, number, SLOW_PATH if slow and number % slow == 0 else "/hook")

    async with worker_with_subscriptions(receivers, url_of) as (
        database,
        worker,
        response_times,
    ):
        for number in range(ROUNDS):
            deliveries = await publish_events(database, number, 1)
            response_times.expect(deliveries)
            worker.wake()
            await response_times.all_received.wait()
            durations = sorted(
                seconds
                for request_url, seconds in response_times.seconds.items()
                if SLOW_PATH not in request_url
            )
            last_responses.append(durations[-1] * 1_000)
            p99s.append(durations[-len(durations) // 100 - 1] * 1_000)
    return last_responses[0], median(last_responses[1:]), median(p99s[1:])


MAX_FAN_OUT_MS = {500: 200, 5_000: 2_000}


def throughput(port: int) -> None:
    """Print deliveries per CPU-second, and their ratio to senders that store nothing."""
    url = receiver_url(port, 0)
    print(f"{'sender':<28}{'per CPU-second':>16}{'ratio':>10}")
    results: dict[str, list[float]] = {
        "Syndicate, durable": [],
        "bare aiohttp": [],
        "plain httpx": [],
    }
    for _ in range(3):
        results["Syndicate, durable"].append(uvloop.run(measure_durable(port, 30)))
        for name, count in (("bare aiohttp", 6_000), ("plain httpx", 600)):
            measured = uvloop.run(measure(name, url, CONCURRENCY, count))
            results[name].append(measured.per_cpu_second)
    syndicate_rate = max(results["Syndicate, durable"])
    record_goal("durable deliveries", syndicate_rate, 3_000, "/CPU s", better="higher")
    ratio = syndicate_rate / max(results["plain httpx"])
    record_goal("durable deliveries, times plain httpx", ratio, 8, better="higher")
    for name, rates in results.items():
        print(f"{name:<28}{max(rates):>16,.0f}{syndicate_rate / max(rates):>9.2f}x", flush=True)


def main() -> None:
    """Start the receiver and measure."""
    counts = [int(text) for text in sys.argv[1:]] or [500, 5_000]
    Path("var/bench").mkdir(parents=True, exist_ok=True)
    with run_receiver() as port:
        throughput(port)
        print(f"{'one post to':<28}{'first, ms':>16}{'next, ms':>10}{'p99':>10}")
        for receivers in counts:
            first, after, p99 = uvloop.run(measure_fan_out(port, receivers))
            print(f"{receivers:>6,} at once{first:>30,.0f}{after:>10,.0f}{p99:>10,.0f}", flush=True)
            if receivers in MAX_FAN_OUT_MS:
                name = f"one post to {receivers:,} receivers"
                record_goal(name, after, MAX_FAN_OUT_MS[receivers], "ms")
            _, _, slowed_p99 = uvloop.run(measure_fan_out(port, receivers, slow=10))
            print(f"{'':<6} a tenth of them slow{slowed_p99:>37,.0f}  {slowed_p99 / p99:.2f}x")


if __name__ == "__main__":
    main()
