"""Whose turn it is: the statements by which deliveries are claimed and moved on, made once.

A delivery has its turn once it is the oldest unfinished one of its subscription, and may keep it
when an older one is to be sent again. Whoever adds or ends deliveries lets the next one have its
turn within the same transaction, with the subscription locked; so a claim need not look at all
that wait behind others. The order does not depend on it: a claim looks up that nothing older is
unfinished.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Row,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement, Select, Update

from syndicate.model.subscription import DELIVERABLE_STATES
from syndicate.storage.bulk_statement import BulkStatement, RowColumns
from syndicate.storage.row_mapping import CLAIM_COLUMNS, EVENT_CONTENT_COLUMNS, PROGRESS_COLUMNS
from syndicate.storage.schema import ATTEMPT, DELIVERY, EVENT, LEASED, SUBSCRIPTION

_OLDER: Final = DELIVERY.alias("older")
_UNFINISHED: Final = text("older.state IN ('pending', 'leased')")
_BUSY: Final = DELIVERY.alias("busy")
_KEY: Final = (DELIVERY.c.subscription_id, DELIVERY.c.seq)
_IS_HEAD: Final = text("delivery.state = 'pending' AND delivery.is_head")
_PAUSED_UNTIL: Final = func.coalesce(SUBSCRIPTION.c.not_before_ms, 0)
_NOW: Final = bindparam("now_ms", type_=BigInteger)
_TOKENS: Final = DELIVERY.c.lease_by.in_(bindparam("tokens", expanding=True))


def _select_heads(*columns: ColumnElement[object]) -> Select[*tuple[object, ...]]:
    """Ask for the oldest unfinished delivery of each subscription that is sent to at all now.

    None of a subscription of which another is being sent: an older one may be back by a replay.
    Both databases go through the deliveries whose turn it is, in the order in which they are due,
    however many others there were and are: ``coalesce`` keeps them from going through the
    subscriptions. That none is older is looked up all the same.
    """
    older = exists().where(
        _OLDER.c.subscription_id == DELIVERY.c.subscription_id,
        _OLDER.c.seq < DELIVERY.c.seq,
        _UNFINISHED,
    )
    busy = exists().where(
        _BUSY.c.subscription_id == DELIVERY.c.subscription_id, text("busy.state = 'leased'")
    )
    ends = SUBSCRIPTION.c.lease_until_ms
    same_subscription = SUBSCRIPTION.c.id == func.coalesce(DELIVERY.c.subscription_id, "")
    return (
        select(*columns)
        .join_from(DELIVERY, SUBSCRIPTION, same_subscription)
        .where(
            _IS_HEAD,
            SUBSCRIPTION.c.state.in_(sorted(DELIVERABLE_STATES)),
            or_(ends.is_(None), ends > _NOW),
            ~older,
            ~busy,
        )
    )


_SELECT_DUE: Final = (
    _select_heads(*CLAIM_COLUMNS, *SUBSCRIPTION.c)
    .where(_PAUSED_UNTIL <= _NOW, DELIVERY.c.due_ms <= _NOW)
    .order_by(DELIVERY.c.due_ms, DELIVERY.c.subscription_id)
    .limit(bindparam("most", type_=BigInteger))
    .with_for_update(of=DELIVERY, skip_locked=True)
)


async def select_due(
    connection: AsyncConnection, now_ms: int, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return up to ``most`` deliveries to be claimed, as `CLAIMED`, and whom they are for.

    PostgreSQL must be kept from gathering and sorting all whose turn it is: until it has counted
    them anew, which it does a minute after they came, it believes that there are a handful.
    """
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    return (await connection.execute(_SELECT_DUE, {"now_ms": now_ms, "most": limit})).all()


def _update_delivery(row: RowColumns) -> Update:
    return update(DELIVERY).where(*(one == row[one.name] for one in _KEY))


UPDATE_LEASES: Final = BulkStatement(
    (*_KEY, DELIVERY.c.lease_by, DELIVERY.c.lease_until_ms),
    lambda row: _update_delivery(row).values(
        state=literal_column("'leased'"),
        lease_by=row["lease_by"],
        lease_until_ms=row["lease_until_ms"],
    ),
)
"""Leases what `due` found."""

