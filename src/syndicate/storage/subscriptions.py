"""Stored subscriptions: add, find, change and remove them."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import Conflict, UnknownName
from syndicate.model.audit import AuditEntry
from syndicate.model.pagination import malformed_cursor
from syndicate.model.subscription import (
    Subscription,
    SubscriptionKind,
    is_well_formed_id,
    rotate_secret,
)
from syndicate.model.webhook_signature import Secret
from syndicate.storage.audit_log import record_audit
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.schema import ATTEMPT, DELIVERY, PUBLISHER, SUBSCRIPTION
from syndicate.storage.secret_keys import check_key
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscription_rows import (
    readable_subscriptions,
    subscription_from_row,
    subscription_values,
)

_CURSOR_PATTERN: Final = re.compile(r"([0-9]{1,15})-(sub_[0-9a-zA-Z]{1,64})")
"""The time when a subscription was created, and its id."""


class Subscriptions:
    """The subscriptions in a database. Every method may raise `StorageError`.

    Args:
        database: Holds them.
        secret_store: Encrypts and decrypts their secrets.
    """

    def __init__(self, database: Database, secret_store: SecretStore) -> None:
        self._database: Final = database
        self.secret_store: Final = secret_store

    async def add(
        self,
        subscription: Subscription,
        now: datetime,
        *,
        max_count: int | None = None,
        audit: AuditEntry | None = None,
    ) -> None:
        """Store a new subscription, which gets the events of all changes recorded from now on.

        ``audit`` is recorded in the transaction, as by all methods. Raises `Conflict`; see
        `add_subscription`.
        """
        async with self._database.write() as connection:
            await lock_publisher(connection)
            await add_subscription(
                connection, subscription, self.secret_store, now, max_count=max_count
            )
            await record_audit(connection, audit)

    async def find(self, subscription_id: str) -> Subscription:
        """Return a subscription; raises `UnknownName`."""
        if not is_well_formed_id(subscription_id):
            raise unknown_subscription(subscription_id)
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise unknown_subscription(subscription_id)
        return subscription_from_row(row, self.secret_store)

    async def list(
        self, *, kind: SubscriptionKind = "webhook", owner: str | None = None
    ) -> tuple[Subscription, ...]:
        """Return the subscriptions of ``owner``, or all, the oldest first."""
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.kind == kind)
        if owner is not None:
            query = query.where(SUBSCRIPTION.c.owner == owner)
        query = query.order_by(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return readable_subscriptions(rows, self.secret_store)

    async def page(
        self, owner: str | None, cursor: str, limit: int
    ) -> tuple[tuple[Subscription, ...], str | None]:
        """Return a page of the webhooks of ``owner``, or of all, the oldest first.

        ``cursor`` is empty for the first page. The second value is the cursor of the next page,
        None on the last. Raises `UsageError` for a malformed cursor.
        """
        key = tuple_(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id)
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.kind == "webhook")
        if owner is not None:
            query = query.where(SUBSCRIPTION.c.owner == owner)
        if cursor:
            query = query.where(key > _parse_cursor(cursor))
        query = query.order_by(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id).limit(limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        subscriptions = readable_subscriptions(rows[:limit], self.secret_store)
        if len(rows) <= limit:
            return subscriptions, None
        last = rows[limit - 1]
        return subscriptions, f"{last['created_ms']}-{last['id']}"

    async def rotate_secret(
        self,
        subscription_id: str,
        secret: Secret,
        now: datetime,
        max_old_secrets: int,
        audit: AuditEntry | None = None,
    ) -> Subscription:
        """Rotate the secret; old ones stay valid for a day; raises `UnknownName`."""
        async with self._database.write() as connection:
            found = await lock_subscription(connection, subscription_id, self.secret_store)
            changed = rotate_secret(found, secret=secret, at=now, max_old_secrets=max_old_secrets)
            await update_subscription(connection, changed, self.secret_store)
            await record_audit(connection, audit)
        return changed

    async def remove(self, subscription_id: str, audit: AuditEntry | None = None) -> None:
        """Delete a subscription with its deliveries; raises `UnknownName`."""
        async with self._database.write() as connection:
            await lock_publisher(connection)
            if not await delete_subscriptions(connection, [subscription_id]):
                raise unknown_subscription(subscription_id)
            await record_audit(connection, audit)


async def add_subscription(
    connection: AsyncConnection,
    subscription: Subscription,
    secret_store: SecretStore,
    now: datetime,
    *,
    max_count: int | None = None,
) -> None:
    """Insert a subscription in a transaction that holds `lock_publisher`.

    Raises `Conflict`, which names the id, if its owner has one with the same URL and selection (or
    topic), and if the owner has ``max_count`` webhooks or more; those over the limit stay.
    """
    await check_key(connection, secret_store)
    new_row = {
        **subscription_values(subscription, secret_store),
        "last_seq": 0,
        "created_ms": millis(now),
    }
    query = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.identity == new_row["identity"])
    existing_id = (await connection.execute(query)).scalar()
    if existing_id is not None:
        raise Conflict(
            f"this subscription exists already: {existing_id}",
            code="already-subscribed",
            hint="Change it, or remove it first.",
            choices=(str(existing_id),),
        )
    if max_count is not None:
        await _check_count(connection, subscription.owner, max_count)
    await connection.execute(insert(SUBSCRIPTION).values(new_row))


async def lock_subscription(
    connection: AsyncConnection, subscription_id: str, secret_store: SecretStore
) -> Subscription:
    """Return a subscription that no other transaction changes until this one ends.

    Raises `UnknownName`.
    """
    await lock_publisher(connection)
    query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id).with_for_update()
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise unknown_subscription(subscription_id)
    return subscription_from_row(row, secret_store)


async def update_subscription(
    connection: AsyncConnection, subscription: Subscription, secret_store: SecretStore
) -> None:
    """Replace the row of a subscription that `lock_subscription` returned.

    Raises `Conflict` if it would then equal another one.
    """
    await check_key(connection, secret_store)
    new_values = subscription_values(subscription, secret_store)
    duplicate = select(SUBSCRIPTION.c.id).where(
        SUBSCRIPTION.c.identity == new_values["identity"], SUBSCRIPTION.c.id != subscription.id
    )
    existing_id = (await connection.execute(duplicate)).scalar()
    if existing_id is not None:
        raise Conflict(
            f"this subscription would then be the same as {existing_id}",
            code="already-subscribed",
            hint="Remove one of them.",
            choices=(str(existing_id),),
        )
    await connection.execute(
        update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription.id).values(new_values)
    )


async def _check_count(connection: AsyncConnection, owner: str, max_count: int) -> None:
    """Raise `Conflict` if ``owner`` has ``max_count`` webhooks; the caller holds the lock."""
    query = select(func.count()).where(
        SUBSCRIPTION.c.kind == "webhook", SUBSCRIPTION.c.owner == owner
    )
    count = (await connection.execute(query)).scalar_one()
    if count >= max_count:
        raise Conflict(
            f"the tokens called {owner!r} have {count:,} subscriptions; {max_count:,} are allowed",
            code="too-many-subscriptions",
            hint="Remove one, or ask the operator to raise [limits] subscriptions_per_token.",
        )


async def delete_subscriptions(
    connection: AsyncConnection, subscription_ids: Collection[str]
) -> int:
    """Delete subscriptions with their deliveries; return how many there were."""
    statement = SUBSCRIPTION.delete().where(SUBSCRIPTION.c.id.in_(subscription_ids))
    count = (await connection.execute(statement)).rowcount
    for table in (DELIVERY, ATTEMPT):
        await connection.execute(
            table.delete().where(table.c.subscription_id.in_(subscription_ids))
        )
    return count


async def lock_publisher(connection: AsyncConnection) -> None:
    """Keep every process from announcing changes until the transaction ends."""
    await connection.execute(select(PUBLISHER.c.id).with_for_update())


def _parse_cursor(cursor: str) -> tuple[int, str]:
    match = _CURSOR_PATTERN.fullmatch(cursor)
    if match is None:
        raise malformed_cursor(cursor)
    return int(match[1]), match[2]


def unknown_subscription(subscription_id: str) -> UnknownName:
    """Return the error that there is no such subscription."""
    return UnknownName(
        f"there is no subscription {subscription_id}",
        code="unknown-subscription",
        hint="GET /v1/subscriptions and `syndicate subscriptions list` show the ids.",
    )
