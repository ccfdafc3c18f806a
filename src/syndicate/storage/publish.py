"""Transactions of the publisher: changes and the events about them, stored all or nothing.

Each event is stored once, with a delivery for each subscription that gets it.

Both kinds lock the publisher's row, so no two of them overlap: what one reads of the ledger and
of the subscriptions is still true when it commits.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import ColumnElement, bindparam, exists, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import NotReady, UsageError
from syndicate.model.audit import AuditEntry
from syndicate.model.change import LedgerEntry
from syndicate.model.event import EventId, WebhookEvent, webhook_body
from syndicate.model.ledger import PostEvent
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import CommitId, PostId
from syndicate.model.selection import Selection
from syndicate.model.subscription import EventType, Subscription, SubscriptionId
from syndicate.storage.audit_log import record_audit
from syndicate.storage.channels import notify_workers
from syndicate.storage.claim_queries import promote_heads
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import Requeued, requeue_since
from syndicate.storage.ledger import (
    RowValues,
    check_lease,
    end_cursor,
    increment_generation,
    millis,
    read_entries,
    record_entries,
)
from syndicate.storage.row_mapping import NamedRow
from syndicate.storage.schema import DELIVERY, EVENT, SUBSCRIPTION
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscription_rows import parse_selection, parse_types
from syndicate.storage.subscriptions import (
    add_subscription,
    lock_publisher,
    lock_subscription,
    update_subscription,
)
from syndicate.storage.unreadable_rows import disable

_IDS_PER_STATEMENT: Final = 500
"""Parameters per statement; old versions of SQLite allow 999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it is stored, once for all its recipients."""

    id: EventId
    type: str
    post_id: PostId
    commit_id: CommitId
    noticed_at: datetime
    full_body: bytes
    thin_body: bytes
    media_type: str = "application/json"

    @classmethod
    def from_event(cls, event: WebhookEvent, cursor: str) -> Self:
        """Return ``event`` with its bodies; ``cursor`` is the ledger cursor right after it."""
        return cls(
            id=event.id,
            type=event.post_event.kind,
            post_id=event.post_id,
            commit_id=event.commit,
            noticed_at=event.noticed_at,
            full_body=webhook_body(event, cursor=cursor),
            thin_body=webhook_body(event, cursor=cursor, payload="thin"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """Events that are enqueued together, and which group gets which of them, in order."""

    events: tuple[StoredEvent, ...]
    events_by_group: Mapping[str, Sequence[EventId]]
    """Event ids by the id of the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberGroup:
    """Webhook subscriptions that get the same events, since they ask for the same."""

    id: str
    selection: Selection
    types: tuple[EventType, ...]
    minor: bool

    def accepts(self, post_event: PostEvent) -> bool:
        """Return whether the group wants an event."""
        return post_event.kind in self.types and (self.minor or not post_event.is_minor)


_ENABLED_WEBHOOKS: Final = (
    SUBSCRIPTION.c.kind == "webhook",
    SUBSCRIPTION.c.state != "disabled",
    SUBSCRIPTION.c.state != "verifying",
)
"""Conditions for subscriptions that events are enqueued for."""


async def subscriber_groups(connection: AsyncConnection) -> tuple[SubscriberGroup, ...]:
    """Return the groups of enabled webhook subscriptions.

    A subscription whose selection or types cannot be read is disabled: no events are stored for
    it, and its owner must know that to recover them.
    """
    query = (
        select(SUBSCRIPTION)
        .where(*_ENABLED_WEBHOOKS)
        .order_by(SUBSCRIPTION.c.subscriber_group, SUBSCRIPTION.c.id)
    )
    rows = (await connection.execute(query)).mappings().all()
    groups: dict[str, SubscriberGroup] = {}
    unreadable: list[tuple[str, str, str]] = []
    for row in rows:
        if row["subscriber_group"] not in groups:
            try:
                groups[row["subscriber_group"]] = _group_from_row(row)
            except (UsageError, ValueError, TypeError) as error:
                unreadable.append((row["id"], row["subscriber_group"], str(error)))
    for subscription_id, group_id, reason in unreadable:
        if group_id not in groups:
            await disable(connection, subscription_id, f"what it asks for cannot be read: {reason}")
    return tuple(groups.values())


def _group_from_row(row: NamedRow) -> SubscriberGroup:
    return SubscriberGroup(
        id=row["subscriber_group"],
        selection=parse_selection(row["selection"]),
        types=parse_types(row["types"]),
        minor=bool(row["minor"]),
    )