_DUE_AT: Final = case((DELIVERY.c.due_ms < _PAUSED_UNTIL, _PAUSED_UNTIL), else_=DELIVERY.c.due_ms)
SELECT_NEXT_DUE: Final = select(func.min(_select_heads(_DUE_AT.label("turn")).subquery().c.turn))
SELECT_NEXT_LEASE_END: Final = select(func.min(DELIVERY.c.lease_until_ms)).where(LEASED)
"""When somebody's turn comes, and when a lease ends, first of all."""

SELECT_EVENTS: Final = select(EVENT.c.id, *EVENT_CONTENT_COLUMNS).where(
    EVENT.c.id.in_(bindparam("ids", expanding=True))
)
SELECT_SUBSCRIPTIONS: Final = (
    select(SUBSCRIPTION)
    .where(SUBSCRIPTION.c.id.in_(select(DELIVERY.c.subscription_id).where(LEASED, _TOKENS)))
    .order_by(SUBSCRIPTION.c.id)
    .with_for_update()
)
"""What the letters with ``ids`` say, and whom what is leased to ``tokens`` is for.

These stay as they are until the transaction ends.
"""

SELECT_LEASED: Final = (
    select(*_KEY, DELIVERY.c.lease_by)
    .where(LEASED, _TOKENS)
    .order_by(DELIVERY.c.subscription_id)
    .with_for_update()
)
"""What is leased to ``tokens`` and stays so until the transaction ends."""

RELEASE_LEASES: Final = (
    update(DELIVERY)
    .where(
        DELIVERY.c.subscription_id == bindparam("of"),
        DELIVERY.c.seq == bindparam("number"),
        DELIVERY.c.lease_by == bindparam("token"),
    )
    .values(state="pending", lease_by="", lease_until_ms=None)
)

UPDATE_PROGRESS: Final = BulkStatement(
    PROGRESS_COLUMNS,
    lambda row: _update_delivery(row).values(
        {one: row[one.name] for one in PROGRESS_COLUMNS[len(_KEY) :]}
        | {DELIVERY.c.lease_by: literal_column("''"), DELIVERY.c.lease_until_ms: null()}
    ),
)
"""Writes how far deliveries are that were leased."""


def _oldest_seq(subscription_id: ColumnElement[str]) -> ColumnElement[int]:
    """Ask for the number of the oldest unfinished delivery of a subscription."""
    same_subscription = _OLDER.c.subscription_id == subscription_id
    return select(func.min(_OLDER.c.seq)).where(same_subscription, _UNFINISHED).scalar_subquery()


def _promote(heads: Select[str, int]) -> Update:
    is_waiting = text("delivery.state = 'pending' AND NOT delivery.is_head")
    return update(DELIVERY).where(is_waiting, tuple_(*_KEY).in_(heads)).values(is_head=true())


PROMOTE_HEADS: Final = BulkStatement(
    (SUBSCRIPTION.c.id,), lambda row: _promote(select(row["id"], _oldest_seq(row["id"])))
)
"""Lets the oldest unfinished delivery of each subscription have its turn."""


async def promote_heads(connection: AsyncConnection, *where: ColumnElement[bool]) -> None:
    """Let the oldest unfinished delivery have its turn, of each subscription of ``whom``."""
    heads = select(SUBSCRIPTION.c.id, _oldest_seq(SUBSCRIPTION.c.id)).where(*where)
    await connection.execute(_promote(heads))


_HEALTH_COLUMNS: Final = (
    SUBSCRIPTION.c.state,
    SUBSCRIPTION.c.state_reason,
    SUBSCRIPTION.c.failing_since_ms,
    SUBSCRIPTION.c.fail_streak,
    SUBSCRIPTION.c.not_before_ms,
)
UPDATE_HEALTH: Final = BulkStatement(
    (SUBSCRIPTION.c.id, *_HEALTH_COLUMNS),
    lambda row: (
        update(SUBSCRIPTION)
        .where(SUBSCRIPTION.c.id == row["id"])
        .values({one: row[one.name] for one in _HEALTH_COLUMNS})
    ),
)
"""Writes how well it goes with subscriptions."""

INSERT_ATTEMPTS: Final = BulkStatement(
    tuple(ATTEMPT.c),
    lambda row: insert(ATTEMPT).from_select(list(row), select(*row.values())),
)
"""Writes attempts into the delivery log."""
