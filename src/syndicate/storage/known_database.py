"""Remembers beside the database which one it was, to notice that it was lost."""

import asyncio
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
        try:
            known = self._file.read()
            is_other = known.get("ledger_id", current["ledger_id"]) != current["ledger_id"]
            self.is_lost = bool(is_other and known.get("in_use") and not current["in_use"])
            if not self.is_lost and known != current:
                with self._file.edit() as document:
                    document.update(current)
        except StorageError as error:
            _log.warning("known database not stored", reason=error.message)
        if self.is_lost:
            _log.error("database lost", hint=LOST_HINT)

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
