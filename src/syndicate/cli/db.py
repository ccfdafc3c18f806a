"""`syndicate db`: check and upgrade the database."""

import asyncio
import os

from syndicate.cli.options import AsJson, ConfigFile, command_group
from syndicate.cli.output import print_json, print_result
from syndicate.settings import load
from syndicate.storage.database import Database

app = command_group("Check and upgrade the database.")


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


def _report(revision: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"revision": revision or None})
    else:
        print_result(
            f"database up to date: revision {revision}"
            if revision
            else "database not created yet: the service creates it when it starts"
        )
