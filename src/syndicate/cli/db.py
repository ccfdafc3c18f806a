"""`syndicate db`: check, upgrade, back up, restore and copy the database."""

import asyncio
import os
import pathlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from syndicate.cli.database_session import command_actor
from syndicate.cli.options import AsJson, ConfigFile, command_group
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.errors import StorageError
from syndicate.settings import Settings, load
from syndicate.storage.backup import BackupContents, restore_backup, write_backup
from syndicate.storage.database import Database, parse_database_url
from syndicate.storage.database_copy import DatabaseCopy, copy_database, open_target

app = command_group("Check, upgrade, back up, restore and copy the database.")

_SHOWN_TABLES: Final = {"subscription": "subscriptions", "token": "tokens", "ledger": "posts"}
"""What people count, by table; the other tables follow from them."""


@app.command()
def check(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Check that this version can use the database.

    Exits 1 if it cannot.
    """
    revision = asyncio.run(Database.check_at(load(config, os.environ).database_url))
    _report(revision, as_json=as_json)


@app.command()
def upgrade(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Create or upgrade the tables of the database.

    Keeps all data. Safe to repeat, also while the service runs.
    """
    revision = asyncio.run(Database.upgrade_at(load(config, os.environ).database_url))
    _report(revision, as_json=as_json)


@app.command()
def backup(
    file: Annotated[
        pathlib.Path | None,
        typer.Argument(help="New file; default: in the folder backups of the data folder."),
    ] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Write a backup of the database, also while the service runs.

    The backup is an SQLite file, of a PostgreSQL database too, and is checked after writing.
    """
    settings = load(config, os.environ)
    now = datetime.now(UTC)
    target = file or backup_folder(settings) / f"syndicate-{now:%Y%m%dT%H%M%SZ}.db"
    contents = asyncio.run(write_backup(settings.database_url, target, now))
    if as_json:
        print_json({"file": target, **asdict(contents)})
    else:
        print_result(str(target))
        print_status(f"Backup holds {describe_contents(contents)}. Keep secret_key elsewhere.")


@app.command()
def restore(
    file: Annotated[pathlib.Path, typer.Argument(help="Backup of `syndicate db backup`.")],
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Fill the database of the settings from a backup.

    The database must not exist, or have no rows. Clients of /v1/changes start again.
    """
    settings = load(config, os.environ)
    contents = asyncio.run(
        restore_backup(file, settings.database_url, now=datetime.now(UTC), actor=command_actor())
    )
    if as_json:
        print_json({"file": file, **asdict(contents)})
    else:
        print_result(f"database restored: {describe_contents(contents)}")
        print_status("Partners see a gap in seq, and cursors of /v1/changes start again.")


@app.command("copy")
def copy_(
    target_url: Annotated[
        str,
        typer.Argument(metavar="TARGET_URL", help="URL of an empty database, or an earlier copy."),
    ],
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Copy all rows of the database into another one, from SQLite to PostgreSQL or back.

    Run it once while the service runs and again when it has stopped: the second time copies only
    what differs.
    """
    try:
        parse_database_url(target_url)
    except StorageError as error:
        raise typer.BadParameter(f"{error.message}. {error.hint}") from error
    copied = asyncio.run(_copy(load(config, os.environ).database_url, target_url))
    if as_json:
        print_json(asdict(copied))
        return
    for table in copied.tables:
        if table.added or table.changed or table.removed:
            print_result(
                f"{table.table}: {table.total} rows; {table.added} added, {table.changed} changed,"
                f" {table.removed} removed"
            )
    print_result("copy complete: the target has every row")
    if copied.is_source_in_use:
        print_status(
            "A service still uses the source: stop serve and deliver, then run this command again."
        )
    else:
        print_status("Now set database.url to the copy, and start the service.")


async def _copy(source_url: str, target_url: str) -> DatabaseCopy:
    source = await Database.open(source_url)
    try:
        target = await open_target(target_url)
        try:
            return await copy_database(source, target, datetime.now(UTC))
        finally:
            await target.close()
    finally:
        await source.close()


def backup_folder(settings: Settings) -> pathlib.Path:
    """Return the folder in which `db backup` writes, and `doctor --drill` looks for backups."""
    return settings.data_folder / "backups"


def describe_contents(contents: BackupContents, current: BackupContents | None = None) -> str:
    """Return what a backup holds, for people; with ``current``, of how many there are now."""
    counts = (
        f"{contents.rows[table]}{f' of {current.rows[table]}' if current else ''} {name}"
        for table, name in _SHOWN_TABLES.items()
    )
    return f"revision {contents.revision}, {', '.join(counts)}"


def _report(revision: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"revision": revision or None})
    else:
        print_result(
            f"database up to date: revision {revision}"
            if revision
            else "database not created yet: the service creates it when it starts"
        )
