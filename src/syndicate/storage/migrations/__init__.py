"""Schema upgrades with Alembic; imported only where tables have to be upgraded."""

import pathlib
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from syndicate.errors import StorageError

_MIGRATIONS: Final = pathlib.Path(__file__).parent


def upgrade(connection: Connection, database_url: str, revision: str = "head") -> None:
    """Upgrade the tables of ``connection`` to ``revision``, inside its transaction.

    Raises `StorageError`, which names ``database_url``, for tables of an unknown revision.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StorageError(
            f"database {database_url}: {error}",
            hint="A newer version of Syndicate created its tables: run that version.",
        ) from error
