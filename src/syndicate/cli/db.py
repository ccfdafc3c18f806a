"""`syndicate db`: the database, by hand."""

import asyncio
import os

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say, say_json

app = typer.Typer(name="db", help="Check and upgrade the database.", no_args_is_help=True)


@app.command()
def check(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Say whether the database can be used by this version.

    Exits 1 if it cannot.
    """
    from syndicate.settings import load
    from syndicate.storage.database import Database

    revision = asyncio.run(Database.check_at(load(config, os.environ).database_url))
    _report(revision, as_json=as_json)


@app.command()
def upgrade(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Bring the tables of the database up to date, or make them.

    What is stored stays. Safe to repeat, and while the service runs.
    """
    from syndicate.settings import load
    from syndicate.storage.database import Database

    revision = asyncio.run(Database.upgrade_at(load(config, os.environ).database_url))
    _report(revision, as_json=as_json)


def _report(revision: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"revision": revision or None})
    else:
        say(
            f"the database is up to date: revision {revision}"
            if revision
            else "the database is not there yet: the service makes it when it starts"
        )