async def enqueue(connection: AsyncConnection, batch: EventBatch, now: datetime) -> int:
    """Store a batch with a delivery for each subscription; return how many deliveries.

    The caller holds the publisher lease or lock.
    """
    events_by_group = batch.events_by_group
    await store_events(connection, batch.events)
    group_ids = [group_id for group_id, events in events_by_group.items() if events]
    await _lock_groups(connection, group_ids)
    count = 0
    for group_id in group_ids:
        where = (SUBSCRIPTION.c.subscriber_group == group_id, *_ENABLED_WEBHOOKS)
        count += await insert_deliveries(connection, where, events_by_group[group_id], now)
    await notify_workers(connection)
    return count


async def enqueue_for(
    connection: AsyncConnection,
    subscription_id: SubscriptionId,
    events: Sequence[StoredEvent],
    now: datetime,
) -> int:
    """Store events with a delivery of each for one subscription; see `enqueue`."""
    await store_events(connection, events)
    event_ids = [event.id for event in events]
    count = await insert_deliveries(
        connection, (SUBSCRIPTION.c.id == subscription_id,), event_ids, now
    )
    await notify_workers(connection)
    return count


async def store_events(connection: AsyncConnection, events: Sequence[StoredEvent]) -> None:
    """Store the events that are not stored yet; the same id is the same event."""
    known: set[str] = set()
    for start in range(0, len(events), _IDS_PER_STATEMENT):
        ids = [event.id for event in events[start : start + _IDS_PER_STATEMENT]]
        known.update(
            (await connection.execute(select(EVENT.c.id).where(EVENT.c.id.in_(ids)))).scalars()
        )
    new_rows = [_event_values(event) for event in events if event.id not in known]
    if new_rows:
        await connection.execute(insert(EVENT), new_rows)


async def _lock_groups(connection: AsyncConnection, group_ids: Sequence[str]) -> None:
    """Lock the subscriptions of groups, in the order that all transactions lock them in."""
    query = select(SUBSCRIPTION.c.id).where(
        SUBSCRIPTION.c.subscriber_group.in_(group_ids), *_ENABLED_WEBHOOKS
    )
    await connection.execute(query.order_by(SUBSCRIPTION.c.id).with_for_update())


async def insert_deliveries(
    connection: AsyncConnection,
    where: Sequence[ColumnElement[bool]],
    event_ids: Sequence[EventId],
    now: datetime,
) -> int:
    """Insert a delivery of each event for each subscription that ``where`` finds."""
    increment = (
        update(SUBSCRIPTION).where(*where).values(last_seq=SUBSCRIPTION.c.last_seq + len(event_ids))
    )
    subscriptions = (await connection.execute(increment)).rowcount
    if not subscriptions or not event_ids:
        return 0
    columns: dict[str, ColumnElement[object]] = {
        "subscription_id": SUBSCRIPTION.c.id,
        "seq": SUBSCRIPTION.c.last_seq - len(event_ids) + bindparam("place"),
        "event_id": bindparam("event"),
        "payload": SUBSCRIPTION.c.payload,
        "state": literal("pending"),
        "trigger": literal("schedule"),
        "attempts": literal(0),
        "step": literal(0),
        "due_ms": literal(millis(now)),
        "lease_by": literal(""),
        "last_error": literal(""),
        "is_head": literal(value=False),
    }
    statement = insert(DELIVERY).from_select(list(columns), select(*columns.values()).where(*where))
    parameters = [{"place": place, "event": event} for place, event in enumerate(event_ids, 1)]
    await connection.execute(statement, parameters)
    await promote_heads(connection, *where)
    return subscriptions * len(event_ids)


def _event_values(event: StoredEvent) -> RowValues:
    return {
        "id": event.id,
        "type": event.type,
        "post_id": event.post_id,
        "commit_id": event.commit_id,
        "detected_ms": millis(event.noticed_at),
        "media_type": event.media_type,
        "full_body": event.full_body,
        "thin_body": event.thin_body,
    }


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

    async def record_audit(self, entry: AuditEntry | None, **detail: object) -> None:
        """Add an entry, if there is one, to the audit log."""
        await record_audit(self._connection, entry, **detail)

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


async def has_topic_subscribers(database: Database, now: datetime) -> bool:
    """Return whether anybody subscribes to a WebSub topic; raises `StorageError`."""
    query = select(exists().where(*active_topic_subscribers(now)))
    async with database.read() as connection:
        return bool((await connection.execute(query)).scalar_one())


def active_topic_subscribers(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for WebSub subscriptions that are sent changes of their topic."""
    return (
        SUBSCRIPTION.c.kind == "websub",
        SUBSCRIPTION.c.state != "disabled",
        SUBSCRIPTION.c.lease_until_ms > millis(now),
    )
