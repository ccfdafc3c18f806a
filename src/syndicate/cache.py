"""A cache in an SQLite file for values that are slow to compute.

A value is stored in a namespace under a key that contains everything the value depends on, so
nothing has to be invalidated. Several threads and processes may share a file, and each may be
killed at any time. Errors of the cache never reach the caller: a value that cannot be read is
missing, one that cannot be written is dropped, and a file that is damaged or has another layout
is replaced. Every value has a checksum, because a damaged one would be served.
"""

import fcntl
import os
import pathlib
import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Final, TypeVar

from syndicate.private_files import FILE_MODE, make_file, make_folder, restrict_database_permissions
from syndicate.telemetry import logger

Result = TypeVar("Result")

VERSION: Final = 2
"""Version of the file's layout; a file with another one is replaced."""

_LOCK_TIMEOUT_SECONDS: Final = 2.0
"""How long to wait for another process that is writing, before giving up."""

_DAMAGE_CODES: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
)
"""SQLite error codes of a file that is damaged or no SQLite database."""

_MAX_KEYS: Final = 900
"""Keys in one query; every SQLite version takes 999."""

_FULL_READ_DIVISOR: Final = 3
"""Reading a whole namespace is faster than querying a third of its keys or more."""

_log = logger("cache")


class _UnknownLayout(sqlite3.DatabaseError):
    """The file has another layout."""


class Cache:
    """The cache in ``file``; without a file it is always empty."""

    def __init__(self, file: pathlib.Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._logged = set[str]()

    def get(self, namespace: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the cached values of ``keys``; ten thousand small ones take about 10 ms."""
        wanted = {_encode_key(key): key for key in keys}

        def find(connection: sqlite3.Connection) -> dict[str, bytes]:
            rows = _rows(connection, _table(connection, namespace), wanted)
            return {
                wanted[key]: value
                for key, value, checksum in rows
                if key in wanted and _is_intact(key, value, checksum)
            }

        return self._attempt(find, {}) if wanted else {}

    def put(self, namespace: str, entries: Mapping[str, bytes]) -> None:
        """Store ``entries``: all of them or, after an error, none."""
        keys = ((_encode_key(key), value) for key, value in entries.items())
        rows = [(key, value, _checksum(key, value)) for key, value in keys]

        def write(connection: sqlite3.Connection) -> None:
            table = _table(connection, namespace)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"  # noqa: S608
                " SET value = excluded.value, checksum = excluded.checksum",
                rows,
            )
            connection.execute("COMMIT")

        if rows:
            self._attempt(write, None)

    def retain_only(self, namespace: str, keys: Collection[str]) -> None:
        """Delete all values of the namespace but those of ``keys``."""
        retained = {_encode_key(key) for key in keys}

        def delete_others(connection: sqlite3.Connection) -> None:
            table = _table(connection, namespace)
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute(f"SELECT key FROM {table}").fetchall()  # noqa: S608
            removed = [row for row in rows if row[0] not in retained]
            connection.executemany(f"DELETE FROM {table} WHERE key = ?", removed)  # noqa: S608
            connection.execute("COMMIT")

        self._attempt(delete_others, None)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            self._disconnect()

    def _attempt(self, action: Callable[[sqlite3.Connection], Result], default: Result) -> Result:
        """Do ``action``, once more after replacing a damaged file, else return ``default``."""
        if self._file is None:
            return default
        with self._lock:
            for _ in range(2):
                try:
                    return action(self._open(self._file))
                except (sqlite3.Error, OSError) as error:
                    self._log_once(self._file, error)
                    self._disconnect()
                    if not _is_damage(error):
                        break
                    self._remove(self._file)
        return default

    def _open(self, file: pathlib.Path) -> sqlite3.Connection:
        if self._connection is None:
            make_folder(file.parent, exclusive=True)
            with _exclusive(file):
                make_file(file)
                restrict_database_permissions(file)
                connection = sqlite3.connect(
                    file,
                    timeout=_LOCK_TIMEOUT_SECONDS,
                    isolation_level=None,
                    check_same_thread=False,
                )
                self._connection = connection
                self._inode = file.stat().st_ino
                _prepare(connection)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _remove(self, file: pathlib.Path) -> None:
        """Remove a damaged file, unless another process has already replaced it."""
        with suppress(OSError), _exclusive(file):
            if file.stat().st_ino == self._inode:
                for suffix in ("", "-wal", "-shm"):
                    file.with_name(file.name + suffix).unlink(missing_ok=True)

    def _log_once(self, file: pathlib.Path, error: Exception) -> None:
        if str(error) not in self._logged:
            self._logged.add(str(error))
            _log.warning("cache failed", file=str(file), reason=str(error))


def _encode_key(key: str) -> bytes:
    return key.encode(errors="surrogatepass")


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))


def _is_intact(key: bytes, value: object, checksum: object) -> bool:
    """Return whether a value is the stored one; a damaged one can have any type."""
    return isinstance(value, bytes) and _checksum(key, value) == checksum


def _table(connection: sqlite3.Connection, namespace: str) -> str:
    """Create the table of a namespace if needed, and return its name.

    Rows of one table are stored together, so that reading all of them is fast. The name is in hex
    digits: they need no quotes in SQL, where a and A are the same.
    """
    table = f"namespace_{_encode_key(namespace).hex()}"
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {table}"
        " (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)"
    )
    return table


def _rows(
    connection: sqlite3.Connection, table: str, keys: Collection[bytes]
) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield the rows of ``keys``, and possibly others."""
    select = f"SELECT key, value, checksum FROM {table}"  # noqa: S608 — the name is hex digits
    (last,) = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()  # noqa: S608
    if len(keys) * _FULL_READ_DIVISOR >= (last or 0):
        yield from connection.execute(select)
        return
    rest = iter(keys)
    while batch := tuple(islice(rest, _MAX_KEYS)):
        yield from connection.execute(
            f"{select} WHERE key IN ({','.join('?' * len(batch))})", batch
        )


def _prepare(connection: sqlite3.Connection) -> None:
    """Initialize a new file; raise `_UnknownLayout` if it has another layout."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version != VERSION and (version or tables):
        raise _UnknownLayout("another layout")
    if not version:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.text_factory = bytes  # damaged text could not be decoded
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 16777216")


def _is_damage(error: Exception) -> bool:
    """Return whether a new file would help: not with a full disk, a lock or missing permissions."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, _UnknownLayout) or code in _DAMAGE_CODES


@contextmanager
def _exclusive(file: pathlib.Path) -> Iterator[None]:
    """Lock ``file`` against opening and replacing; the lock ends with the process."""
    descriptor = os.open(file.with_name(file.name + ".lock"), os.O_CREAT | os.O_RDWR, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
