"""The stored ledger: what the world was last told of each post, and who may tell it more."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    false,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.category import Category
from syndicate.model.change import Told
from syndicate.model.ledger import LedgerRow
from syndicate.model.position import Position
from syndicate.model.post import BlobId, CommitId, Path, PostId
from syndicate.storage.database import Database
from syndicate.storage.schema import LEDGER, PUBLISHER

LEASE: Final = timedelta(seconds=30)
"""How long a publisher may tell without renewing its lease."""

_AT_ONCE: Final = 100
"""Rows of a statement: whoever is served by the same thread waits some milliseconds for it."""

_MOMENTS: Final = 1_024
"""How many times are remembered as they were read: deliveries of an event are due at the same."""

_log = telemetry.logger("ledger")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Values = dict[str, object]


Also = Callable[[AsyncConnection, int], Awaitable[None]]
"""What else is to be written in a transaction that tells, given its connection and generation."""


async def _nothing(_: AsyncConnection, __: int) -> None:
    return


class Ledger:
    """The ledger in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lease(self, by: str, now: datetime) -> bool:
        """Take the right to tell, or keep it, for `LEASE`; False while somebody else has it."""
        ended = PUBLISHER.c.lease_until_ms < millis(now)
        return await self._lease(by, now, or_(PUBLISHER.c.lease_by == by, ended))

    async def renew(self, by: str, now: datetime) -> bool:
        """Keep the right to tell for `LEASE`; False if somebody else has had it since.

        Then what ``by`` knows of the ledger may be out of date, though nobody has the right now.
        """
        return await self._lease(by, now, PUBLISHER.c.lease_by == by)

    async def holder(self) -> str:
        """Return who had the right to tell last; empty if nobody ever had."""
        async with self._database.read() as connection:
            return str((await connection.execute(select(PUBLISHER.c.lease_by))).scalar_one())

    async def release(self, by: str) -> None:
        """Give the right to tell back, for somebody else to take at once."""
        giving = update(PUBLISHER).where(PUBLISHER.c.lease_by == by).values(lease_until_ms=0)
        async with self._database.write() as connection:
            await connection.execute(giving)

    async def head(self) -> Position:
        """Return the position after everything that was told."""
        async with self._database.read() as connection:
            return await _head(connection)

    async def told(self) -> Mapping[PostId, Told]:
        """Return what was last told of every post there ever was."""
        async with self._database.read() as connection:
            found = (await connection.execute(select(LEDGER))).all()
        return await asyncio.to_thread(lambda: {one.row.post: one for one in _readable(found)})

    async def removed(self, since: datetime) -> tuple[Told, ...]:
        """Return what was told to be gone since then, the latest first."""
        asked = (
            select(LEDGER)
            .where(LEDGER.c.live.is_(false()), LEDGER.c.recorded_ms >= millis(since))
            .order_by(LEDGER.c.recorded_ms.desc(), LEDGER.c.post_id)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).all()
        return await asyncio.to_thread(lambda: tuple(_readable(found)))

    async def tell(
        self, by: str, told: Iterable[Told], now: datetime, *, also: Also = _nothing
    ) -> int:
        """Write what is told in one transaction, and return its generation, which all rows get.

        What ``also`` writes is there if the rows are. Raises `StorageError`, and writes nothing,
        if ``by`` has lost the right to tell.
        """
        fresh = await asyncio.to_thread(lambda: [_told_values(one) for one in told])
        async with self._database.write() as connection:
            await fence(connection, by, now)
            generation = await next_generation(connection)
            for some in _portions(fresh):
                await _replace(connection, [values | {"generation": generation} for values in some])
            await also(connection, generation)
            return generation

    async def note(self, by: str, rows: Iterable[LedgerRow], now: datetime) -> None:
        """Note what changed without anything to tell, such as a moved file.

        The rows keep their generation: nobody who follows the ledger sees them move.
        """
        changes = await asyncio.to_thread(lambda: [_noted_values(row) for row in rows])
        noting = update(LEDGER).where(LEDGER.c.post_id == bindparam("of"))
        noting = noting.values({name: bindparam(name) for name in _NOTED})
        async with self._database.write() as connection:
            await fence(connection, by, now)
            for some in _portions(changes):
                await connection.execute(noting, some)

    async def moved(self, after: Position | None, limit: int) -> tuple[Position, tuple[Told, ...]]:
        """Return a position, and up to ``limit`` rows told after it, in the order of telling.

        It is ``after``, else where somebody begins who has nothing. Raises `Gone` if ``after`` is
        no position in this ledger.
        """
        async with self._database.read() as connection:
            head = await _head(connection)
            start = after or head.beginning()
            start.check(head)
            place = tuple_(LEDGER.c.generation, LEDGER.c.post_id)
            asked = (
                select(LEDGER)
                .where(place > (start.generation, start.post))
                .order_by(LEDGER.c.generation, LEDGER.c.post_id)
                .limit(limit)
            )
            found = await connection.execute(asked)
            return start, tuple(_readable(found))

    async def _lease(self, by: str, now: datetime, free: ColumnElement[bool]) -> bool:
        leasing = (
            update(PUBLISHER).where(free).values(lease_by=by, lease_until_ms=millis(now + LEASE))
        )
        async with self._database.write() as connection:
            return (await connection.execute(leasing)).rowcount == 1


