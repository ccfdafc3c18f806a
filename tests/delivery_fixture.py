"""A running delivery worker for tests, with subscriptions and the state of their deliveries."""

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
from tests.tls_context import system_tls_context

RESPONSE_TIMEOUT = timedelta(seconds=2)
LIMITS = WorkerLimits(
    timeout=RESPONSE_TIMEOUT,
    schedule=RetrySchedule.from_seconds((0, 0.05, 0.05)),
    grace_seconds=0.5,
)
SUBSCRIPTION_A = SubscriptionId("sub_a")


def now() -> datetime:
    """Return the current time."""
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
    """Run a delivery worker on a database, and stop it at the end."""
    ssrf_guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    timeout = limits.timeout.total_seconds()
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=timeout, tls=system_tls_context()
    ) as transport:
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
    """Add a subscription for ``url``, with pending deliveries of ``event_numbers``."""
    await outbox_fixture.subscriptions.add(replace(subscriber(name), url=url), NOW)
    await outbox_fixture.enqueue(name, *event_numbers)


async def wait_until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 — the database sends no notification
            await asyncio.sleep(0.01)


async def delivery_states(outbox_fixture: OutboxFixture, name: str = "a") -> list[DeliveryState]:
    """Return the states of the deliveries of a subscription, the oldest first."""
    deliveries = await outbox_fixture.delivery_log.list(SubscriptionId(f"sub_{name}"))
    return [delivery.state for delivery in reversed(deliveries)]


def is_queue_empty(outbox_fixture: OutboxFixture, name: str = "a") -> Callable[[], Awaitable[bool]]:
    """Return a condition: no delivery of a subscription is pending or leased."""

    async def is_empty() -> bool:
        return not {"pending", "leased"} & set(await delivery_states(outbox_fixture, name))

    return is_empty


def received_event_ids(receiver: Receiver, path: str) -> list[str]:
    """Return the ids of the events received at ``path``, in order."""
    return [
        request.headers["webhook-id"] for request in receiver.requests if request.target == path
    ]


async def execute_sql(outbox_fixture: OutboxFixture, statement: str, **values: object) -> None:
    """Execute SQL without the storage package, to damage or change rows."""
    async with outbox_fixture.database.write() as connection:
        await connection.execute(text(statement), values)


def has_delivery_states(
    outbox_fixture: OutboxFixture, name: str, *expected: str
) -> Callable[[], Awaitable[bool]]:
    """Return a condition: the deliveries of a subscription have the states ``expected``."""

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
"""Values of `Retry-After` that are invalid, or that no calendar or clock can represent."""
