"""Connections, transactions, and the revision of the database."""

import asyncio
import pathlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, Self, TypeVar

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from typing_extensions import override

from syndicate import private_files, telemetry
from syndicate.errors import StorageError
from syndicate.storage.schema import PRERELEASE_REVISIONS, REVISION

_Result = TypeVar("_Result")

_UPGRADE_LOCK: Final = 5_941_023_377_214_015
"""The key of an advisory lock in PostgreSQL."""
_BUSY_MS: Final = 30_000
_POOL_SIZE: Final = 10
_SERVER_TIME: Final = text("SELECT clock_timestamp()")
_READ_SECONDS: Final = telemetry.database_seconds.labels("read")
_WRITE_SECONDS: Final = telemetry.database_seconds.labels("write")
_POSTGRESQL_OPTIONS: Final = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "options": f"-c statement_timeout={_BUSY_MS}",
}
"""Connection options of libpq: a server that is gone or hangs is an error after seconds."""


class Database:
    """An open database; see `open`.

    On SQLite one connection writes, behind a lock, and others read without waiting for it (WAL);
    commits survive a loss of power (``synchronous=FULL``).
    """

    def __init__(self, url: URL, *, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._url = url
        self._writer = writer
        self._reader = reader
        self._write_lock = asyncio.Lock()

    @classmethod
    async def open(cls, database_url: str) -> Self:
        """Open a database: ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.

        An SQLite file is created and upgraded; a PostgreSQL database of an older revision is
        refused. Raises `StorageError`.
        """
        database = cls.connect(database_url)
        try:
            database.create_file()
            if database.is_sqlite and await database.revision() != REVISION:
                await database.upgrade()
            await database.check()
        except BaseException:
            await database.close()
            raise
        return database

    @classmethod
    async def check_at(cls, database_url: str) -> str:
        """Return the revision of a database, "" if it does not exist yet; change nothing.

        Raises `StorageError` if the database cannot be used as it is.
        """
        database = cls.connect(database_url)
        try:
            if database.is_sqlite and not database.file.exists():
                return ""
            await database.check()
            return await database.revision()
        finally:
            await database.close()

    @classmethod
    async def upgrade_at(cls, database_url: str) -> str:
        """Upgrade the tables of a database, and return their revision."""
        database = cls.connect(database_url)
        try:
            database.create_file()
            await database.upgrade()
            return await database.revision()
        finally:
            await database.close()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file, which only processes of this host can use."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def file(self) -> pathlib.Path:
        """Where an SQLite database is."""
        return pathlib.Path(self._url.database or "")

    def create_file(self) -> None:
        """Create an SQLite file that only this user can read, before SQLite creates it."""
        if self.is_sqlite:
            with _storage_errors(str(self)):
                private_files.make_file(self.file)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes; it commits at the end, all or nothing."""
        lock = self._write_lock if self.is_sqlite else nullcontext()
        with _WRITE_SECONDS.time():
            async with lock, self._transaction(self._writer) as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads, and sees one state of the database throughout."""
        with _READ_SECONDS.time():
            async with self._transaction(self._reader) as connection:
                yield connection

    async def upgrade(self) -> None:
        """Upgrade the tables; processes that do so at the same time wait for each other."""
        # Goal: memory of the service and time of commands; Alembic takes 11 MB and 70 ms, and is
        # needed once after each upgrade of Syndicate.
        from syndicate.storage import migrations  # noqa: PLC0415

        async with self.write() as connection:
            if not self.is_sqlite:
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
            self._refuse_prerelease(await connection.run_sync(_read_revision))
            await connection.run_sync(migrations.upgrade, str(self))

    async def revision(self) -> str:
        """Return the revision of the tables; empty before the first upgrade."""
        async with self.read() as connection:
            return await connection.run_sync(_read_revision)

    async def server_time(
        self, elapsed: Callable[[], timedelta]
    ) -> tuple[timedelta, datetime, timedelta]:
        """Return the time of the PostgreSQL server, and what ``elapsed`` is before and after that.

        Before: once there is a connection, for which this may have waited.
        """
        async with self.read() as connection:
            before = elapsed()
            time: datetime = (await connection.execute(_SERVER_TIME)).scalar_one()
            return before, time, elapsed()

    async def check(self) -> None:
        """Raise `StorageError` unless the tables have the revision that this version needs."""
        revision = await self.revision()
        self._refuse_prerelease(revision)
        if revision != REVISION:
            raise StorageError(
                f"database {self}: its tables are at revision {revision or 'none'}, not {REVISION}",
                code="database-behind",
                hint="Type: syndicate db upgrade",
            )

    def _refuse_prerelease(self, revision: str) -> None:
        if revision not in PRERELEASE_REVISIONS:
            return
        way_out = (
            f"Move the file {self.file} away; the service then creates a new one"
            if self.is_sqlite
            else "Create an empty database, name it in database.url and run: syndicate db upgrade;"
            " the service then starts in it"
        )
        raise StorageError(
            f"database {self}: made by a prerelease of Syndicate (revision {revision}), which this "
            "version cannot upgrade",
            code="database-from-prerelease",
            hint=f"{way_out} from a baseline, without the old subscriptions. Or stay on the "
            "prerelease that made it.",
        )

    async def close(self) -> None:
        """Close every connection."""
        await _uncancellable(self._close())

    async def _close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()

    @property
    def postgresql_driver(self) -> Any:  # noqa: ANN401 — a module that SQLite does not load: 8 MB
        """The module psycopg, as loaded by the engine of a PostgreSQL database."""
        return getattr(self._reader.dialect.loaded_dbapi, "psycopg")  # noqa: B009

    @property
    def conninfo(self) -> str:
        """The connection string of a PostgreSQL database for libpq, with its password."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    @override
    def __str__(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @classmethod
    def connect(cls, database_url: str) -> Self:
        """Return a database without a look at its tables; the URL is as for `open`.

        Connections are made when they are needed. Raises `StorageError` for a URL or a folder that
        cannot be used.
        """
        url = parse_database_url(database_url)
        if url.get_backend_name() != "sqlite":
            engine = create_async_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_size=_POOL_SIZE,
                pool_pre_ping=True,
                connect_args=_POSTGRESQL_OPTIONS,
            )
            reader = engine.execution_options(isolation_level="REPEATABLE READ")
            return cls(url, writer=engine, reader=reader)
        with _storage_errors(database_url):
            file = pathlib.Path(url.database or "")
            private_files.make_folder(file.parent)
            private_files.restrict_database_permissions(file)
        driver_url = url.set(drivername="sqlite+aiosqlite")
        connect_args = {"factory": _Connection}
        writer = create_async_engine(
            driver_url, pool_size=1, max_overflow=0, connect_args=connect_args
        )
        reader = create_async_engine(driver_url, pool_size=_POOL_SIZE, connect_args=connect_args)
        for engine, begin in ((writer, "BEGIN IMMEDIATE"), (reader, "BEGIN")):
            configure_sqlite(engine.sync_engine, begin)
        return cls(url, writer=writer, reader=reader)

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        with _storage_errors(str(self)):
            connection = await _open_connection(engine)
            try:
                async with connection.begin():
                    yield connection
            finally:
                await _uncancellable(connection.close())


async def _open_connection(engine: AsyncEngine) -> AsyncConnection:
    """Return a connection of ``engine``; close it if the caller was cancelled meanwhile."""
    connection = engine.connect()
    try:
        return await _uncancellable(connection.start())
    except asyncio.CancelledError:
        with suppress(SQLAlchemyError):
            await _uncancellable(connection.close())
        raise


async def _uncancellable(coroutine: Coroutine[None, None, _Result]) -> _Result:
    """Await ``coroutine`` to its end even if the caller is cancelled, then raise that.

    A connection that is left half open or half closed would keep its locks.
    """
    task = asyncio.ensure_future(coroutine)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        raise


class _Connection(sqlite3.Connection):
    """A connection that releases its locks when closed.

    A statement whose caller was cancelled before the rows were fetched outlives its connection
    (``sqlite3_close_v2``), and with it the transaction, unless that is rolled back.

    Text that is not UTF-8 is read with replacement characters: one damaged value must not make
    all rows of a result unreadable.
    """

    @override
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.text_factory = partial(str, encoding="utf-8", errors="replace")

    @override
    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):
            self.rollback()
        super().close()


class _Cursor(Protocol):
    """The result of a statement."""

    def fetchone(self) -> object:
        """Return the next row, None without one."""
        ...


class _Driver(Protocol):
    """A connection of the sqlite driver."""

    isolation_level: str | None

    def execute(self, statement: str) -> _Cursor:
        """Run one statement."""
        ...


def configure_sqlite(engine: Engine, begin: str) -> None:
    """Make connections of ``engine`` commit durably and wait for locks.

    New files can return free pages to the file system (`free_space`). Transactions begin with the
    statement ``begin``, not when the driver would begin them.
    """

    def on_connect(driver: _Driver, _: object) -> None:
        driver.isolation_level = None
        driver.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        if driver.execute("PRAGMA page_count").fetchone() == (0,):
            # Of a file with pages, this would be a transaction that writes.
            driver.execute("PRAGMA auto_vacuum=INCREMENTAL")
        driver.execute("PRAGMA journal_mode=WAL")
        driver.execute("PRAGMA synchronous=FULL")

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def is_unavailable(error: Exception) -> bool:
    """Return whether a transaction failed because the database is unavailable.

    It is not if the database or its driver refused the values to be written.
    """
    if not isinstance(error, StorageError):
        return False
    cause = error.__cause__
    is_refused = isinstance(cause, IntegrityError | DataError)
    never_sent = isinstance(cause, StatementError) and not isinstance(cause, DBAPIError)
    return not (is_refused or never_sent)


def parse_database_url(address: str) -> URL:
    """Return the parsed URL of a database; raises `StorageError`, without its password."""
    with suppress(SQLAlchemyError, ValueError):
        address.encode()  # no driver can use lone surrogates
        url = make_url(address)
        kind, name = url.get_backend_name(), url.database or ""
        is_file = kind == "sqlite" and name not in ("", ":memory:") and "\0" not in name
        if is_file or kind == "postgresql":
            return url
    raise StorageError(
        "database URL malformed: expected sqlite:///FILE or"
        " postgresql://USER:PASSWORD@HOST:PORT/NAME",
        hint="Write special characters in the user and the password as %40 and the like.",
    )


@contextmanager
def _storage_errors(database_url: str) -> Iterator[None]:
    """Raise errors of SQLAlchemy and of files as `StorageError`."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise StorageError(
            f"database {database_url}: {cause}",
            hint="Feeds go on without it; see that it runs and that database.url names it.",
        ) from error


def _read_revision(connection: Connection) -> str:
    """Return the revision that Alembic stored; empty if there is none."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return ""
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""
