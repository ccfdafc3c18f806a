"""The SQLite file gives space back."""

import asyncio
import pathlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest
from sqlalchemy import text

from syndicate.errors import StorageError
from syndicate.storage.database import Database
from syndicate.storage.free_space import KEPT_FREE_PAGES, release_free_pages

pytestmark = pytest.mark.anyio

ROWS = 4_000
ROW_BYTES = 4_000


def create_without_incremental_vacuum(file: pathlib.Path) -> None:
    """Create a file as versions before incremental vacuum did."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE old (id INTEGER)")


@asynccontextmanager
async def open_with_free_pages(file: pathlib.Path, deleted: int) -> AsyncIterator[Database]:
    """Open a database of `ROWS` rows, of which the first ``deleted`` are deleted again."""
    database = await Database.open(f"sqlite:///{file}")
    try:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE filler (id INTEGER, value BLOB)"))
            await connection.execute(
                text("INSERT INTO filler VALUES (:id, zeroblob(:bytes))"),
                [{"id": number, "bytes": ROW_BYTES} for number in range(ROWS)],
            )
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM filler WHERE id < :n"), {"n": deleted})
        yield database
    finally:
        await database.close()


async def ids(database: Database) -> list[int]:
    """Return the rows that are left."""
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT id FROM filler ORDER BY id"))
        return list(rows.scalars())


async def test_file_shrinks_while_others_read_and_write(tmp_path: pathlib.Path) -> None:
    """What was written meanwhile is there."""
    file = tmp_path / "syndicate.db"
    async with open_with_free_pages(file, deleted=3_000) as database:
        release = asyncio.create_task(release_free_pages(database))
        expected = list(range(3_000, ROWS))
        while not release.done():
            async with database.write() as connection:
                statement = text("INSERT INTO filler VALUES (:id, 'new')")
                await connection.execute(statement, {"id": ROWS + len(expected)})
            expected.append(ROWS + len(expected))
            assert await ids(database) == expected
        assert await release >= 3_000 - KEPT_FREE_PAGES
        assert await release_free_pages(database) == 0
        assert await ids(database) == expected
    left = ROWS - 3_000 + KEPT_FREE_PAGES
    assert file.stat().st_size < 4096 * left * 1.2
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_file_of_an_earlier_version_is_not_rewritten(tmp_path: pathlib.Path) -> None:
    """That would take long, and writers would wait."""
    file = tmp_path / "syndicate.db"
    create_without_incremental_vacuum(file)
    async with open_with_free_pages(file, deleted=3_000) as database:
        assert await release_free_pages(database) == 0


async def test_few_free_pages_are_kept_for_new_rows(tmp_path: pathlib.Path) -> None:
    """Nothing is written."""
    file = tmp_path / "syndicate.db"
    async with open_with_free_pages(file, deleted=KEPT_FREE_PAGES // 2) as database:
        assert await release_free_pages(database) == 0


async def test_cancelled_release_leaves_no_lock(tmp_path: pathlib.Path) -> None:
    """The rows are as before."""
    file = tmp_path / "syndicate.db"
    async with open_with_free_pages(file, deleted=3_000) as database:
        release = asyncio.create_task(release_free_pages(database))
        await asyncio.sleep(0)
        release.cancel()
        with pytest.raises(asyncio.CancelledError):
            await release
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM filler WHERE id = 3000"))
        assert await ids(database) == list(range(3_001, ROWS))


async def test_file_that_is_no_database_is_an_error(tmp_path: pathlib.Path) -> None:
    """The message names the database."""
    file = tmp_path / "syndicate.db"
    file.write_bytes(b"no database" * 1_000)
    database = Database.connect(f"sqlite:///{file}")
    with pytest.raises(StorageError, match=f"{file}: free space not returned: file is not"):
        await release_free_pages(database)
    await database.close()


async def test_postgresql_frees_space_by_itself() -> None:
    """By its autovacuum: nothing is sent to it."""
    database = Database.connect("postgresql://nobody@127.0.0.1:1/none")
    assert await release_free_pages(database) == 0
    await database.close()
