"""Channels of PostgreSQL, by which processes notify each other at once; SQLite has none."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.storage.database import Database

OUTBOX: Final = "syndicate_outbox"
"""Notifies workers of new deliveries."""

REFRESH: Final = "syndicate_refresh"
"""Notifies the other processes of a request to refresh a source."""

RETRY_SECONDS: Final = 5.0
_FILE_SECONDS: Final = 1.0
_TICK_NS: Final = 50_000_000
_KEEPALIVES: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A server that vanished without a word is noticed after a minute, not after two hours."""


async def notify(connection: AsyncConnection, channel: str, payload: str) -> None:
    """Send ``payload`` to all who listen, once the transaction is committed."""
    statement = text("SELECT pg_notify(:channel, :payload)")
    await connection.execute(statement, {"channel": channel, "payload": payload})


async def notify_workers(connection: AsyncConnection) -> None:
    """Notify the workers on PostgreSQL once the transaction is committed."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"NOTIFY {OUTBOX}")


async def notifications(
    database: Database, channel: str, *, retry_seconds: float = RETRY_SECONDS
) -> AsyncGenerator[str | None, None]:
    """Yield the payload of each notification, without an end.

    None after each connect: until then a notification may have been missed.
    """
    psycopg = database.postgresql_driver
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                database.conninfo, autocommit=True, **_KEEPALIVES
            )
            async with connection:
                await connection.execute(f"LISTEN {channel}".encode())
                yield None
                async for notification in connection.notifies():
                    yield notification.payload
        except psycopg.Error:
            await asyncio.sleep(retry_seconds)


async def listen(
    database: Database, on_notify: Callable[[], None], *, retry_seconds: float = RETRY_SECONDS
) -> None:
    """Call ``on_notify`` for every notification of new deliveries, until cancelled.

    Also after each reconnect, since a notification may have been missed. With SQLite, it is called
    within a second after any process has written to the database.
    """
    if database.is_sqlite:
        await _watch_file(database.file, on_notify)
    async with aclosing(notifications(database, OUTBOX, retry_seconds=retry_seconds)) as received:
        async for _ in received:
            on_notify()


async def _watch_file(file: Path, on_change: Callable[[], None]) -> NoReturn:
    """Look at the write-ahead log, which every transaction changes: no query is needed.

    No file is opened: closing it would end locks of SQLite (https://www.sqlite.org/howtocorrupt.html
    section 2.2).
    """
    file = Path(os.path.realpath(file))  # noqa: ASYNC240 — once; SQLite follows links, too
    log = file.with_name(f"{file.name}-wal")
    before = _state(log)
    while True:
        await asyncio.sleep(_FILE_SECONDS)
        if before != (before := _state(log)):
            on_change()


def _state(log: Path) -> tuple[int, int, bool] | None:
    """Return what changes when ``log`` is written to.

    Another write in the same tick of the file system's clock leaves size and time as they are, so
    a state right after a write differs from the same one later.
    """
    try:
        found = log.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, time.time_ns() - found.st_mtime_ns < _TICK_NS
