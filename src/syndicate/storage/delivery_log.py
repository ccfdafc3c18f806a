"""The delivery log: list deliveries, send them again, and delete old ones."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import Conflict, UnknownName
from syndicate.model.audit import AuditEntry
from syndicate.model.change_stream import LastSent
from syndicate.model.delivery import (
    ALL_DELIVERIES,
    FAILED_STATES,
    Attempt,
    Delivery,
    DeliverySearch,
)
from syndicate.model.delivery import replay as again
from syndicate.model.event import cursor_in_body
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId
from syndicate.model.retention import DEFAULT_RETENTION, Retention
from syndicate.model.subscription import SubscriptionId, is_well_formed_id
from syndicate.storage import claim_queries
from syndicate.storage.audit_log import record_audit
from syndicate.storage.channels import notify_workers
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.row_mapping import attempt_from_row, delivery_from_row, select_deliveries
from syndicate.storage.schema import ATTEMPT, DELIVERY, EVENT, LEDGER, SUBSCRIPTION, UNFINISHED
from syndicate.storage.subscriptions import unknown_subscription

_SEQ_PATTERN: Final = re.compile(r"[0-9]{1,18}")
_PRUNE_BATCH_SIZE: Final = 500
"""Rows deleted in one transaction, so that others do not wait long."""


class DeliveryLog:
    """The deliveries in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        subscription_id: SubscriptionId,
        *,
        search: DeliverySearch = ALL_DELIVERIES,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[Delivery, ...]:
        """Return matching deliveries of a subscription, newest first, below the seq ``before``."""
        if not search.post.isprintable():  # a database may reject it as a parameter
            return ()
        query = select_deliveries().where(DELIVERY.c.subscription_id == subscription_id)
        if search.state is not None:
            query = query.where(DELIVERY.c.state == search.state)
        if search.post:
            query = query.where(_is_about(search.post))
        if before is not None:
            query = query.where(DELIVERY.c.seq < before)
        query = query.order_by(DELIVERY.c.seq.desc()).limit(limit)
        async with self._database.read() as connection:
            return tuple(
                delivery_from_row(row) for row in (await connection.execute(query)).mappings()
            )

    async def count_for_post(self, post_id: str) -> dict[str, int]:
        """Return the number of subscriptions by the state of their latest delivery of a post."""
        latest = (
            select(DELIVERY.c.subscription_id, func.max(DELIVERY.c.seq).label("seq"))
            .join(EVENT, EVENT.c.id == DELIVERY.c.event_id)
            .where(EVENT.c.post_id == post_id)
            .group_by(DELIVERY.c.subscription_id)
            .subquery()
        )
        query = (
            select(DELIVERY.c.state, func.count())
            .join(
                latest,
                and_(
                    latest.c.subscription_id == DELIVERY.c.subscription_id,
                    latest.c.seq == DELIVERY.c.seq,
                ),
            )
            .group_by(DELIVERY.c.state)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row[0]: row[1] for row in rows}

    async def find(self, delivery_id: str) -> tuple[Delivery, tuple[Attempt, ...]]:
        """Return a delivery and its attempts, the oldest first; raises `UnknownName`."""
        subscription_id, seq = _parse_id(delivery_id)
        attempts = (
            select(ATTEMPT)
            .where(ATTEMPT.c.subscription_id == subscription_id, ATTEMPT.c.seq == seq)
            .order_by(ATTEMPT.c.number)
        )
        async with self._database.read() as connection:
            delivery = await _find_delivery(connection, delivery_id)
            attempt_rows = (await connection.execute(attempts)).mappings()
            return delivery, tuple(attempt_from_row(row) for row in attempt_rows)

    async def pending_counts(
        self, subscription_ids: Iterable[SubscriptionId]
    ) -> Mapping[SubscriptionId, int]:
        """Return the number of unfinished deliveries of each subscription that has any."""
        query = (
            select(DELIVERY.c.subscription_id, func.count())
            .where(UNFINISHED, DELIVERY.c.subscription_id.in_(list(subscription_ids)))
            .group_by(DELIVERY.c.subscription_id)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return {SubscriptionId(which): count for which, count in rows}

    async def last_attempt(self, subscription_id: SubscriptionId) -> Attempt | None:
        """Return the latest attempt at any delivery to a subscription."""
        query = (
            select(ATTEMPT)
            .where(ATTEMPT.c.subscription_id == subscription_id)
            .order_by(ATTEMPT.c.started_ms.desc(), ATTEMPT.c.seq.desc(), ATTEMPT.c.number.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else attempt_from_row(row)

    async def replay(
        self, delivery_id: str, now: datetime, audit: AuditEntry | None = None
    ) -> Delivery:
        """Requeue a delivery, unless it is being sent; raises `UnknownName`.

        ``audit`` is recorded in the transaction.
        """
        subscription_id, seq = _parse_id(delivery_id)
        async with self._database.write() as connection:
            await _lock_subscription(connection, subscription_id)
            replayed = again(await _find_delivery(connection, delivery_id), now=now)
            if replayed.state == "pending":
                conditions = (DELIVERY.c.subscription_id == subscription_id, DELIVERY.c.seq == seq)
                await _requeue(connection, conditions, now)
                await claim_queries.promote_heads(connection, SUBSCRIPTION.c.id == subscription_id)
            await record_audit(connection, audit)
            await notify_workers(connection)
        return replayed

    async def replay_failed(
        self,
        since: datetime,
        now: datetime,
        *,
        owner: str | None,
        subscription_id: str | None,
        audit: AuditEntry | None = None,
    ) -> int:
        """Requeue the deliveries that failed since a time; return their number.

        Those of one subscription, of all subscriptions of ``owner``, or of all. ``audit`` is
        recorded in the transaction, with the number.
        """
        failed = (DELIVERY.c.state.in_(FAILED_STATES), DELIVERY.c.completed_ms >= millis(since))
        query = select(SUBSCRIPTION.c.id).where(
            SUBSCRIPTION.c.id.in_(select(DELIVERY.c.subscription_id).where(*failed))
        )
        if owner is not None:
            query = query.where(SUBSCRIPTION.c.owner == owner)
        if subscription_id is not None:
            query = query.where(SUBSCRIPTION.c.id == subscription_id)
        replayed = 0
        async with self._database.write() as connection:
            for found in (await connection.execute(query.order_by(SUBSCRIPTION.c.id))).scalars():
                await _lock_subscription(connection, found)
                is_subscription = DELIVERY.c.subscription_id == found
                replayed += await _requeue(connection, (is_subscription, *failed), now)
                await claim_queries.promote_heads(connection, SUBSCRIPTION.c.id == found)
            await record_audit(connection, audit, count=replayed)
            await notify_workers(connection)
        return replayed

    async def prune(self, now: datetime, retention: Retention = DEFAULT_RETENTION) -> int:
        """Delete a batch of what is too old; return how many rows changed, 0 if none is left."""
        key = tuple_(DELIVERY.c.subscription_id, DELIVERY.c.seq)
        delivered = DELIVERY.c.state == "delivered"
        old = (
            select(DELIVERY.c.subscription_id, DELIVERY.c.seq)
            .where(
                or_(
                    and_(delivered, DELIVERY.c.completed_ms < millis(now - retention.deliveries)),
                    DELIVERY.c.completed_ms < millis(now - retention.undelivered),
                )
            )
            .limit(_PRUNE_BATCH_SIZE)
            .with_for_update(skip_locked=True)
        )
        log_key = tuple_(ATTEMPT.c.subscription_id, ATTEMPT.c.seq, ATTEMPT.c.number)
        stale = (
            select(ATTEMPT.c.subscription_id, ATTEMPT.c.seq, ATTEMPT.c.number)
            .where(ATTEMPT.c.started_ms < millis(now - retention.responses), ATTEMPT.c.answer != "")
            .limit(_PRUNE_BATCH_SIZE)
        )
        is_referenced = exists().where(DELIVERY.c.event_id == EVENT.c.id)
        unreferenced = (
            select(EVENT.c.id)
            .where(EVENT.c.detected_ms < millis(now - retention.deliveries), ~is_referenced)
            .limit(_PRUNE_BATCH_SIZE)
        )
        async with self._database.write() as connection:
            old_keys = [tuple(row) for row in await connection.execute(old)]
            attempt_key = tuple_(ATTEMPT.c.subscription_id, ATTEMPT.c.seq)
            statements = (
                delete(ATTEMPT).where(attempt_key.in_(old_keys)),
                delete(DELIVERY).where(key.in_(old_keys)),
                update(ATTEMPT).where(log_key.in_(stale)).values(answer=""),
                delete(EVENT).where(EVENT.c.id.in_(unreferenced)),
            )
            return sum([(await connection.execute(one)).rowcount for one in statements])


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """How many deliveries were requeued, and the last event among them about each post."""

    count: int
    last_sent: Mapping[PostId, LastSent]


async def requeue_since(
    connection: AsyncConnection,
    subscription_id: SubscriptionId,
    since: datetime | None,
    now: datetime,
) -> Requeued:
    """Requeue, in order, the delivery of every event noticed since a time; none without a time.

    Delivered ones too, so that the last event about each post is again the last to arrive. The
    caller holds `lock_publisher`. Raises `UnknownName`, and `Conflict` if the subscription is
    disabled.
    """
    state = await _lock_subscription(connection, subscription_id)
    if state is None:
        raise unknown_subscription(subscription_id)
    if state == "disabled":
        raise Conflict(
            f"{subscription_id} is disabled: nothing is sent to it",
            code="subscription-disabled",
            hint="Resume it first.",
        )
    await notify_workers(connection)
    if since is None:
        return Requeued(count=0, last_sent={})
    first_seq = await _first_seq_since(connection, subscription_id, since)
    if first_seq is None:
        return Requeued(count=0, last_sent={})
    return await _requeue_from(connection, subscription_id, first_seq, now)


def _is_about(post: str) -> ColumnElement[bool]:
    """Return the condition that an event is about the post with an id, key or URL."""
    with_url = select(LEDGER.c.post_id).where(LEDGER.c.url == post)
    return or_(
        EVENT.c.post_id == post,
        EVENT.c.post_id.in_(with_url),
        EVENT.c.post_id.endswith(f":{post}", autoescape=True),
    )


async def _lock_subscription(connection: AsyncConnection, subscription_id: str) -> str | None:
    """Lock a subscription and its unfinished deliveries; return its state, None if unknown."""
    unfinished = select(DELIVERY.c.seq).where(
        UNFINISHED, DELIVERY.c.subscription_id == subscription_id
    )
    query = select(SUBSCRIPTION.c.state).where(SUBSCRIPTION.c.id == subscription_id)
    state: str | None = (await connection.execute(query.with_for_update())).scalar()
    await connection.execute(unfinished.order_by(DELIVERY.c.seq).with_for_update())
    return state


async def _first_seq_since(
    connection: AsyncConnection, subscription_id: SubscriptionId, since: datetime
) -> int | None:
    """Return the number of the first delivery of an event noticed since a time.

    What follows was enqueued later, though it may have been noticed a moment earlier.
    """
    query = (
        select(func.min(DELIVERY.c.seq))
        .join(EVENT, EVENT.c.id == DELIVERY.c.event_id)
        .where(DELIVERY.c.subscription_id == subscription_id, EVENT.c.detected_ms >= millis(since))
    )
    first: int | None = (await connection.execute(query)).scalar()
    return first


async def _requeue_from(
    connection: AsyncConnection, subscription_id: SubscriptionId, first_seq: int, now: datetime
) -> Requeued:
    conditions = (DELIVERY.c.subscription_id == subscription_id, DELIVERY.c.seq >= first_seq)
    await _requeue(connection, (*conditions, DELIVERY.c.state != "leased"), now)
    await claim_queries.promote_heads(connection, SUBSCRIPTION.c.id == subscription_id)
    query = (
        select(EVENT.c.post_id, EVENT.c.type, EVENT.c.thin_body)
        .join_from(DELIVERY, EVENT, DELIVERY.c.event_id == EVENT.c.id)
        .where(*conditions)
        .order_by(DELIVERY.c.seq)
    )
    rows = (await connection.execute(query)).all()
    last = {PostId(post): (kind, bytes(thin)) for post, kind, thin in rows}
    last_sent = {
        post: LastSent(kind=kind, generation=LedgerCursor.parse(cursor_in_body(thin)).generation)
        for post, (kind, thin) in last.items()
    }
    return Requeued(count=len(rows), last_sent=last_sent)


async def _requeue(
    connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], now: datetime
) -> int:
    """Make deliveries pending again, as `syndicate.model.delivery.replay` does; return how many."""
    statement = update(DELIVERY).where(*conditions)
    values = {"state": "pending", "trigger": "manual", "step": 0, "due_ms": millis(now)}
    result = await connection.execute(statement.values(**values, completed_ms=None, is_head=False))
    return result.rowcount


async def _find_delivery(connection: AsyncConnection, delivery_id: str) -> Delivery:
    subscription_id, seq = _parse_id(delivery_id)
    query = select_deliveries().where(
        DELIVERY.c.subscription_id == subscription_id, DELIVERY.c.seq == seq
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise unknown_delivery(delivery_id)
    return delivery_from_row(row)


def unknown_delivery(delivery_id: str) -> UnknownName:
    """Return the error that there is no such delivery."""
    return UnknownName(
        f"there is no delivery {delivery_id}",
        code="unknown-delivery",
        hint="They are listed by subscription; old ones are deleted.",
    )


def _parse_id(delivery_id: str) -> tuple[str, int]:
    """Split the id of a delivery; a malformed one becomes a key that no row has."""
    subscription_id, _, seq = delivery_id.rpartition(".")
    if not is_well_formed_id(subscription_id):
        return "", 0
    return subscription_id, int(seq) if _SEQ_PATTERN.fullmatch(seq) else 0