async def rows(
    connection: AsyncConnection, since: datetime | None = None
) -> tuple[Position, tuple[Told, ...]]:
    """Return the position after everything, and the rows told since a time, in that order."""
    head = await _head(connection)
    asked = select(LEDGER).order_by(LEDGER.c.generation, LEDGER.c.post_id)
    if since is not None:
        asked = asked.where(LEDGER.c.recorded_ms >= millis(since))
    found = (await connection.execute(asked)).all()
    return head, await asyncio.to_thread(lambda: tuple(_readable(found)))


async def generation(connection: AsyncConnection) -> int:
    """Return how often something was told."""
    return (await _head(connection)).generation - 1


async def next_generation(connection: AsyncConnection) -> int:
    """Let the ledger rise by one generation, and return that."""
    rising = update(PUBLISHER).values(generation=PUBLISHER.c.generation + 1)
    answer = await connection.execute(rising.returning(PUBLISHER.c.generation))
    return int(answer.scalar_one())


async def fence(connection: AsyncConnection, by: str, now: datetime) -> None:
    """Check that ``by`` may tell, and keep anybody else from it until the transaction ends.

    Raises `StorageError` if it has lost the right.
    """
    asked = (
        select(PUBLISHER)
        .where(PUBLISHER.c.lease_by == by, PUBLISHER.c.lease_until_ms >= millis(now))
        .with_for_update()
    )
    if (await connection.execute(asked)).first() is None:
        raise StorageError(
            f"publisher {by} has lost its lease: another process tells now",
            code="lease-lost",
            hint="Nothing is lost; the other process goes on.",
        )


async def _head(connection: AsyncConnection) -> Position:
    found = (await connection.execute(select(PUBLISHER))).one()
    return Position(ledger=found.ledger_id, generation=found.generation + 1, post=PostId(""))


async def _replace(connection: AsyncConnection, rows: list[Values]) -> None:
    gone = LEDGER.delete().where(LEDGER.c.post_id == bindparam("of"))
    await connection.execute(gone, [{"of": row["post_id"]} for row in rows])
    await connection.execute(insert(LEDGER), rows)


def _portions(rows: Sequence[Values]) -> Iterator[Sequence[Values]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


_NOTED: Final = (
    "source",
    "path",
    "blob",
    "url",
    "categories",
    "carousel",
    "language",
    "published_ms",
    "updated_ms",
)


def _values(row: LedgerRow) -> Values:
    return {
        "post_id": row.post,
        "source": row.source,
        "path": _escaped(row.path),
        "blob": row.blob,
        "url": row.url,
        "live": row.live,
        "categories": json.dumps([[one.slug, one.title] for one in row.categories]),
        "carousel": row.carousel,
        "language": row.language,
        "published_ms": millis(row.published),
        "updated_ms": millis(row.updated),
    }


def _noted_values(row: LedgerRow) -> Values:
    noted = {name: value for name, value in _values(row).items() if name in _NOTED}
    return {"of": row.post, **noted}


def _told_values(told: Told) -> Values:
    return {
        **_values(told.row),
        "recorded_ms": millis(told.at),
        "reason": told.reason or "",
        "commit_id": told.commit,
    }


def _readable(rows: Iterable[Row[tuple[object, ...]]]) -> Iterator[Told]:
    """Return what the rows hold, without those that cannot be read.

    A post of such a row counts as one that nobody was told of: it is announced anew, which
    replaces the row. No other post waits for it.
    """
    for row in rows:
        try:
            yield _told(row)
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            _log.error("ledger row unreadable", post=str(row[0]), reason=str(error))


def _told(found: Row[tuple[object, ...]]) -> Told:
    column = found._mapping  # noqa: SLF001 — SQLAlchemy's name for columns by name
    categories = json.loads(column["categories"])
    if not isinstance(column["generation"], int):
        raise ValueError("generation is not a number")  # noqa: TRY004 — one kind for all columns
    return Told(
        row=LedgerRow(
            post=PostId(column["post_id"]),
            generation=column["generation"],
            source=column["source"],
            path=_unescaped(column["path"]),
            blob=BlobId(column["blob"]),
            url=column["url"],
            live=bool(column["live"]),
            categories=tuple(Category(slug=slug, title=title) for slug, title in categories),
            carousel=bool(column["carousel"]),
            language=column["language"],
            published=moment(column["published_ms"]),
            updated=moment(column["updated_ms"]),
        ),
        reason=column["reason"] or None,
        at=moment(column["recorded_ms"]),
        commit=CommitId(column["commit_id"]),
    )


def _escaped(path: Path) -> str:
    """Return ``path`` as text that any database takes: other bytes than UTF-8 as ``%XX``."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/ ")


def _unescaped(text: str) -> Path:
    return Path(unquote_to_bytes(text).decode("utf-8", "surrogateescape"))


def millis(moment: datetime) -> int:
    """Return a time as whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(_MOMENTS)
def moment(millis: int) -> datetime:
    """Return the time that `millis` made a number of, in UTC."""
    return _EPOCH + timedelta(milliseconds=millis)
