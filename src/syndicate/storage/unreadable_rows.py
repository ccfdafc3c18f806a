"""Isolate damaged rows, so that all others are processed.

SQLite stores any value in any column, a disk may damage one, and an operator may change a row by
hand. One row that cannot be read costs its own delivery or subscription, never the others.
"""

from datetime import datetime, timedelta
from typing import Final, get_args

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.model.retry_policy import UNREADABLE_SECRET_PAUSE
from syndicate.model.subscription import SubscriptionState
from syndicate.storage.claim_queries import promote_heads
from syndicate.storage.ledger import millis
from syndicate.storage.schema import ATTEMPT, DELIVERY, LEASED, SUBSCRIPTION, UNFINISHED

_MAX_DUE_DELAY: Final = timedelta(days=400)
"""A delivery due later than this was not stored by the service."""

_MAX_LEASE: Final = timedelta(days=1)

_log = telemetry.logger("storage")


async def suspend(
    connection: AsyncConnection, subscription_id: str, reason: str, now: datetime
) -> None:
    """Suspend a subscription whose row cannot be read; its deliveries stay queued.

    It is read again after `UNREADABLE_SECRET_PAUSE`, so it continues by itself once the row is
    repaired.
    """
    _log.error("subscription suspended", subscription=subscription_id, reason=reason)
    statement = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id)
    await connection.execute(
        statement.values(
            state="suspended",
            state_reason=reason,
            not_before_ms=millis(now + UNREADABLE_SECRET_PAUSE),
        )
    )


async def exhaust(  # noqa: PLR0913 — key, reason, time and lease
    connection: AsyncConnection,
    subscription_id: str,
    seq: int,
    reason: str,
    now: datetime,
    *,
    lease_by: str | None = None,
) -> None:
    """End a delivery whose row or event cannot be read, with an attempt that says why.

    Nothing happens if it is no longer leased to ``lease_by``; by default it is a pending one. The
    next delivery of the subscription becomes the head of the queue.
    """
    error = f"the stored delivery cannot be read: {reason}"
    conditions = (
        DELIVERY.c.subscription_id == subscription_id,
        DELIVERY.c.seq == seq,
        DELIVERY.c.state == "pending" if lease_by is None else DELIVERY.c.lease_by == lease_by,
    )
    result = await connection.execute(
        update(DELIVERY)
        .where(*conditions)
        .values(
            state="exhausted",
            last_error=error,
            lease_by="",
            lease_until_ms=None,
            completed_ms=millis(now),
        )
    )
    if not result.rowcount:
        return
    _log.error("delivery exhausted", delivery=f"{subscription_id}.{seq}", reason=reason)
    await _insert_attempt(connection, subscription_id, seq, error, now)
    await promote_heads(connection, SUBSCRIPTION.c.id == subscription_id)


async def _insert_attempt(
    connection: AsyncConnection, subscription_id: str, seq: int, error: str, now: datetime
) -> None:
    """Add an attempt that was not made, after the last one."""
    attempts = select(func.max(ATTEMPT.c.number)).where(
        ATTEMPT.c.subscription_id == subscription_id, ATTEMPT.c.seq == seq
    )
    last = (await connection.execute(attempts)).scalar()
    if last is not None and not isinstance(last, int):
        return
    await connection.execute(
        insert(ATTEMPT).values(
            subscription_id=subscription_id,
            seq=seq,
            number=(last or 0) + 1,
            trigger="schedule",
            started_ms=millis(now),
            took_ms=0,
            address="",
            headers="[]",
            answer="",
            cause="unreadable",
            error=error,
        )
    )


async def disable(connection: AsyncConnection, subscription_id: str, reason: str) -> None:
    """Disable a subscription whose selection cannot be read; its owner resumes and recovers it."""
    _log.error("subscription disabled", subscription=subscription_id, reason=reason)
    statement = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id)
    await connection.execute(statement.values(state="disabled", state_reason=reason))


async def repair(connection: AsyncConnection, now: datetime) -> None:
    """Replace stored values with which a row would wait forever.

    These are times in the far future and unknown states; text is greater than any number.
    """
    far = millis(now + _MAX_DUE_DELAY)
    due_now = update(DELIVERY).where(
        UNFINISHED, DELIVERY.c.state == "pending", DELIVERY.c.due_ms > far
    )
    await connection.execute(due_now.values(due_ms=millis(now)))
    no_pause = update(SUBSCRIPTION).where(SUBSCRIPTION.c.not_before_ms > far)
    await connection.execute(no_pause.values(not_before_ms=None))
    known = list(get_args(SubscriptionState))
    unknown = update(SUBSCRIPTION).where(SUBSCRIPTION.c.state.not_in(known))
    reason = "its stored state was not readable"
    await connection.execute(unknown.values(state="suspended", state_reason=reason))
    lease_end = DELIVERY.c.lease_until_ms
    endless = or_(lease_end.is_(None), lease_end > millis(now + _MAX_LEASE))
    release = update(DELIVERY).where(LEASED, endless)
    await connection.execute(release.values(state="pending", lease_by="", lease_until_ms=None))
