"""Statements that claim, complete and advance deliveries.

Only the head of each subscription's queue can be claimed: its oldest unfinished delivery, which
has ``is_head`` set (decision 20). A transaction that adds or finishes deliveries promotes the next
head, with the subscription locked, so a claim need not read what waits behind. A delivery keeps
``is_head`` when an older one is requeued; the order does not depend on the column, since a claim
checks that nothing older is unfinished.
"""

import json
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Executable,
    Row,
    Text,
    bindparam,
    case,
    cast,
    column,
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
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement, ColumnElement, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

from syndicate.model.delivery import UNFINISHED as UNFINISHED_STATES
from syndicate.model.delivery import Delivery
from syndicate.model.retry_policy import AttemptResult
from syndicate.model.subscription import DELIVERABLE_STATES, Subscription
from syndicate.storage.delivery_hold import IS_NOT_HELD
from syndicate.storage.ledger import millis
from syndicate.storage.row_mapping import (
    CLAIM_COLUMNS,
    EVENT_CONTENT_COLUMNS,
    PROGRESS_COLUMNS,
    EventContent,
    PositionalRow,
    attempt_values,
    progress_values,
)
from syndicate.storage.schema import (
    ATTEMPT,
    DELIVERY,
    DELIVERY_HOLD,
    EVENT,
    LEASED,
    SUBSCRIPTION,
    UNFINISHED,
)
from syndicate.storage.subscription_rows import health_values

_RowColumns = Mapping[str, ColumnElement[Any]]
_ROWS: Final = bindparam("rows", type_=Text())


class _BulkStatement:
    """A statement compiled once and executed for many rows in one round trip.

    PostgreSQL gets the rows as one JSON parameter and reads them as a table; SQLite executes the
    compiled text for each row. SQLAlchemy's executemany in place of both costs 30 % of the
    deliveries per CPU-second on SQLite and 40 % on PostgreSQL (`benchmarks/outbox.py`: 5,100
    become 3,600, 5,300 become 3,100 on a busy machine), with a goal of 20,000.

    Args:
        columns: What each row holds, in this order, by the names and types of columns of tables.
        make_statement: Makes the statement from the values of a row; it uses two or more.
    """

    def __init__(
        self, columns: Sequence[Column[Any]], make_statement: Callable[[_RowColumns], Executable]
    ) -> None:
        self._columns: Final = columns
        self._make_statement: Final = make_statement
        self._names: Final = [column.name for column in columns]

    @cached_property
    def _json_statement(self) -> Executable:
        typed = (column(each.name, each.type) for each in self._columns)
        recordset = func.json_to_recordset(cast(_ROWS, JSON)).table_valued(*typed, name="recordset")
        rows = recordset.render_derived(with_types=True)
        return self._make_statement({name: rows.c[name] for name in self._names})

    @cached_property
    def _row_statement(self) -> tuple[str, Callable[[PositionalRow], PositionalRow]]:
        """The SQL of one row, and what puts its values into the order of the SQL."""
        parameters = {
            each.name: bindparam(f"row_{each.name}", type_=each.type) for each in self._columns
        }
        statement = typing.cast("ClauseElement", self._make_statement(parameters))
        compiled = typing.cast("SQLCompiler", statement.compile(dialect=sqlite.dialect()))
        names = [name.removeprefix("row_") for name in compiled.positiontup or ()]
        return compiled.string, itemgetter(*map(self._names.index, names))

    async def execute(self, connection: AsyncConnection, rows: Sequence[PositionalRow]) -> None:
        """Execute the statement for all ``rows``, which hold the values of the columns."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            statement, arrange = self._row_statement
            await connection.exec_driver_sql(statement, [arrange(row) for row in rows])
        else:
            named_rows = [dict(zip(self._names, row, strict=True)) for row in rows]
            await connection.execute(self._json_statement, {"rows": json.dumps(named_rows)})


_OLDER: Final = DELIVERY.alias("older")
_UNFINISHED: Final = text("older.state IN ('pending', 'leased')")
_BUSY: Final = DELIVERY.alias("busy")
_KEY: Final = (DELIVERY.c.subscription_id, DELIVERY.c.seq)
_IS_HEAD: Final = text("delivery.state = 'pending' AND delivery.is_head")
_PAUSED_UNTIL: Final = func.coalesce(SUBSCRIPTION.c.not_before_ms, 0)
_NOW: Final = bindparam("now_ms", type_=BigInteger)
_IS_SENT: Final = DELIVERY.c.subscription_id.not_in(
    select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.state.in_(("paused", "disabled")))
)
BACKLOG: Final = select(
    func.count(),
    func.min(DELIVERY.c.due_ms).filter(_IS_SENT),
    select(DELIVERY_HOLD.c.since_ms).where(DELIVERY_HOLD.c.id == 1).scalar_subquery(),
).where(UNFINISHED)
"""The number of unfinished deliveries, when the oldest of them is due, and the hold.

