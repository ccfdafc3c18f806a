"""Measure how many deliveries a second the outbox takes: claimed and completed, durably.

Once with one delivery for each of many subscriptions, so that no order binds them, and once with a
number for each of 500, of which only the oldest may be on its way. On SQLite (``synchronous=FULL``)
and on PostgreSQL, as the deliverer does it: each transaction completes what was claimed in the one
before and claims anew, as many as the deliverer has slots.

Usage: python benchmarks/outbox.py [DELIVERIES]
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import uvloop
from rig.mailroom import KINDS, SAFE, database_of, opened, subscribe, tell

from syndicate.delivery import SLOTS
from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.retry import Moment
from syndicate.service.process import prepare
from syndicate.storage.database import Database
from syndicate.storage.outbox import Done, Outbox

BATCH = SLOTS
LEASE = timedelta(seconds=20)


def answered(delivery: Delivery, now: datetime) -> Done:
    """Return that a delivery was answered."""
    attempt = Attempt(
        number=1, trigger="schedule", started=now, took_ms=1, address="127.0.0.1", status=204
    )
    return Done(delivery=delivery, attempt=attempt, moment=Moment(now=now))


async def work(database: Database) -> tuple[float, float, float]:
    """Claim and complete all; return rows per second, per CPU-second and a batch's median ms."""
    outbox, rows = Outbox(database, SAFE), 0
    waits: list[float] = []
    done: list[Done] = []
    began, spent = time.perf_counter(), time.process_time()
    while True:
        now = datetime.now(UTC)
        asked = time.perf_counter()
        afters, claims = await outbox.exchange(
            done, BATCH, by=f"worker:{len(waits)}", now=now, lease=LEASE
        )
        waits.append((time.perf_counter() - asked) * 1_000)
        rows += len(afters)
        if not claims:
            break
        done = [answered(one.delivery, now) for one in claims]
    return (
        rows / (time.perf_counter() - began),
        rows / (time.process_time() - spent),
        median(waits),
    )


async def measure(kind: str, subscriptions: int, events: int) -> None:
    """Print the figures of one database."""
    with database_of(kind) as address:
        async with opened(address) as database:
            await subscribe(database, subscriptions, lambda n: f"https://{n}.example/hook")
            made = await tell(database, 0, events)
            rows, per_cpu, claim_ms = await work(database)
    print(f"{kind:<12}{subscriptions:>15,}{made:>12,}{rows:>14,.0f}", end="")
    print(f"{per_cpu:>18,.0f}{claim_ms:>12.1f}", flush=True)


def main() -> None:
    """Measure each kind of database, without and with an order."""
    prepare()
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    Path("var/bench").mkdir(parents=True, exist_ok=True)
    print(f"{'database':<12}{'subscriptions':>15}{'deliveries':>12}{'rows per s':>14}", end="")
    print(f"{'per CPU-second':>18}{'batch ms':>12}")
    for kind in KINDS:
        for subscriptions, events in ((deliveries, 1), (500, deliveries // 500)):
            uvloop.run(measure(kind, subscriptions, events))


if __name__ == "__main__":
    main()
