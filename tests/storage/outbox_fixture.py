"""A database with subscriptions and deliveries, for tests of the outbox and of workers."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.event import EventId
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId
from syndicate.model.retry_policy import AttemptContext
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.outbox import Claim, FinishedAttempt, Outbox
from syndicate.storage.publish import StoredEvent, catch_up, enqueue_for
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.databases import create_sqlite_database

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=20)
SECRET = Secret(key=b"k" * 24)
CURSOR = str(LedgerCursor(ledger_id="1", generation=1, post_id=PostId("")))


def stored_event(number: int, at: datetime = NOW) -> StoredEvent:
    """Return an event that differs from the events of other numbers."""
    text = b'{"type":"post.updated","timestamp":"t","data":{"cursor":"c%d"}}'
    return StoredEvent(
        id=EventId(f"evt_{number}"),
        type="post.updated",
        post_id=PostId(f"tag:{number}"),
        commit_id=samples.COMMIT,
        noticed_at=at,
        full_body=text % number,
        thin_body=b'{"data":{"cursor":"%b"}}' % CURSOR.encode(),
    )


def subscriber(name: str) -> Subscription:
    """Return a subscription with a URL of its own."""
    return Subscription(
        id=SubscriptionId(f"sub_{name}"),
        owner="partner",
        url=f"https://{name}.example/hook",
        secrets=(SECRET,),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFixture:
    """An open database and what reads and writes it."""

    database: Database
    subscriptions: Subscriptions
    outbox: Outbox
    delivery_log: DeliveryLog

    async def subscribe(self, *names: str, events: Sequence[int] = ()) -> None:
        """Add subscriptions, and enqueue the numbered ``events`` for each."""
        for name in names:
            await self.subscriptions.add(subscriber(name), NOW)
            await self.enqueue(name, *events)

    async def enqueue(self, name: str, *events: int) -> None:
        """Enqueue numbered events for one subscription."""
        async with self.database.write() as connection:
            subscription_id = SubscriptionId(f"sub_{name}")
            await enqueue_for(
                connection, subscription_id, [stored_event(number) for number in events], NOW
            )

    async def change(
        self, subscription_id: str, change: Callable[[Subscription], Subscription]
    ) -> Subscription:
        """Store what ``change`` makes of a subscription, and return that."""
        secret_store = self.subscriptions.secret_store
        return await change_subscription(self.database, secret_store, subscription_id, change)

    async def requeue_since(self, subscription_id: SubscriptionId, since: datetime | None) -> int:
        """Requeue what was sent since a time; return how many deliveries that is."""
        secret_store = self.subscriptions.secret_store
        async with catch_up(self.database, secret_store, NOW) as tx:
            return (await tx.requeue_since(subscription_id, since)).count

    async def claim(self, token: str, limit: int = 100, now: datetime = NOW) -> tuple[Claim, ...]:
        """Claim what is due."""
        return await self.outbox.claim(limit, token=token, now=now, lease=LEASE)


async def change_subscription(
    database: Database,
    secret_store: SecretStore,
    subscription_id: str,
    change: Callable[[Subscription], Subscription],
) -> Subscription:
    """Store what ``change`` makes of a subscription, and return that."""
    async with catch_up(database, secret_store, NOW) as tx:
        changed = change(await tx.find(subscription_id))
        await tx.update(changed)
    return changed


@asynccontextmanager
async def open_outbox(database_url: str, *, key: str = "") -> AsyncIterator[OutboxFixture]:
    """Open an empty database; ``key`` encrypts the secrets of subscriptions."""
    create_sqlite_database(database_url)
    database = await Database.open(database_url)
    secret_store = SecretStore(key)
    try:
        yield OutboxFixture(
            database=database,
            subscriptions=Subscriptions(database, secret_store),
            outbox=Outbox(database, secret_store),
            delivery_log=DeliveryLog(database),
        )
    finally:
        await database.close()


def finished_attempt(
    delivery: Delivery, status: int = 204, now: datetime = NOW, **headers: str
) -> FinishedAttempt:
    """Return the attempt to which the receiver responded with ``status``."""
    is_success = 200 <= status < 300
    attempt = Attempt(
        number=delivery.attempts + 1,
        trigger=delivery.trigger,
        started=now,
        took_ms=7,
        ip_address="192.0.2.1",
        status=status,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        response="some text",
        cause="" if is_success else "status",
        error="" if is_success else f"the response status was {status}",
    )
    return FinishedAttempt(delivery=delivery, attempt=attempt, context=AttemptContext(now=now))
