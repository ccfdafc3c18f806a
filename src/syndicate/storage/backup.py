"""Backups of the database as SQLite files, and databases made from them.

The backup of either kind of database is an SQLite file, so it can be read and checked without a
server. Secrets of subscriptions are in it as they are in the database: encrypted if there is a
``secret_key``, which is not in the backup.
"""

import asyncio
import os
import pathlib
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update

from syndicate import private_files
from syndicate.errors import StorageError
from syndicate.model.audit import Actor, AuditEntry
from syndicate.storage.audit_log import record_audit
from syndicate.storage.database import Database
from syndicate.storage.database_copy import COPIED_TABLES, copy_database, open_target, row_counts
from syndicate.storage.schema import PUBLISHER, REVISION, SUBSCRIPTION

RESTORED_GAP: Final = 1_000_000
"""How far generation and sequence numbers rise when a backup is restored.

What was sent after the backup had numbers of this range. They are not used again, so no receiver
takes a new event for one that it has; it sees the gap in ``seq`` and can recover.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupContents:
    """What a backup holds: ``rows`` has the number of rows by table.

    ``revision`` is that of the file; the rows are counted after an upgrade of its copy.
    """

    revision: str
    ledger_id: str
    rows: dict[str, int]


async def write_backup(database_url: str, file: pathlib.Path, now: datetime) -> BackupContents:
    """Write the state of one moment of a database into the new SQLite ``file``, mode 0600.

    Processes that use the database go on. An SQLite database of any revision can be backed up, so
    also before an upgrade. Raises `StorageError`; then there is no file.
    """
    part: pathlib.Path | None = None
    database = Database.connect(database_url)
    try:
        part = _make_part(file)
        if database.is_sqlite:
            await asyncio.to_thread(_copy_file, database.file, part)
        else:
            await database.check()
            await _copy_into_file(database, part, now)
        contents = await _check_part(part)
        _publish(part, file)
    except FileExistsError as error:
        raise _existing_backup(file) from error
    except OSError as error:
        raise StorageError(
            f"backup {file}: {error.strerror}", hint="Name a file that can be written."
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
        await database.close()
    return contents


def _make_part(file: pathlib.Path) -> pathlib.Path:
    """Create an empty file beside ``file``, of this process alone, mode 0600."""
    if file.exists():
        raise _existing_backup(file)
    private_files.make_folder(file.parent)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.", suffix=".part")
    os.close(descriptor)
    return pathlib.Path(name)


def _publish(part: pathlib.Path, file: pathlib.Path) -> None:
    """Give a complete backup its name, durably; raises `FileExistsError` if another one has it."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    file.hardlink_to(part)
    folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _existing_backup(file: pathlib.Path) -> StorageError:
    return StorageError(
        f"backup {file}: exists already",
        code="backup-exists",
        hint="Name a new file: a backup replaces nothing.",
    )


