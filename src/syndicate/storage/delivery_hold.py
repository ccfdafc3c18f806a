"""The hold of all deliveries: while an operator holds them, nothing is claimed and nothing sent."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, insert, select, update

from syndicate.errors import Conflict
from syndicate.model.audit import AuditEntry
from syndicate.storage.audit_log import record_audit
from syndicate.storage.channels import notify_workers
from syndicate.storage.database import Database
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.schema import DELIVERY_HOLD, SUBSCRIPTION
from syndicate.storage.subscriptions import lock_publisher

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
            await lock_publisher(connection)
            if (await connection.execute(select(DELIVERY_HOLD.c.id))).first() is not None:
                return False
            await connection.execute(insert(DELIVERY_HOLD).values(id=1, since_ms=millis(audit.at)))
            await record_audit(connection, audit)
        return True

    async def end(self, audit: AuditEntry) -> bool:
        """Release all deliveries; return False if they were not held.

        The time of the hold counts neither for leases of WebSub subscriptions nor for how long an
        endpoint has failed.
        """
        async with self._database.write() as connection:
            await lock_publisher(connection)
            ended = delete(DELIVERY_HOLD).returning(DELIVERY_HOLD.c.since_ms)
            since_ms = (await connection.execute(ended)).scalar()
            if since_ms is None:
                return False
            held_ms = max(millis(audit.at) - since_ms, 0)
            in_order = select(SUBSCRIPTION.c.id).order_by(SUBSCRIPTION.c.id).with_for_update()
            await connection.execute(in_order)  # as workers lock them, else both may wait
            for column in (SUBSCRIPTION.c.lease_until_ms, SUBSCRIPTION.c.failing_since_ms):
                later = update(SUBSCRIPTION).where(column.is_not(None))
                await connection.execute(later.values({column: column + held_ms}))
            await record_audit(connection, audit)
            await notify_workers(connection)
        return True
