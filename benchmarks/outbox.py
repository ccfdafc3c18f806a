"""Measure the outbox: how many deliveries a second are claimed and completed, durably.

Once with one delivery for each of many subscriptions, so that their order does not matter, and once
with many for each of 500, of which only the oldest may be in progress. On SQLite
(``synchronous=FULL``) and on PostgreSQL, as the delivery worker does it: each transaction completes
what the last one claimed, and claims as many as the worker has slots.

Usage: python benchmarks/outbox.py [DELIVERIES]
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import uvloop
from harness.goals import record_goal
from harness.outbox_database import (
    DATABASE_KINDS,
    SECRET_STORE,
    add_subscriptions,
    open_database,
    publish_events,
    temporary_database,
)

from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.retry_policy import AttemptContext
from syndicate.service.process_tuning import tune_delivery_process
from syndicate.storage.database import Database
from syndicate.storage.outbox import FinishedAttempt, Outbox
from syndicate.worker.delivery_worker import MAX_CONCURRENT_REQUESTS

BATCH_SIZE = MAX_CONCURRENT_REQUESTS
LEASE_DURATION = timedelta(seconds=20)


def finished_attempt(delivery: Delivery, now: datetime) -> FinishedAttempt:
    """Return a finished attempt of ``delivery`` with the response 204."""
    attempt = Attempt(
        number=1, trigger="schedule", started=now, took_ms=1, ip_address="127.0.0.1", status=204
    )
    return FinishedAttempt(delivery=delivery, attempt=attempt, context=AttemptContext(now=now))


async def drain(database: Database) -> tuple[float, float, float]:
    """Claim and complete all; return rows per second, per CPU-second, and ms per batch."""
    outbox, rows = Outbox(database, SECRET_STORE), 0
    durations: list[float] = []
    finished: list[FinishedAttempt] = []
    started, cpu_started = time.perf_counter(), time.process_time()
    while True:
        now = datetime.now(UTC)
        batch_started = time.perf_counter()
        results, claims = await outbox.complete_and_claim(
            finished, BATCH_SIZE, token=f"worker:{len(durations)}", now=now, lease=LEASE_DURATION
        )
        durations.append((time.perf_counter() - batch_started) * 1_000)
        rows += len(results)
        if not claims:
            break
        finished = [finished_attempt(claim.delivery, now) for claim in claims]
    return (
        rows / (time.perf_counter() - started),
        rows / (time.process_time() - cpu_started),
        median(durations),
    )


async def measure(kind: str, subscriptions: int, events: int) -> None:
    """Print the figures of one database."""
    with temporary_database(kind) as database_url:
        async with open_database(database_url) as database:
            await add_subscriptions(database, subscriptions, lambda n: f"https://{n}.example/hook")
            deliveries = await publish_events(database, 0, events)
            rows, per_cpu, claim_ms = await drain(database)
    print(f"{kind:<12}{subscriptions:>15,}{deliveries:>12,}{rows:>14,.0f}", end="")
    print(f"{per_cpu:>18,.0f}{claim_ms:>12.1f}", flush=True)
    name = f"outbox on {kind}, {subscriptions:,} subscriptions"
    record_goal(name, rows, 10_000, "rows/s", better="higher")


def main() -> None:
    """Measure each kind of database, with one and with many deliveries for each subscription."""
    tune_delivery_process()
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    Path("var/bench").mkdir(parents=True, exist_ok=True)
    print(f"{'database':<12}{'subscriptions':>15}{'deliveries':>12}{'rows per s':>14}", end="")
    print(f"{'per CPU-second':>18}{'batch ms':>12}")
    for kind in DATABASE_KINDS:
        for subscriptions, events in ((deliveries, 1), (500, deliveries // 500)):
            uvloop.run(measure(kind, subscriptions, events))


if __name__ == "__main__":
    main()