def _copy_file(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy an SQLite database in one step, which sees one state and stops no writer (WAL)."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, which needs no other
    except sqlite3.Error as error:
        raise StorageError(
            f"database {source}: {error}", hint="See that database.url names a database."
        ) from error


async def _copy_into_file(source: Database, file: pathlib.Path, now: datetime) -> None:
    """Copy the rows of a PostgreSQL database into an SQLite file."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="backup-") as folder:
        target = await Database.open(f"sqlite:///{folder}/syndicate.db")
        try:
            await copy_database(source, target, now)
        finally:
            await target.close()
        await asyncio.to_thread(_copy_file, target.file, file)


async def _check_part(part: pathlib.Path) -> BackupContents:
    """Return what a backup holds, as `check_backup` does; without a copy unless it is of old."""
    revision = await asyncio.to_thread(_checked_revision, part, part)
    if revision == REVISION:
        return await asyncio.to_thread(_count_rows, part, revision)
    async with _opened_copy(part, part.parent) as (database, _):
        return await read_contents(database, revision)


def _count_rows(file: pathlib.Path, revision: str) -> BackupContents:
    """Return what a backup of this version holds; raises `StorageError`."""
    with _readable_backup(file, file) as connection:
        (ledger_id,) = connection.execute(str(select(PUBLISHER.c.ledger_id))).fetchone()
        rows: dict[str, int] = {}
        for table in COPIED_TABLES:
            query = select(func.count()).select_from(table)
            (rows[table.name],) = connection.execute(str(query)).fetchone()
    return BackupContents(revision=revision, ledger_id=ledger_id, rows=rows)


async def check_backup(file: pathlib.Path) -> BackupContents:
    """Return what a backup holds, after a check of the whole file; raises `StorageError`."""
    async with _opened_copy(file) as (database, revision):
        return await read_contents(database, revision)


async def restore_backup(
    file: pathlib.Path, database_url: str, *, now: datetime, actor: Actor
) -> BackupContents:
    """Fill an empty database from a backup, in one transaction; return what it holds now.

    The backup may be of an older version. The database gets a new ledger id: clients with a cursor
    of the lost one get 410 and start again, since they may have seen what the backup does not
    know. Raises `StorageError`, also for a database with rows.
    """
    async with _opened_copy(file) as (backup, revision):
        entry = AuditEntry(at=now, actor=actor, action="database.restored", object_id=file.name)
        async with backup.write() as connection:
            await connection.execute(
                update(PUBLISHER).values(
                    ledger_id=secrets.token_hex(4),
                    generation=PUBLISHER.c.generation + RESTORED_GAP,
                )
            )
            await connection.execute(
                update(SUBSCRIPTION).values(last_seq=SUBSCRIPTION.c.last_seq + RESTORED_GAP)
            )
            await record_audit(connection, entry, revision=revision)
        target = await open_target(database_url)
        try:
            await copy_database(backup, target, now)
            return await read_contents(target, revision)
        finally:
            await target.close()


async def read_contents(database: Database, revision: str) -> BackupContents:
    """Return what a database holds; ``revision`` is the one that it had. Raises `StorageError`."""
    async with database.read() as connection:
        ledger_id = str(await connection.scalar(select(PUBLISHER.c.ledger_id)))
    return BackupContents(revision=revision, ledger_id=ledger_id, rows=await row_counts(database))


@asynccontextmanager
async def _opened_copy(
    file: pathlib.Path, parent: pathlib.Path | None = None
) -> AsyncIterator[tuple[Database, str]]:
    """Open an upgraded copy of a backup, with the revision of the file; delete it at the end.

    The copy is in the folder ``parent``, or that of temporary files.
    """
    with tempfile.TemporaryDirectory(dir=parent, prefix="syndicate-backup-") as folder:
        copied = pathlib.Path(folder) / "syndicate.db"
        try:
            await asyncio.to_thread(shutil.copyfile, file, copied)
        except OSError as error:
            raise _unreadable_backup(file, error.strerror or "") from error
        revision = await asyncio.to_thread(_checked_revision, copied, file)
        await Database.upgrade_at(f"sqlite:///{copied}")
        database = await Database.open(f"sqlite:///{copied}")
        try:
            yield database, revision
        finally:
            await database.close()


def _checked_revision(copied: pathlib.Path, file: pathlib.Path) -> str:
    """Return the revision of the tables, after a check of every page of the file."""
    with _readable_backup(copied, file) as connection:
        (result,) = connection.execute("PRAGMA integrity_check").fetchone()
        revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    if result != "ok":
        raise _unreadable_backup(file, result.partition("\n")[0])
    if not revisions:
        raise _unreadable_backup(file, "the revision of its tables is missing")
    return str(revisions[0][0])


@contextmanager
def _readable_backup(copied: pathlib.Path, file: pathlib.Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of the backup ``file``; raise errors of SQLite as `StorageError`."""
    try:
        with closing(sqlite3.connect(copied)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise _unreadable_backup(file, str(error)) from error


def _unreadable_backup(file: pathlib.Path, cause: str) -> StorageError:
    return StorageError(
        f"backup {file}: {cause}",
        code="backup-unreadable",
        hint="Name a file that was written by: syndicate db backup",
    )
