"""Remembers beside the database which one it was, to notice that it was lost."""

import asyncio
from collections.abc import Mapping
from typing import Final

from sqlalchemy import or_, select

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.private_files import StateFile
from syndicate.storage.database import Database
from syndicate.storage.schema import PUBLISHER, SUBSCRIPTION, TOKEN

FILE_NAME: Final = "database.json"
_CHECK_SECONDS: Final = 60.0

LOST_HINT: Final = (
    "Restore a backup with: syndicate db restore FILE; or create tokens with: syndicate tokens"
    " create, and partners subscribe again."
)

_log = telemetry.logger("database")


class KnownDatabase:
    """Compares the database with the one that this host used before.

    It was lost if it is another one, without tokens and webhooks, and the one before had some: a
    file that was deleted, or a server that was set up again. As soon as it has some, of a backup or
    new ones, it is the known one.

    Args:
        database: The database.
        file: Where it is remembered: in the data folder.
    """

    def __init__(self, database: Database, file: StateFile) -> None:
        self._database: Final = database
        self._file: Final = file
        self.is_lost = False
        """Whether the database was lost, as of the last `check`."""

    async def check(self) -> None:
        """Compare the database with the known one, or remember it; raises `StorageError`."""
        current = await self._read()
        known = await asyncio.to_thread(self._compare, current)
        if self.is_lost:
            _log.error("database lost", hint=LOST_HINT)
        elif known != current:
            await asyncio.to_thread(self._remember, current)

    async def compare(self) -> None:
        """Compare the database with the known one only; raises `StorageError`.

        For commands: they may run as another user, whose file the service could not read.
        """
        self._compare(await self._read())

    def _compare(self, current: Mapping[str, object]) -> Mapping[str, object]:
        """Return the known database, after comparing it with ``current``."""
        try:
            known = self._file.read()
        except StorageError as error:
            _warn_unreadable(error)
            known = {}
        is_other = known.get("ledger_id", current["ledger_id"]) != current["ledger_id"]
        self.is_lost = bool(is_other and known.get("in_use") and not current["in_use"])
        return known

    def _remember(self, current: Mapping[str, object]) -> None:
        try:
            with self._file.edit(on_unreadable=_warn_unreadable) as document:
                document.update(current)
        except StorageError as error:
            _log.warning("known database not stored", reason=error.message)

    async def watch(self) -> None:
        """Check each minute until cancelled; raises `StorageError`."""
        while True:
            await self.check()
            await asyncio.sleep(_CHECK_SECONDS)

    async def _read(self) -> dict[str, object]:
        """Return the ID of the ledger, and whether there are tokens or webhooks."""
        has_token = select(TOKEN.c.id).exists()
        has_webhook = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.kind == "webhook").exists()
        query = select(PUBLISHER.c.ledger_id, or_(has_token, has_webhook))
        async with self._database.read() as connection:
            ledger_id, is_in_use = (await connection.execute(query)).one()
        return {"ledger_id": ledger_id, "in_use": bool(is_in_use)}


def _warn_unreadable(error: StorageError) -> None:
    _log.warning("known database unreadable", reason=error.message)
