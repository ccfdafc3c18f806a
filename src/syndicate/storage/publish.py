"""Transactions of the publisher: changes and the events about them, stored all or nothing.

Both kinds lock the publisher's row, so no two of them overlap: what one reads of the ledger and
of the subscriptions is still true when it commits.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import NotReady
from syndicate.model.change import LedgerEntry
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import Requeued, requeue_since
from syndicate.storage.enqueue import (
    EventBatch,
    StoredEvent,
    SubscriberGroup,
    enqueue,
    enqueue_for,
    notify_workers,
    subscriber_groups,
)
from syndicate.storage.ledger import (
    check_lease,
    end_cursor,
    increment_generation,
    read_entries,
    record_entries,
)
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import (
    add_subscription,
    lock_publisher,
    lock_subscription,
    update_subscription,
)


class AnnounceTransaction:
    """Records changes of posts and enqueues the events about them; see `announce`."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def record(self, entries: Iterable[LedgerEntry]) -> LedgerCursor:
        """Write the next generation of the ledger; return the cursor at its start."""
        return await record_entries(self._connection, entries)

    async def subscriber_groups(self) -> tuple[SubscriberGroup, ...]:
        """Return the groups of webhooks that get the same events."""
        return await subscriber_groups(self._connection)

    async def enqueue(self, batch: EventBatch) -> int:
        """Store events with a delivery for each subscription; return the number of deliveries."""
        return await enqueue(self._connection, batch, self._now)


@asynccontextmanager
async def announce(
    database: Database, holder: str, now: datetime
) -> AsyncIterator[AnnounceTransaction]:
    """Open a transaction in which ``holder`` of the publisher lease announces changes.

    Raises `StorageError`, and writes nothing, if another process has the lease.
    """
    async with database.write() as connection:
        await check_lease(connection, holder, now)
        yield AnnounceTransaction(connection, now)


class CatchUpTransaction:
    """Changes one subscription and enqueues events for it alone; see `catch_up`.

    ``end`` is the cursor that follows everything recorded so far: events enqueued here take its
    generation.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        secret_store: SecretStore,
        end: LedgerCursor,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._secret_store = secret_store
        self._now = now
        self.end = end

    async def add(self, subscription: Subscription, max_count: int | None = None) -> None:
        """Insert a subscription; raises `Conflict`, see `add_subscription`."""
        await add_subscription(
            self._connection, subscription, self._secret_store, self._now, max_count=max_count
        )

    async def find(self, subscription_id: str) -> Subscription:
        """Return a subscription and lock its row; raises `UnknownName`."""
        return await lock_subscription(self._connection, subscription_id, self._secret_store)

    async def update(self, subscription: Subscription) -> None:
        """Replace the row of a subscription; raises `Conflict` if another one equals it now.

        Workers are notified, since deliveries that waited may be due.
        """
        await update_subscription(self._connection, subscription, self._secret_store)
        await notify_workers(self._connection)

    async def requeue_since(
        self, subscription_id: SubscriptionId, since: datetime | None
    ) -> Requeued:
        """Requeue what was sent since a time, nothing without one; see `requeue_since`."""
        return await requeue_since(self._connection, subscription_id, since, self._now)

    async def require_baseline(self) -> None:
        """Raise `NotReady` before the first edition is recorded.

        The posts of that edition are not announced to anybody: who did not get them now would
        never get them.
        """
        if self.end.generation <= 1:
            raise NotReady(
                "the initial snapshot has not been recorded yet",
                hint="See that syndicate serve runs with this database, and try again.",
            )

    async def ledger_entries(self, since: datetime | None = None) -> tuple[LedgerEntry, ...]:
        """Return the entries recorded since a time, or all, in the order of the ledger."""
        return await read_entries(self._connection, since)

    async def enqueue(self, subscription_id: SubscriptionId, events: Sequence[StoredEvent]) -> int:
        """Store events with a delivery for each, in a generation of their own; return the count."""
        if not events:
            return 0
        await increment_generation(self._connection)
        return await enqueue_for(self._connection, subscription_id, events, self._now)


@asynccontextmanager
async def catch_up(
    database: Database, secret_store: SecretStore, now: datetime
) -> AsyncIterator[CatchUpTransaction]:
    """Open a transaction during which no process can announce changes."""
    async with database.write() as connection:
        await lock_publisher(connection)
        end = await end_cursor(connection)
        yield CatchUpTransaction(connection, secret_store, end, now)
