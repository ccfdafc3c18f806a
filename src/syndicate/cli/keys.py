"""`syndicate keys`: change the key that encrypts subscribers' secrets."""

import asyncio
import os
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from syndicate.cli.database_session import command_actor
from syndicate.cli.options import AsJson, ConfigFile, command_group
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.service.secret_keys import make_secret_store
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.secret_keys import KeyRotation, rotate_keys

app = command_group("Change the key that encrypts subscribers' secrets.")


@app.callback()
def keys() -> None:
    """Change the key that encrypts subscribers' secrets."""


@app.command()
def rotate(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Encrypt all stored secrets under the present secret_key.

    Secrets under one of previous_secret_keys are decrypted with it. Safe to repeat, also while the
    service runs. Exits 1 if none of the keys decrypts a secret.
    """
    rotation = asyncio.run(_rotate(load(config, os.environ)))
    if as_json:
        print_json(asdict(rotation))
    else:
        print_result(
            f"{rotation.encrypted} encrypted again, {rotation.current} had the present key,"
            f" {rotation.unreadable} cannot be decrypted"
        )
        print_status("Remove previous_secret_keys once no process has an older secret_key.")
    if rotation.unreadable:
        raise typer.Exit(1)


async def _rotate(settings: Settings) -> KeyRotation:
    database = await Database.open(settings.database_url)
    try:
        return await rotate_keys(
            database, make_secret_store(settings), now=datetime.now(UTC), actor=command_actor()
        )
    finally:
        await database.close()
