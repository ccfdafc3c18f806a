"""The door to Alembic: what brings tables up to date, imported where some are not."""

import pathlib
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from syndicate.errors import StorageError

_MIGRATIONS: Final = pathlib.Path(__file__).parent / "migrations"


def upgrade(connection: Connection, database_url: str, revision: str = "head") -> None:
    """Bring the tables that ``connection`` leads to up to ``revision``, inside its transaction.

    Raises `StorageError`, which calls the database ``address``, for tables of a revision that is
    unknown here.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StorageError(
            f"database {database_url}: {error}",
            hint="A newer version of the program made its tables: run that one.",
        ) from error
