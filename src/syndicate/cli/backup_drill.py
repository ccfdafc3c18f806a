"""The drill of `syndicate doctor`: restores the newest backup and checks the result."""

import asyncio
import pathlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from syndicate.cli.database_session import command_actor
from syndicate.cli.db import backup_folder, describe_contents
from syndicate.cli.settings_checks import Finding
from syndicate.errors import StorageError
from syndicate.settings import Settings
from syndicate.storage.backup import BackupContents, check_backup, read_contents, restore_backup
from syndicate.storage.database import Database

_MAX_AGE: Final = timedelta(days=7)
_HINT: Final = "Type: syndicate db backup"


def run_drill(settings: Settings) -> Iterator[Finding]:
    """Restore the newest backup into a temporary database, and yield what is wrong with it.

    The integrity of the file, the revision of its tables, the ledger id and the numbers of rows
    are checked. The database of the settings is only read.
    """
    folder = backup_folder(settings)
    files = sorted(folder.glob("*.db"), key=lambda file: file.stat().st_mtime)
    if not files:
        yield Finding(level="error", what=f"no backup in {folder}", hint=_HINT)
        return
    file = files[-1]
    try:
        backup = asyncio.run(check_backup(file))
        restored = asyncio.run(_restore(file))
        current = asyncio.run(_current_contents(settings.database_url))
    except StorageError as error:
        yield Finding(level="error", what=error.message, hint=error.hint)
        return
    yield _describe(file, restored, current)
    if current and current.ledger_id != backup.ledger_id:
        yield Finding(
            level="error",
            what=f"backup {file}: of another database; its ledger is {backup.ledger_id}, that of"
            f" database.url {current.ledger_id}",
            hint=_HINT,
        )


def _describe(
    file: pathlib.Path, restored: BackupContents, current: BackupContents | None
) -> Finding:
    """Return what was restored, and how much of it the database has now."""
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    is_old = datetime.now(UTC) - written > _MAX_AGE
    counts = describe_contents(restored, current)
    return Finding(
        level="warning" if is_old else "ok",
        what=f"backup {file} of {written:%Y-%m-%d %H:%M} UTC: restored with {counts}",
        hint=_HINT if is_old else "",
    )


async def _restore(file: pathlib.Path) -> BackupContents:
    """Restore a backup into a temporary database; return what that holds."""
    with tempfile.TemporaryDirectory(prefix="syndicate-drill-") as folder:
        url = f"sqlite:///{folder}/syndicate.db"
        return await restore_backup(file, url, now=datetime.now(UTC), actor=command_actor())


async def _current_contents(database_url: str) -> BackupContents | None:
    """Return what a database holds; None if there is none yet."""
    revision = await Database.check_at(database_url)
    if not revision:
        return None
    database = await Database.open(database_url)
    try:
        return await read_contents(database, revision)
    finally:
        await database.close()
