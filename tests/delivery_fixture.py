"""What tests of the deliverer share: one at work, subscribers for it, and what it did."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Final

from sqlalchemy import text

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.delivery import DeliveryState
from syndicate.model.retry_policy import OperatorAlert, RetrySchedule
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.secret_store import SecretStore
from syndicate.worker.delivery_worker import DeliveryWorker, WorkerLimits
from tests import samples
from tests.channels.receiver import Receiver
from tests.storage.outbox_fixture import NOW, OutboxFixture, subscriber

RESPONSE_TIMEOUT = timedelta(seconds=2)
LIMITS = WorkerLimits(
    timeout=RESPONSE_TIMEOUT,
    schedule=RetrySchedule.from_seconds((0, 0.05, 0.05)),
    grace_seconds=0.5,
)
SUBSCRIPTION_A = SubscriptionId("sub_a")


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@asynccontextmanager
async def running_worker(
    outbox_fixture: OutboxFixture,
    limits: WorkerLimits = LIMITS,
    *,
    clock: Callable[[], datetime] = now,
    secret_store: SecretStore | None = None,
    on_alert: Callable[[OperatorAlert, Subscription], None] = lambda _, __: None,
) -> AsyncIterator[DeliveryWorker]:
    """Deliver what is on its way in a database, and stop at the end."""
    ssrf_guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    timeout = limits.timeout.total_seconds()
    async with Transport(ssrf_guard, samples.SERVICE_INFO, timeout_seconds=timeout) as transport:
        worker = DeliveryWorker(
            outbox_fixture.database,
            secret_store or SecretStore(),
            transport,
            clock=clock,
            limits=limits,
            on_alert=on_alert,
        )
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def subscribe(
    outbox_fixture: OutboxFixture, name: str, url: str, *event_numbers: int
) -> None:
    """Add a subscription of ``url``, with letters on their way to it."""
    await outbox_fixture.subscriptions.add(replace(subscriber(name), url=url), NOW)
    await outbox_fixture.enqueue(name, *event_numbers)


async def wait_until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 — a file tells nobody that it changed
            await asyncio.sleep(0.01)


async def delivery_states(outbox_fixture: OutboxFixture, name: str = "a") -> list[DeliveryState]:
    """Return the states of the deliveries of a subscription, the oldest first."""
    deliveries = await outbox_fixture.delivery_log.list(SubscriptionId(f"sub_{name}"))
    return [delivery.state for delivery in reversed(deliveries)]


def is_queue_empty(outbox_fixture: OutboxFixture, name: str = "a") -> Callable[[], Awaitable[bool]]:
    """Return whether nothing is on its way to a subscription any more."""

    async def is_empty() -> bool:
        return not {"pending", "leased"} & set(await delivery_states(outbox_fixture, name))

    return is_empty


def received_event_ids(receiver: Receiver, path: str) -> list[str]:
    """Return the ids of the events that came in at ``path``, in their order."""
    return [
        request.headers["webhook-id"] for request in receiver.requests if request.target == path
    ]


async def execute_sql(outbox_fixture: OutboxFixture, statement: str, **values: object) -> None:
    """Change stored rows behind the back of the program."""
    async with outbox_fixture.database.write() as connection:
        await connection.execute(text(statement), values)


def has_delivery_states(
    outbox_fixture: OutboxFixture, name: str, *expected: str
) -> Callable[[], Awaitable[bool]]:
    """Return whether the deliveries of a subscription are in these states."""

    async def has_states() -> bool:
        query = text("SELECT state FROM delivery WHERE subscription_id = :id ORDER BY seq")
        async with outbox_fixture.database.read() as connection:
            rows = await connection.execute(query, {"id": f"sub_{name}"})
            return tuple(rows.scalars()) == expected

    return has_states


HUGE: Final = "99999999999999999999"

RETRY_AFTER: Final = [
    f"Mon, 01 Jan {HUGE} 00:00:00 GMT",
    f"Mon, {HUGE} Jan 2024 00:00:00 GMT",
    f"Mon, 01 Jan 2024 {HUGE}:00:00 GMT",
    f"Mon, 01 Jan 2024 00:{HUGE}:00 GMT",
    f"Mon, 01 Jan 2024 00:00:{HUGE} GMT",
    f"Mon, 01 Jan 2024 00:00:00 +{HUGE}",
    f"Mon, 01 Jan 2024 00:00:00 -{HUGE}",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan -2024 00:00:00 GMT",
    HUGE,
    f"-{HUGE}",
    f"{HUGE}.5",
    "1e999",
    "inf",
    "nan",
    "-1",
    "\u00b2",
    "9" * 900,
    ":" * 900,
    ", ".join(["Mon, 01 Jan 2024 00:00:00 GMT"] * 20),
]
"""What receivers ask for that is no wait, or one that no calendar or clock has."""
