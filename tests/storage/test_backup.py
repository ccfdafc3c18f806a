"""Backups of each kind of database, and what restoring them gives."""

import asyncio
import pathlib
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from syndicate.errors import Gone, StorageError
from syndicate.model.audit import Actor
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.backup import (
    RESTORED_GAP,
    BackupContents,
    check_backup,
    restore_backup,
    write_backup,
)
from syndicate.storage.database import Database
from syndicate.storage.schema import REVISION, SUBSCRIPTION
from tests.databases import DATABASE_KINDS, database_of_kind, open_database
from tests.storage.outbox_fixture import NOW, open_outbox
from tests.storage.test_database_copy import all_rows, cursor_of, fill_database
from tests.stored_database import FOLDER
from tests.stored_database import restore as load_script

OPERATOR = Actor(name="command:operator")


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return where the backup is written."""
    return tmp_path / "backups" / "backup.db"


@pytest.fixture(params=DATABASE_KINDS)
def restored_url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a database without tables."""
    with database_of_kind(request, tmp_path / "restored" / "syndicate.db", empty=True) as url:
        yield url


async def restore(file: pathlib.Path, url: str) -> BackupContents:
    """Restore a backup."""
    return await restore_backup(file, url, now=NOW, actor=OPERATOR)


async def test_backup_of_a_database_in_use_is_one_readable_file(
    address: str, file: pathlib.Path
) -> None:
    """An SQLite file of either kind, which only its user can read."""
    async with open_outbox(address) as outbox_fixture:
        await outbox_fixture.subscribe("a", events=(1,))

        contents = await write_backup(address, file, NOW)

    assert {path.name for path in file.parent.iterdir()} == {file.name, ".gitignore"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as connection:
        assert connection.execute("SELECT id FROM subscription").fetchall() == [("sub_a",)]
    assert contents == await check_backup(file)
    assert contents.revision == REVISION
    assert contents.ledger_id == (await cursor_of(address)).ledger_id
    assert contents.rows["delivery"] == 1


async def test_backup_replaces_no_file(address: str, file: pathlib.Path) -> None:
    """The second of two is refused before it writes."""
    await write_backup(address, file, NOW)
    before = file.read_bytes()

    with pytest.raises(StorageError) as refused:
        await write_backup(address, file, NOW)

    assert refused.value.code == "backup-exists"
    assert file.read_bytes() == before


async def test_one_of_two_backups_to_the_same_file_at_a_time_wins(
    tmp_path: pathlib.Path, file: pathlib.Path
) -> None:
    """Neither takes the other's part: one is complete, the other an error."""
    address = f"sqlite:///{tmp_path}/syndicate.db"
    await fill_database(address)
    results = await asyncio.gather(
        *(write_backup(address, file, NOW) for _ in range(2)), return_exceptions=True
    )

    (refused,) = [result for result in results if isinstance(result, StorageError)]
    (contents,) = [result for result in results if isinstance(result, BackupContents)]
    assert refused.code == "backup-exists"
    assert await check_backup(file) == contents
    assert {path.name for path in file.parent.iterdir()} == {file.name, ".gitignore"}


async def test_backup_needs_no_space_in_the_folder_of_temporary_files(
    address: str, file: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container that is often memory."""
    async with open_outbox(address) as outbox_fixture:
        await outbox_fixture.subscribe("a")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))

    contents = await write_backup(address, file, NOW)

    assert contents.rows["subscription"] == 1


async def test_backup_without_a_revision_is_an_error(file: pathlib.Path) -> None:
    """The table of it is empty."""
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    with pytest.raises(StorageError, match="revision of its tables is missing") as refused:
        await check_backup(file)
    assert refused.value.code == "backup-unreadable"


async def test_folder_that_cannot_be_created_is_an_error(
    address: str, tmp_path: pathlib.Path
) -> None:
    """With the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Not a directory"):
        await write_backup(address, tmp_path / "file" / "folder" / "backup.db", NOW)


async def test_database_that_does_not_exist_is_not_backed_up(
    tmp_path: pathlib.Path, file: pathlib.Path
) -> None:
    """Nothing is created."""
    with pytest.raises(StorageError, match="unable to open"):
        await write_backup(f"sqlite:///{tmp_path}/none.db", file, NOW)
    assert not (tmp_path / "none.db").exists()
    assert [*file.parent.glob("backup*")] == []


async def test_restored_database_has_every_row(
    address: str, file: pathlib.Path, restored_url: str
) -> None:
    """From each kind into each; deliveries that waited wait, and the audit log says so."""
    await fill_database(address)
    await write_backup(address, file, NOW)

    contents = await restore(file, restored_url)

    before, after = await all_rows(address), await all_rows(restored_url)
    for table in before.keys() - {"subscription", "audit_log"}:
        assert after[table] == before[table]
    assert contents.rows["subscription"] == len(before["subscription"])
    async with open_database(restored_url) as database:
        (newest, *earlier) = await AuditLog(database).latest()
    assert (newest.action, newest.actor, newest.object_id) == (
        "database.restored",
        OPERATOR,
        "backup.db",
    )
    assert len(earlier) == len(before["audit_log"])


async def test_numbers_after_a_backup_are_not_used_again(
    address: str, file: pathlib.Path, restored_url: str
) -> None:
    """A receiver would take a new event for one that it has."""
    await fill_database(address)
    await write_backup(address, file, NOW)
    await restore(file, restored_url)

    old, new = await cursor_of(address), await cursor_of(restored_url)
    assert new.generation == old.generation + RESTORED_GAP
    async with open_database(restored_url) as database, database.read() as connection:
        query = select(SUBSCRIPTION.c.last_seq).order_by(SUBSCRIPTION.c.id)
        numbers = (await connection.execute(query)).scalars().all()
    assert numbers == [RESTORED_GAP + 2, RESTORED_GAP + 2, RESTORED_GAP]


async def test_cursors_of_the_lost_database_are_gone(
    address: str, file: pathlib.Path, restored_url: str
) -> None:
    """Their clients may have seen what the backup does not know, so they start again."""
    await fill_database(address)
    await write_backup(address, file, NOW)
    await restore(file, restored_url)

    with pytest.raises(Gone) as gone:
        (await cursor_of(address)).validate(await cursor_of(restored_url))
    assert gone.value.code == "cursor-gone"


async def test_database_with_rows_is_not_overwritten(address: str, file: pathlib.Path) -> None:
    """Even with those of the backup."""
    await fill_database(address)
    await write_backup(address, file, NOW)
    before = await all_rows(address)

    with pytest.raises(StorageError, match="holds rows already"):
        await restore(file, address)

    assert await all_rows(address) == before


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.stem)
async def test_backup_of_an_earlier_version_is_upgraded(
    script: pathlib.Path, tmp_path: pathlib.Path, file: pathlib.Path
) -> None:
    """The file itself is not changed, nor is the database that was backed up."""
    old = tmp_path / "old.db"
    load_script(script, old)
    contents = await write_backup(f"sqlite:///{old}", file, NOW)
    before = file.read_bytes()

    restored = await restore(file, f"sqlite:///{tmp_path}/new/syndicate.db")

    assert restored.revision == contents.revision
    assert restored.rows["subscription"] > 0
    assert await Database.check_at(f"sqlite:///{tmp_path}/new/syndicate.db") == REVISION
    assert file.read_bytes() == before
    with closing(sqlite3.connect(old)) as connection:
        query = "SELECT version_num FROM alembic_version"
        assert connection.execute(query).fetchone() == (contents.revision,)


async def test_backup_with_an_impossible_value_is_an_error(file: pathlib.Path) -> None:
    """SQLite opens it, and the check of the whole file tells."""
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (NULL)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = 'CREATE TABLE alembic_version (version_num NOT NULL)'"
        )
        connection.commit()
    with pytest.raises(StorageError, match="NULL value in alembic_version"):
        await check_backup(file)


async def test_damaged_backup_is_an_error(address: str, file: pathlib.Path) -> None:
    """A page in the middle that is not what it was."""
    await fill_database(address)
    await write_backup(address, file, NOW)
    data = bytearray(file.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    file.write_bytes(data)

    with pytest.raises(StorageError) as damaged:
        await check_backup(file)
    assert damaged.value.code == "backup-unreadable"


@pytest.mark.parametrize("content", [None, b"", b"text"])
async def test_file_that_is_no_backup_is_an_error(
    tmp_path: pathlib.Path, content: bytes | None
) -> None:
    """It is missing, empty or something else."""
    file = tmp_path / "backup.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StorageError) as refused:
        await restore(file, f"sqlite:///{tmp_path}/syndicate.db")
    assert refused.value.code == "backup-unreadable"
    assert not (tmp_path / "syndicate.db").exists()
