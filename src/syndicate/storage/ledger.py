"""The ledger: the last announced state of each post, and the lease to announce more."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    false,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.category import Category
from syndicate.model.change import LedgerEntry
from syndicate.model.ledger import LedgerRow
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import BlobId, CommitId, Path, PostId
from syndicate.storage.database import Database
from syndicate.storage.schema import LEDGER, PUBLISHER

PUBLISHER_LEASE: Final = timedelta(seconds=30)
"""How long a publisher may write to the ledger without renewing its lease."""

_ROWS_PER_STATEMENT: Final = 100
"""Rows per statement: preparing one keeps the event loop busy for some milliseconds."""

_CACHED_TIMES: Final = 1_024
"""Times kept as they were converted: the deliveries of an event are all due at one time."""

_log = telemetry.logger("ledger")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

RowValues = dict[str, object]


class Ledger:
    """The ledger in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire_lease(self, holder: str, now: datetime) -> bool:
        """Acquire or renew the lease; return False while another process holds it."""
        has_expired = PUBLISHER.c.lease_until_ms < millis(now)
        return await self._update_lease(
            holder, now, or_(PUBLISHER.c.lease_by == holder, has_expired)
        )

    async def renew_lease(self, holder: str, now: datetime) -> bool:
        """Renew the lease; return False if another process has held it since.

        Then what ``holder`` read of the ledger may be out of date, even if the lease is free now.
        """
        return await self._update_lease(holder, now, PUBLISHER.c.lease_by == holder)

    async def lease_holder(self) -> str:
        """Return the last holder of the lease; empty if there never was one."""
        async with self._database.read() as connection:
            return str((await connection.execute(select(PUBLISHER.c.lease_by))).scalar_one())

    async def release_lease(self, holder: str) -> None:
        """End the lease, so that another process can acquire it at once."""
        statement = update(PUBLISHER).where(PUBLISHER.c.lease_by == holder).values(lease_until_ms=0)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def end_cursor(self) -> LedgerCursor:
        """Return the cursor after everything recorded so far."""
        async with self._database.read() as connection:
            return await end_cursor(connection)

    async def entries(self) -> Mapping[PostId, LedgerEntry]:
        """Return the entry of every post that was ever announced."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(LEDGER))).all()
        return await asyncio.to_thread(
            lambda: {entry.row.post_id: entry for entry in _readable_entries(rows)}
        )

    async def live_posts_by_source(self) -> dict[str, int]:
        """Return how many posts of each source were announced and not removed since."""
        query = (
            select(LEDGER.c.source, func.count())
            .where(LEDGER.c.live.is_(true()))
            .group_by(LEDGER.c.source)
        )
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def removed(self, since: datetime) -> tuple[LedgerEntry, ...]:
        """Return the posts removed since a time, the latest first."""
        query = (
            select(LEDGER)
            .where(LEDGER.c.live.is_(false()), LEDGER.c.recorded_ms >= millis(since))
            .order_by(LEDGER.c.recorded_ms.desc(), LEDGER.c.post_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return await asyncio.to_thread(lambda: tuple(_readable_entries(rows)))

    async def record(self, holder: str, entries: Iterable[LedgerEntry], now: datetime) -> int:
        """Write ``entries`` in one transaction, without events; return their generation.

        Raises `StorageError`, and writes nothing, if ``holder`` has lost the lease.
        """
        async with self._database.write() as connection:
            await check_lease(connection, holder, now)
            return (await record_entries(connection, entries)).generation

    async def record_silently(self, holder: str, rows: Iterable[LedgerRow], now: datetime) -> None:
        """Update rows of posts that changed without an event, such as a moved file.

        The rows keep their generation, so `entries_after` does not return them again.
        """
        changes = await asyncio.to_thread(lambda: [_silent_values(row) for row in rows])
        statement = update(LEDGER).where(LEDGER.c.post_id == bindparam("of"))
        statement = statement.values({name: bindparam(name) for name in _SILENT_COLUMNS})
        async with self._database.write() as connection:
            await check_lease(connection, holder, now)
            for batch in _batches(changes):
                await connection.execute(statement, batch)

    async def entries_after(
        self, cursor: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return a cursor and up to ``limit`` entries recorded after it, in order.

        Without a cursor it is the start of the ledger. Raises `Gone` if ``cursor`` belongs to
        another ledger.
        """
        async with self._database.read() as connection:
            end = await end_cursor(connection)
            start = cursor or end.start()
            start.validate(end)
            key = tuple_(LEDGER.c.generation, LEDGER.c.post_id)
            query = (
                select(LEDGER)
                .where(key > (start.generation, start.post_id))
                .order_by(LEDGER.c.generation, LEDGER.c.post_id)
                .limit(limit)
            )
            rows = await connection.execute(query)
            return start, tuple(_readable_entries(rows))

    async def _update_lease(
        self, holder: str, now: datetime, condition: ColumnElement[bool]
    ) -> bool:
        statement = (
            update(PUBLISHER)
            .where(condition)
            .values(lease_by=holder, lease_until_ms=millis(now + PUBLISHER_LEASE))
        )
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1


async def record_entries(
    connection: AsyncConnection, entries: Iterable[LedgerEntry]
) -> LedgerCursor:
    """Write ``entries`` as the next generation of the ledger; return the cursor at its start."""
    new_rows = await asyncio.to_thread(lambda: [_entry_values(entry) for entry in entries])
    end = await end_cursor(connection)
    generation = await increment_generation(connection)
    for batch in _batches(new_rows):
        await _replace_rows(connection, [values | {"generation": generation} for values in batch])
    return replace(end, generation=generation)


