"""Copies all rows of a database into another one, of the same kind or of the other."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    RowMapping,
    Table,
    Text,
    bindparam,
    collate,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from syndicate.errors import StorageError
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.schema import (
    ATTEMPT,
    AUDIT_LOG,
    AUDIT_RETENTION,
    DELIVERY,
    METADATA,
    PUBLISHER,
    SUBSCRIPTION,
)

COPY_HOLDER: Final = "db copy"
"""Holder of the publisher lease in a copy that no service has used yet."""

COPIED_TABLES: Final = tuple(
    METADATA.tables[name]
    for name in sorted(METADATA.tables)
    if name not in {PUBLISHER.name, AUDIT_RETENTION.name}
)
"""The tables that are empty in a new database."""

_BATCH_ROWS: Final = 500
_FAR_FUTURE_MS: Final = 2**62

_Pair = tuple[RowMapping | None, RowMapping | None]

_ADVANCE_SEQUENCE: Final = text(
    "SELECT setval(pg_get_serial_sequence('audit_log', 'id'), coalesce(max(id), 0) + 1, false)"
    " FROM audit_log"
)
"""Lets ids of new entries in the audit log follow those that were copied, on PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCopy:
    """What copying did to one table of the target: numbers of rows."""

    table: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCopy:
    """The result of a copy.

    ``is_first`` says whether the target was empty; ``is_source_in_use`` whether a process held the
    publisher lease or was sending deliveries when the source was read.
    """

    tables: tuple[TableCopy, ...]
    is_first: bool
    is_source_in_use: bool


async def open_target(database_url: str) -> Database:
    """Open a database to copy into; create the tables if there are none. Raises `StorageError`."""
    database = Database.connect(database_url)
    try:
        database.create_file()
        if not await database.revision():
            await database.upgrade()
    finally:
        await database.close()
    return await Database.open(database_url)


async def copy_database(source: Database, target: Database, now: datetime) -> DatabaseCopy:
    """Make the rows of ``target`` those of ``source``, in one transaction.

    The rows of the source are those of one moment; processes that use it go on. The target must
    have no rows, or be an earlier copy of the source that no service has used: then only what
    differs is written. Raises `StorageError`.
    """
    async with source.read() as reading, target.read() as before, target.write() as writing:
        source_rows, old_rows = (
            cast("Connection", each.sync_connection) for each in (reading, before)
        )
        return await writing.run_sync(_copy, source_rows, old_rows, str(target), millis(now))


def _copy(
    writing: Connection, source: Connection, before: Connection, target: str, now_ms: int
) -> DatabaseCopy:
    """Copy from ``source`` to ``writing``; ``before`` sees the target without what is written."""
    is_first = _check_target(source, before, target)
    retention = update(AUDIT_RETENTION)
    writing.execute(
        retention.values(delete_before_ms=_FAR_FUTURE_MS, clear_addresses_before_ms=_FAR_FUTURE_MS)
    )
    tables = tuple(_copy_table(table, source, before, writing) for table in COPIED_TABLES)
    writing.execute(retention.values(delete_before_ms=0, clear_addresses_before_ms=0))
    publisher = source.execute(select(PUBLISHER)).one()
    writing.execute(
        update(PUBLISHER).values(
            ledger_id=publisher.ledger_id,
            generation=publisher.generation,
            lease_by=COPY_HOLDER,
            lease_until_ms=0,
        )
    )
    if writing.dialect.name == "postgresql":
        writing.execute(_ADVANCE_SEQUENCE)
    leased = select(func.count()).where(DELIVERY.c.lease_until_ms > now_ms)
    in_use = publisher.lease_until_ms > now_ms or source.scalar(leased)
    return DatabaseCopy(tables=tables, is_first=is_first, is_source_in_use=bool(in_use))


def _check_target(source: Connection, target: Connection, name: str) -> bool:
    """Return whether the target has no rows; raise `StorageError` unless it may be written."""
    filled = [table.name for table in COPIED_TABLES if _has_rows(table, target)]
    if not filled:
        return True
    ledger_id = source.scalar(select(PUBLISHER.c.ledger_id))
    publisher = target.execute(select(PUBLISHER)).one()
    is_copy = (publisher.ledger_id, publisher.lease_by) == (ledger_id, COPY_HOLDER)
    if not is_copy or _was_used(source, target):
        raise StorageError(
            f"database {name}: holds rows already, for instance in the table {filled[0]}",
            code="database-not-empty",
            hint="Name an empty database, or an earlier copy that no service has used.",
        )
    return False


def _was_used(source: Connection, target: Connection) -> bool:
    """Return whether somebody changed an earlier copy, or deliveries were sent from it.

    Each change by a person is in the audit log, so its newest entry and the newest attempt must be
    in the source, unless the source deleted them: because they are older than what it keeps, or
    because the subscription is gone.
    """
    return _has_audit_entry_of_its_own(source, target) or _has_attempt_of_its_own(source, target)


