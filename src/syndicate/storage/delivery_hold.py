"""The hold of all deliveries: while an operator holds them, nothing is claimed and nothing sent."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, insert, select

from syndicate.errors import Conflict
from syndicate.model.audit import AuditEntry
from syndicate.storage.audit_log import record_audit
from syndicate.storage.database import Database, notify_workers
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.schema import DELIVERY_HOLD

IS_NOT_HELD: Final = ~exists(select(DELIVERY_HOLD.c.id).where(DELIVERY_HOLD.c.id == 1))
"""A condition of the statements that claim what is to be sent, so that a hold costs no query."""


class DeliveryHold:
    """The hold in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self) -> datetime | None:
        """Return when the hold began, None if deliveries are not held."""
        async with self._database.read() as connection:
            held_ms = (await connection.execute(select(DELIVERY_HOLD.c.since_ms))).scalar()
        return None if held_ms is None else from_millis(held_ms)

    async def require_none(self) -> None:
        """Raise `Conflict` while deliveries are held."""
        if await self.since():
            raise Conflict(
                "all deliveries are held by the operator of this service",
                hint="Try again when they are released; events are kept until then.",
                code="deliveries-held",
            )

    async def begin(self, audit: AuditEntry) -> bool:
        """Hold all deliveries; return False if they were held already.

        Requests in progress end as usual.
        """
        async with self._database.write() as connection:
            if (await connection.execute(select(DELIVERY_HOLD.c.id))).first() is not None:
                return False
            await connection.execute(insert(DELIVERY_HOLD).values(id=1, since_ms=millis(audit.at)))
            await record_audit(connection, audit)
        return True

    async def end(self, audit: AuditEntry) -> bool:
        """Release all deliveries; return False if they were not held."""
        async with self._database.write() as connection:
            result = await connection.execute(delete(DELIVERY_HOLD))
            if not result.rowcount:
                return False
            await record_audit(connection, audit)
            await notify_workers(connection)
        return True
