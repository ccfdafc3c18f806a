"""Opening, upgrading and refusing databases; transactions are all or nothing."""

import asyncio
import pathlib
import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, select

from syndicate.errors import StorageError
from syndicate.storage.database import Database, configure_sqlite, parse_database_url
from syndicate.storage.schema import METADATA, REVISION, TOKEN
from tests.databases import create_sqlite_database, open_database
from tests.metric_samples import metric_value


def test_sqlite_connection_commits_durably_and_waits_for_locks(tmp_path: pathlib.Path) -> None:
    """Its transactions begin as configured: here they lock the file for writing at once."""
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


async def test_time_of_each_transaction_is_measured(address: str) -> None:
    """Of those that write, and of those that read."""
    names = [f'syndicate_database_seconds_count{{kind="{kind}"}}' for kind in ("read", "write")]
    async with open_database(address) as database:
        before = [metric_value(name) for name in names]
        async with database.write():
            pass
        async with database.read():
            pass
        assert [metric_value(name) for name in names] == [count + 1 for count in before]


async def test_sqlite_file_is_created_and_upgraded(tmp_path: pathlib.Path) -> None:
    """With its folder; commits survive a loss of power."""
    address = f"sqlite:///{tmp_path / 'new' / 'syndicate.db'}"

    database = await Database.open(address)
    async with database.write() as connection:
        modes = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous")
        ]
    assert modes == ["wal", 2]
    assert database.is_sqlite
    await database.close()


async def test_postgresql_of_an_older_revision_is_refused_with_a_hint(postgresql: str) -> None:
    """Starting the service does not change the database."""
    with pytest.raises(StorageError) as refused:
        await Database.open(postgresql)
    assert refused.value.code == "database-behind"
    assert "syndicate db upgrade" in refused.value.hint


async def test_migrations_create_the_tables_of_the_schema(empty_address: str) -> None:
    """Neither has anything that the other lacks."""

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    await Database.upgrade_at(empty_address)
    async with open_database(empty_address) as database, database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_schema_names_the_latest_revision(empty_address: str) -> None:
    """An upgrade leads to that revision."""
    assert await Database.upgrade_at(empty_address) == REVISION


@pytest.mark.slow
def test_alembic_is_imported_only_for_an_upgrade(
    tmp_path: pathlib.Path,
) -> None:
    """It takes 11 MB; the PostgreSQL driver is not imported for a file either."""
    code = (
        "import asyncio, sys\n"
        "from syndicate.storage.channels import listen\n"
        "from syndicate.storage.database import Database\n"
        "async def do():\n"
        f"    database = await Database.open('sqlite:///{tmp_path / 'syndicate.db'}')\n"
        "    listening = asyncio.create_task(listen(database, print))\n"
        "    await asyncio.sleep(0)\n"
        "    listening.cancel()\n"
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


async def test_upgrade_of_the_latest_revision_changes_nothing(address: str) -> None:
    """Two processes may do it at once."""
    async with open_database(address) as database:
        before = await database.revision()
        assert await Database.upgrade_at(address) == before
        await asyncio.gather(database.upgrade(), database.upgrade())


async def test_failed_transaction_leaves_nothing(address: str) -> None:
    """What was written before the failure is rolled back."""

    async def half(database: Database) -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE publisher SET generation = 7")
            await connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    async with open_database(address) as database:
        with pytest.raises(StorageError):
            await half(database)
        async with database.read() as connection:
            found = await connection.exec_driver_sql("SELECT generation FROM publisher")
            assert found.scalar() == 0


@pytest.mark.slow
@pytest.mark.parametrize("cancels", [1, 3])
async def test_cancelled_transaction_leaves_no_lock(address: str, cancels: int) -> None:
    """Cancelled at any step, more than once; others can write, and all connections are closed."""

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

    create_sqlite_database(address)
    steps = 0
    while await cancelled_after(steps):
        steps += 1
        async with asyncio.timeout(20):
            await write()


@pytest.mark.parametrize(
    "address",
    ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////dev/null/folder/file.db"],
)
async def test_unavailable_database_is_an_error(address: str) -> None:
    """It names the database and says that feeds go on."""
    with pytest.raises(StorageError, match="database ") as refused:
        await Database.open(address)
    assert "Feeds go on" in refused.value.hint


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "mysql://host/name",
        "postgresql://host:port/name",
        "postgresql://[::1/name",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///folder\0file",
        "sqlite:///\udc80",
    ],
)
def test_malformed_url_is_an_error(address: str) -> None:
    """It says what a URL looks like."""
    with pytest.raises(StorageError, match="expected sqlite:///FILE or postgresql://"):
        parse_database_url(address)


@pytest.mark.parametrize("port", ["1", "port"])
async def test_error_hides_the_password(port: str) -> None:
    """Errors may be read by many; also that of a malformed URL."""
    with pytest.raises(StorageError) as refused:
        await Database.open(f"postgresql://user:geheim@127.0.0.1:{port}/none")
    error: BaseException | None = refused.value
    while error is not None:
        assert "geheim" not in str(error)
        error = error.__cause__ or error.__context__


async def test_read_transaction_sees_one_state(address: str) -> None:
    """Whatever is written meanwhile."""
    count = select(func.count()).select_from(TOKEN)

    async with open_database(address) as database:
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


async def test_reading_waits_for_no_writer_of_sqlite(tmp_path: pathlib.Path) -> None:
    """Nor does opening a connection to read, and it changes nothing."""
    database = await Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    log = tmp_path / "a.db-wal"

    async def read() -> None:
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT * FROM publisher")
            await asyncio.sleep(0.1)  # so that each takes a connection of its own

    before = log.stat().st_mtime_ns
    async with asyncio.timeout(4), database.write() as connection:
        await asyncio.gather(*(read() for _ in range(6)))
        assert log.stat().st_mtime_ns == before
        await connection.exec_driver_sql("CREATE TABLE a (b)")
    await database.close()
