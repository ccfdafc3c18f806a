"""Return free pages of an SQLite file to the file system; PostgreSQL does so by itself.

What the retention deletes leaves free pages, which SQLite uses again but otherwise keeps. Files
are created with ``auto_vacuum=INCREMENTAL``, so their pages can be returned a few at a time. To
rewrite a file that was not would keep writers waiting for minutes: the operator decides when.
"""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from typing import Final

from syndicate.errors import StorageError
from syndicate.storage.database import Database

KEPT_FREE_PAGES: Final = 256
"""Free pages that stay for new rows: 1 MB."""

_PAGES_AT_ONCE: Final = 500
"""Pages returned in one transaction, so that others do not wait long."""

_INCREMENTAL: Final = 2
_CHECKPOINT_MS: Final = 1_000
"""How long to wait for readers before the file is truncated; they delay writers meanwhile."""
_BUSY_SECONDS: Final = 30.0


async def release_free_pages(database: Database) -> int:
    """Return free pages to the file system while others use the database; return their number.

    A file that was created without incremental vacuum is left alone. Raises `StorageError`.
    """
    if not database.is_sqlite:
        return 0
    connect = partial(sqlite3.connect, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        with closing(connect(database.file, check_same_thread=False)) as connection:
            return await _release(connection)
    except sqlite3.Error as error:
        raise StorageError(
            f"database {database}: free space not returned: {error}",
            hint="It is tried again in an hour; the pages are used for new rows until then.",
        ) from error


async def _release(connection: sqlite3.Connection) -> int:
    free = _read(connection, "freelist_count")
    if free <= KEPT_FREE_PAGES or _read(connection, "auto_vacuum") != _INCREMENTAL:
        return 0
    await _release_in_steps(connection, free - KEPT_FREE_PAGES)
    connection.execute(f"PRAGMA busy_timeout={_CHECKPOINT_MS}")
    await _run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    return free - _read(connection, "freelist_count")


async def _release_in_steps(connection: sqlite3.Connection, pages: int) -> None:
    for done in range(0, pages, _PAGES_AT_ONCE):
        count = min(_PAGES_AT_ONCE, pages - done)
        await _run(connection, f"PRAGMA incremental_vacuum({count})")


async def _run(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement in a thread; interrupt it if the caller is cancelled.

    ``execute`` ends an incremental vacuum after its first page: only ``executescript`` goes on.
    """
    task = asyncio.ensure_future(asyncio.to_thread(connection.executescript, statement))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        connection.interrupt()
        await asyncio.gather(task, return_exceptions=True)  # before the connection is closed
        raise


def _read(connection: sqlite3.Connection, pragma: str) -> int:
    value: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value