def _has_audit_entry_of_its_own(source: Connection, target: Connection) -> bool:
    entry = target.execute(select(AUDIT_LOG).order_by(AUDIT_LOG.c.id.desc()).limit(1)).first()
    if entry is None:
        return False
    same = select(AUDIT_LOG).where(
        AUDIT_LOG.c.id == entry.id,
        AUDIT_LOG.c.at_ms == entry.at_ms,
        AUDIT_LOG.c.action == entry.action,
        AUDIT_LOG.c.object == entry.object,
    )
    oldest_ms = source.scalar(select(func.min(AUDIT_LOG.c.at_ms)))
    is_kept = oldest_ms is not None and entry.at_ms >= oldest_ms
    return is_kept and source.execute(same).first() is None


def _has_attempt_of_its_own(source: Connection, target: Connection) -> bool:
    newest = select(ATTEMPT).order_by(ATTEMPT.c.started_ms.desc()).limit(1)
    attempt = target.execute(newest).first()
    if attempt is None:
        return False
    same = select(ATTEMPT).where(
        ATTEMPT.c.subscription_id == attempt.subscription_id,
        ATTEMPT.c.seq == attempt.seq,
        ATTEMPT.c.started_ms == attempt.started_ms,
    )
    subscription = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.id == attempt.subscription_id)
    oldest_ms = source.scalar(select(func.min(ATTEMPT.c.started_ms))) or 0
    is_kept = attempt.started_ms >= oldest_ms and source.scalar(subscription) is not None
    return is_kept and source.execute(same).first() is None


def _has_rows(table: Table, connection: Connection) -> bool:
    return connection.execute(select(table).limit(1)).first() is not None


def _copy_table(
    table: Table, source: Connection, before: Connection, writing: Connection
) -> TableCopy:
    """Delete the rows that differ, then insert those of the source.

    In this order, since a row that is gone may have a unique value of a row that came.
    """
    counts = dict.fromkeys(("added", "changed", "removed", "total"), 0)
    if _has_rows(table, before):
        conditions = (column == bindparam(f"key_{column.name}") for column in table.primary_key)
        keys = _stale_keys(table, _pairs(table, source, before), counts)
        _execute_many(writing, delete(table).where(*conditions), keys)
    _execute_many(writing, insert(table), _fresh_rows(_pairs(table, source, before), counts))
    return TableCopy(table=table.name, **counts)


def _stale_keys(
    table: Table, pairs: Iterator[_Pair], counts: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """Yield the keys of the rows of the target that are gone or differ, and count them."""
    for new, old in pairs:
        if old is not None and new != old:
            counts["removed" if new is None else "changed"] += 1
            keys = zip(table.primary_key, _key(table, old), strict=True)
            yield {f"key_{column.name}": value for column, value in keys}


def _fresh_rows(pairs: Iterator[_Pair], counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the source that the target does not have, and count rows."""
    for new, old in pairs:
        if new is not None:
            counts["total"] += 1
            counts["added"] += old is None
            if new != old:
                yield dict(new)


def _execute_many(
    connection: Connection, statement: Executable, rows: Iterator[dict[str, Any]]
) -> None:
    """Execute a statement for all rows, `_BATCH_ROWS` at a time."""
    while batch := [*islice(rows, _BATCH_ROWS)]:
        connection.execute(statement, batch)


def _pairs(table: Table, source: Connection, target: Connection) -> Iterator[_Pair]:
    """Yield the rows of each key: that of the source, and that of the target; None without one."""
    both = heapq.merge(
        ((_key(table, row), row, None) for row in _rows(table, source)),
        ((_key(table, row), None, row) for row in _rows(table, target)),
        key=itemgetter(0),
    )
    for _, group in groupby(both, key=itemgetter(0)):
        rows = [*group]
        yield rows[0][1], rows[-1][2]


def _rows(table: Table, connection: Connection) -> Iterator[RowMapping]:
    """Yield the rows of a table, sorted by the bytes of their keys as both databases can."""
    is_postgresql = connection.dialect.name == "postgresql"
    order: list[ColumnElement[Any]] = [
        collate(column, "C") if is_postgresql and isinstance(column.type, Text) else column
        for column in table.primary_key
    ]
    query = select(table).order_by(*order).execution_options(yield_per=_BATCH_ROWS)
    yield from connection.execute(query).mappings()


def _key(table: Table, row: RowMapping) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


async def row_counts(database: Database) -> dict[str, int]:
    """Return the number of rows of each table."""
    async with database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in COPIED_TABLES
        }