async def read_entries(
    connection: AsyncConnection, since: datetime | None = None
) -> tuple[LedgerEntry, ...]:
    """Return the entries recorded since a time, or all, in the order of the ledger."""
    query = select(LEDGER).order_by(LEDGER.c.generation, LEDGER.c.post_id)
    if since is not None:
        query = query.where(LEDGER.c.recorded_ms >= millis(since))
    rows = (await connection.execute(query)).all()
    return await asyncio.to_thread(lambda: tuple(_readable_entries(rows)))


async def increment_generation(connection: AsyncConnection) -> int:
    """Begin the next generation of the ledger, and return its number."""
    statement = update(PUBLISHER).values(generation=PUBLISHER.c.generation + 1)
    result = await connection.execute(statement.returning(PUBLISHER.c.generation))
    return int(result.scalar_one())


async def check_lease(connection: AsyncConnection, holder: str, now: datetime) -> None:
    """Check that ``holder`` has the lease, and lock it until the transaction ends.

    Raises `StorageError` if the lease is lost.
    """
    query = (
        select(PUBLISHER)
        .where(PUBLISHER.c.lease_by == holder, PUBLISHER.c.lease_until_ms >= millis(now))
        .with_for_update()
    )
    if (await connection.execute(query)).first() is None:
        raise StorageError(
            f"publisher {holder} has lost its lease to another process",
            code="lease-lost",
            hint="Nothing is lost; the other process continues.",
        )


async def end_cursor(connection: AsyncConnection) -> LedgerCursor:
    """Return the cursor after everything recorded so far."""
    row = (await connection.execute(select(PUBLISHER))).one()
    return LedgerCursor(ledger_id=row.ledger_id, generation=row.generation + 1, post_id=PostId(""))


async def _replace_rows(connection: AsyncConnection, rows: list[RowValues]) -> None:
    statement = LEDGER.delete().where(LEDGER.c.post_id == bindparam("of"))
    await connection.execute(statement, [{"of": row["post_id"]} for row in rows])
    await connection.execute(insert(LEDGER), rows)


def _batches(rows: Sequence[RowValues]) -> Iterator[Sequence[RowValues]]:
    return (
        rows[start : start + _ROWS_PER_STATEMENT]
        for start in range(0, len(rows), _ROWS_PER_STATEMENT)
    )


_SILENT_COLUMNS: Final = (
    "source",
    "path",
    "blob",
    "url",
    "categories",
    "carousel",
    "language",
    "published_ms",
    "updated_ms",
    "digests",
)


def _row_values(row: LedgerRow) -> RowValues:
    return {
        "post_id": row.post_id,
        "source": row.source,
        "path": _escape_path(row.path),
        "blob": row.blob,
        "url": row.url,
        "live": row.is_live,
        "categories": json.dumps([[category.slug, category.title] for category in row.categories]),
        "carousel": row.carousel,
        "language": row.language,
        "published_ms": millis(row.published),
        "updated_ms": millis(row.updated),
        "digests": row.digests,
    }


def _silent_values(row: LedgerRow) -> RowValues:
    values = {name: value for name, value in _row_values(row).items() if name in _SILENT_COLUMNS}
    return {"of": row.post_id, **values}


def _entry_values(entry: LedgerEntry) -> RowValues:
    return {
        **_row_values(entry.row),
        "recorded_ms": millis(entry.noticed_at),
        "reason": entry.reason or "",
        "commit_id": entry.commit,
    }


def _readable_entries(rows: Iterable[Row[tuple[object, ...]]]) -> Iterator[LedgerEntry]:
    """Yield the entries of rows, without those that cannot be read.

    The post of such a row counts as never announced: it is announced as new, which replaces the
    row.
    """
    for row in rows:
        try:
            yield _entry_from_row(row)
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            _log.error("ledger row unreadable", post=str(row[0]), reason=str(error))


def _entry_from_row(row: Row[tuple[object, ...]]) -> LedgerEntry:
    column = row._mapping  # noqa: SLF001 — SQLAlchemy's name for columns by name
    categories = json.loads(column["categories"])
    if not isinstance(column["generation"], int):
        raise ValueError("generation is not a number")  # noqa: TRY004 — one error type for all columns
    return LedgerEntry(
        row=LedgerRow(
            post_id=PostId(column["post_id"]),
            generation=column["generation"],
            source=column["source"],
            path=_unescape_path(column["path"]),
            blob=BlobId(column["blob"]),
            url=column["url"],
            is_live=bool(column["live"]),
            categories=tuple(Category(slug=slug, title=title) for slug, title in categories),
            carousel=bool(column["carousel"]),
            language=column["language"],
            published=from_millis(column["published_ms"]),
            updated=from_millis(column["updated_ms"]),
            digests=column["digests"],
        ),
        reason=column["reason"] or None,
        noticed_at=from_millis(column["recorded_ms"]),
        commit=CommitId(column["commit_id"]),
    )


def _escape_path(path: Path) -> str:
    """Return ``path`` as text for any database, with bytes that are not UTF-8 as ``%XX``."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/ ")


def _unescape_path(text: str) -> Path:
    return Path(unquote_to_bytes(text).decode("utf-8", "surrogateescape"))


def millis(instant: datetime) -> int:
    """Return a time as whole milliseconds since 1970, rounded down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(_CACHED_TIMES)
def from_millis(value: int) -> datetime:
    """Return the time of a number of milliseconds since 1970, in UTC."""
    return _EPOCH + timedelta(milliseconds=value)