Those of paused and disabled subscriptions are counted, but are never overdue.
"""

_TOKENS: Final = DELIVERY.c.lease_by.in_(bindparam("tokens", expanding=True))


def _select_heads(*columns: ColumnElement[object]) -> Select[*tuple[object, ...]]:
    """Select the heads of all subscriptions that may be sent to now.

    A subscription with a leased delivery has none: an older delivery may be back by a replay. Both
    databases walk the index of heads in the order in which they are due, however many deliveries
    there are: ``coalesce`` keeps them from walking the subscriptions instead.
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
            IS_NOT_HELD,
            ~older,
            ~busy,
        )
    )


_SELECT_DUE: Final = (
    _select_heads(*CLAIM_COLUMNS, *SUBSCRIPTION.c)
    .where(_PAUSED_UNTIL <= _NOW, DELIVERY.c.due_ms <= _NOW)
    .order_by(DELIVERY.c.due_ms, DELIVERY.c.subscription_id)
    .limit(bindparam("max_rows", type_=BigInteger))
    .with_for_update(of=DELIVERY, skip_locked=True)
)


async def select_due(
    connection: AsyncConnection, now_ms: int, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return up to ``limit`` deliveries to claim: `CLAIM_COLUMNS`, then the subscription's columns.

    PostgreSQL must not collect and sort all heads: until it has analyzed the table, a minute after
    they were added, its statistics say that there are a handful.
    """
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    return (await connection.execute(_SELECT_DUE, {"now_ms": now_ms, "max_rows": limit})).all()


def _update_delivery(row: _RowColumns) -> Update:
    return update(DELIVERY).where(*(each == row[each.name] for each in _KEY))


_LEASE: Final = _BulkStatement(
    (*_KEY, DELIVERY.c.lease_by, DELIVERY.c.lease_until_ms),
    lambda row: _update_delivery(row).values(
        state=literal_column("'leased'"),
        lease_by=row["lease_by"],
        lease_until_ms=row["lease_until_ms"],
    ),
)


async def lease(
    connection: AsyncConnection, deliveries: Iterable[Delivery], token: str, until_ms: int
) -> None:
    """Lease deliveries that `select_due` returned."""
    rows = [(each.subscription, each.seq, token, until_ms) for each in deliveries]
    await _LEASE.execute(connection, rows)


_RELEASE: Final = (
    update(DELIVERY)
    .where(
        DELIVERY.c.subscription_id == bindparam("of_subscription"),
        DELIVERY.c.seq == bindparam("of_seq"),
        DELIVERY.c.lease_by == bindparam("of_token"),
    )
    .values(state="pending", lease_by="", lease_until_ms=None)
)


async def release(connection: AsyncConnection, deliveries: Iterable[Delivery]) -> None:
    """End the leases of deliveries, where they are still held."""
    keys = [
        {"of_subscription": each.subscription, "of_seq": each.seq, "of_token": each.lease_by}
        for each in deliveries
    ]
    await connection.execute(_RELEASE, keys)


_DUE_AT: Final = case((DELIVERY.c.due_ms < _PAUSED_UNTIL, _PAUSED_UNTIL), else_=DELIVERY.c.due_ms)
_NEXT_HEAD: Final = select(func.min(_select_heads(_DUE_AT.label("due_at")).subquery().c.due_at))
_NEXT_LEASE_END: Final = select(func.min(DELIVERY.c.lease_until_ms)).where(LEASED)


async def next_times(connection: AsyncConnection, now_ms: int) -> Sequence[object]:
    """Return when the next head is due and when the next lease ends, each None if never."""
    return [
        (await connection.execute(query, {"now_ms": now_ms})).scalar()
        for query in (_NEXT_HEAD, _NEXT_LEASE_END)
    ]


_SELECT_EVENTS: Final = select(EVENT.c.id, *EVENT_CONTENT_COLUMNS).where(
    EVENT.c.id.in_(bindparam("ids", expanding=True))
)


async def event_contents(
    connection: AsyncConnection, event_ids: Iterable[str]
) -> Mapping[str, EventContent | str]:
    """Return what to send, by event id; a text that says why if an event cannot be read."""
    rows = await connection.execute(_SELECT_EVENTS, {"ids": list(event_ids)})
    contents: dict[str, EventContent | str] = {}
    for row in rows.mappings():
        try:
            contents[row["id"]] = EventContent.from_row(row)
        except ValueError as error:
            contents[row["id"]] = f"its event: {error}"
    return contents


_SELECT_SUBSCRIPTIONS: Final = (
    select(SUBSCRIPTION)
    .where(SUBSCRIPTION.c.id.in_(select(DELIVERY.c.subscription_id).where(LEASED, _TOKENS)))
    .order_by(SUBSCRIPTION.c.id)
    .with_for_update()
)


async def lock_subscriptions(
    connection: AsyncConnection, tokens: Iterable[str]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the subscriptions leased to ``tokens``; other transactions cannot change them."""
    return (await connection.execute(_SELECT_SUBSCRIPTIONS, {"tokens": list(tokens)})).all()


_SELECT_LEASED: Final = (
    select(*_KEY, DELIVERY.c.lease_by)
    .where(LEASED, _TOKENS)
    .order_by(DELIVERY.c.subscription_id)
    .with_for_update()
)


async def lock_leased(
    connection: AsyncConnection, tokens: Iterable[str]
) -> Mapping[tuple[str, int], str]:
    """Return the token that leases each delivery leased to ``tokens``, and lock these."""
    rows = await connection.execute(_SELECT_LEASED, {"tokens": list(tokens)})
    return {(subscription_id, seq): token for subscription_id, seq, token in rows.all()}


_UPDATE_PROGRESS: Final = _BulkStatement(
    PROGRESS_COLUMNS,
    lambda row: _update_delivery(row).values(
        {each: row[each.name] for each in PROGRESS_COLUMNS[len(_KEY) :]}
        | {DELIVERY.c.lease_by: literal_column("''"), DELIVERY.c.lease_until_ms: null()}
    ),
)


_INSERT_ATTEMPTS: Final = _BulkStatement(
    tuple(ATTEMPT.c),
    lambda row: insert(ATTEMPT).from_select(list(row), select(*row.values())),
)


def _oldest_seq(subscription_id: ColumnElement[str]) -> ColumnElement[int]:
    """Select the number of the oldest unfinished delivery of a subscription."""
    same_subscription = _OLDER.c.subscription_id == subscription_id
    return select(func.min(_OLDER.c.seq)).where(same_subscription, _UNFINISHED).scalar_subquery()


def _promote(heads: Select[str, int]) -> Update:
    is_waiting = text("delivery.state = 'pending' AND NOT delivery.is_head")
    return update(DELIVERY).where(is_waiting, tuple_(*_KEY).in_(heads)).values(is_head=true())


async def promote_heads(connection: AsyncConnection, *where: ColumnElement[bool]) -> None:
    """Make the oldest unfinished delivery the head, for each subscription found by ``where``."""
    heads = select(SUBSCRIPTION.c.id, _oldest_seq(SUBSCRIPTION.c.id)).where(*where)
    await connection.execute(_promote(heads))


_PROMOTE_HEADS: Final = _BulkStatement(
    (SUBSCRIPTION.c.id,), lambda row: _promote(select(row["id"], _oldest_seq(row["id"])))
)


async def store_results(
    connection: AsyncConnection, results: Sequence[tuple[AttemptResult, datetime]]
) -> None:
    """Store the results of attempts and when each finished; end leases and promote heads."""
    progress = [progress_values(result.delivery, finished) for result, finished in results]
    await _UPDATE_PROGRESS.execute(connection, progress)
    attempts = [
        attempt_values(result.delivery, result.attempt) for result, _ in results if result.attempt
    ]
    await _INSERT_ATTEMPTS.execute(connection, attempts)
    done = [
        result.delivery for result, _ in results if result.delivery.state not in UNFINISHED_STATES
    ]
    await _PROMOTE_HEADS.execute(connection, [(delivery.subscription,) for delivery in done])


_HEALTH_COLUMNS: Final = (
    SUBSCRIPTION.c.state,
    SUBSCRIPTION.c.state_reason,
    SUBSCRIPTION.c.failing_since_ms,
    SUBSCRIPTION.c.fail_streak,
    SUBSCRIPTION.c.not_before_ms,
)
_UPDATE_HEALTH: Final = _BulkStatement(
    (SUBSCRIPTION.c.id, *_HEALTH_COLUMNS),
    lambda row: (
        update(SUBSCRIPTION)
        .where(SUBSCRIPTION.c.id == row["id"])
        .values({each: row[each.name] for each in _HEALTH_COLUMNS})
    ),
)


async def update_health(
    connection: AsyncConnection, changed: Sequence[Subscription], now: datetime
) -> None:
    """Store the health of subscriptions, and cancel the deliveries of disabled ones."""
    rows = [(subscription.id, *health_values(subscription).values()) for subscription in changed]
    await _UPDATE_HEALTH.execute(connection, rows)
    disabled = [subscription.id for subscription in changed if subscription.state == "disabled"]
    if disabled:
        statement = (
            update(DELIVERY)
            .where(DELIVERY.c.subscription_id.in_(disabled), UNFINISHED)
            .values(state="cancelled", lease_by="", lease_until_ms=None, completed_ms=millis(now))
        )
        await connection.execute(statement)
