"""Opening, upgrading and refusing databases; transactions that hold or leave nothing."""

import asyncio
import pathlib
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, select

from syndicate.errors import StorageError
from syndicate.storage.database import Database, configure_sqlite
from syndicate.storage.schema import METADATA, REVISION, TOKEN
from tests.databases import create_sqlite_database

Work = Callable[[Database], Awaitable[None]]


def within(address: str, work: Work) -> None:
    """Do ``work`` in the migrated database at ``address``."""

    async def do() -> None:
        create_sqlite_database(address)
        database = await Database.open(address)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(do())


def test_a_sqlite_connection_commits_for_good_and_waits(tmp_path: pathlib.Path) -> None:
    """Its transactions begin as told: here they take the file for writing at once."""
    engine = create_engine(f"sqlite:///{tmp_path / 'syndicate.db'}")
    configure_sqlite(engine, "BEGIN IMMEDIATE")
    with engine.begin() as connection:
        modes = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
        assert modes == ["wal", 2, 30_000]
        other = sqlite3.connect(tmp_path / "syndicate.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    engine.dispose()


def test_a_sqlite_file_is_made_and_upgraded_by_itself(tmp_path: pathlib.Path) -> None:
    """Its folder, too; it survives a loss of power."""
    address = f"sqlite:///{tmp_path / 'new' / 'syndicate.db'}"

    async def do() -> None:
        database = await Database.open(address)
        async with database.write() as connection:
            modes = [
                (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous")
            ]
        assert modes == ["wal", 2]
        assert database.is_sqlite
        await database.close()

    asyncio.run(do())


def test_a_postgresql_that_is_behind_is_refused_with_what_to_type(postgresql: str) -> None:
    """Nobody's database is changed by a mere start."""
    with pytest.raises(StorageError) as refused:
        asyncio.run(Database.open(postgresql))
    assert refused.value.code == "database-behind"
    assert "syndicate db upgrade" in refused.value.hint


def test_the_migrations_make_the_tables_of_the_schema(empty_address: str) -> None:
    """Nothing is in one and not in the other."""

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    async def compare(database: Database) -> None:
        async with database.read() as connection:
            assert await connection.run_sync(differences) == []

    asyncio.run(Database.upgrade_at(empty_address))
    within(empty_address, compare)


def test_the_schema_is_that_of_the_newest_migration(empty_address: str) -> None:
    """An upgrade leads to the revision that it calls its own."""
    assert asyncio.run(Database.upgrade_at(empty_address)) == REVISION


def test_a_start_imports_what_upgrades_only_where_there_is_something_to_upgrade(
    tmp_path: pathlib.Path,
) -> None:
    """Alembic and what it needs take 11 MB; nor is PostgreSQL's driver needed for a file."""
    code = (
        "import asyncio, sys\n"
        "from syndicate.storage.pg_notifications import listen\n"
        "from syndicate.storage.database import Database\n"
        "async def do():\n"
        f"    database = await Database.open('sqlite:///{tmp_path / 'syndicate.db'}')\n"
        "    await listen(database, print)\n"
        "    await database.close()\n"
        "asyncio.run(do())\n"
        "print(sorted({'alembic', 'psycopg'} & set(sys.modules)))\n"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert found == ["['alembic']", "[]"]


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(address: str) -> None:
    """Two processes may do it at once."""

    async def again(database: Database) -> None:
        before = await database.revision()
        assert await Database.upgrade_at(address) == before
        await asyncio.gather(database.upgrade(), database.upgrade())

    within(address, again)


def test_a_transaction_that_fails_leaves_nothing(address: str) -> None:
    """What was written before the failure is not there."""

    async def half(database: Database) -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE publisher SET generation = 7")
            await connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    async def fail(database: Database) -> None:
        with pytest.raises(StorageError):
            await half(database)
        async with database.read() as connection:
            found = await connection.exec_driver_sql("SELECT generation FROM publisher")
            assert found.scalar() == 0

    within(address, fail)


@pytest.mark.parametrize("cancels", [1, 3])
def test_whoever_is_cancelled_leaves_no_lock(address: str, cancels: int) -> None:
    """At any step from opening on, more than once, too; others can write, and all is closed."""

    async def write() -> None:
        database = await Database.open(address)
        try:
            async with database.write() as connection:
                await connection.exec_driver_sql(
                    "UPDATE publisher SET generation = generation + 1 RETURNING generation"
                )
        finally:
            await database.close()

    async def cancelled_after(steps: int) -> bool:
        writing = asyncio.create_task(write())
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        for _ in range(cancels):
            writing.cancel()
            await asyncio.sleep(0)
        await asyncio.wait({writing})
        return writing.cancelled()

    async def do() -> None:
        create_sqlite_database(address)
        steps = 0
        while await cancelled_after(steps):
            steps += 1
            async with asyncio.timeout(20):
                await write()

    asyncio.run(do())


@pytest.mark.parametrize(
    "address",
    ["nonsense", "postgresql://nobody@127.0.0.1:1/none", "sqlite:////dev/null/folder/file.db"],
)
def test_a_database_that_cannot_be_had_is_an_error(address: str) -> None:
    """It names the address and says that feeds go on."""
    with pytest.raises(StorageError, match="database ") as refused:
        asyncio.run(Database.open(address))
    assert "Feeds go on" in refused.value.hint


def test_no_password_is_shown() -> None:
    """Errors may be read by many."""
    with pytest.raises(StorageError) as refused:
        asyncio.run(Database.open("postgresql://user:geheim@127.0.0.1:1/none"))
    assert "geheim" not in refused.value.message


def test_who_reads_sees_one_state_throughout(address: str) -> None:
    """Whatever is written meanwhile, what is asked first and what is asked next fit together."""
    count = select(func.count()).select_from(TOKEN)

    async def work(database: Database) -> None:
        async with database.read() as reading:
            before = (await reading.execute(count)).scalar()
            async with database.write() as writing:
                await writing.exec_driver_sql(
                    "INSERT INTO token (id, digest, role, name, created_ms) "
                    "VALUES ('one', 'd', 'admin', 'n', 0)"
                )
            assert (await reading.execute(count)).scalar() == before == 0
        async with database.read() as reading:
            assert (await reading.execute(count)).scalar() == 1

    within(address, work)
