"""The audit log in the database: entries are added and read; only retention deletes them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.model.audit import Actor, AuditAction, AuditEntry
from syndicate.model.retention import Retention
from syndicate.storage.database import Database
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.schema import AUDIT_LOG, AUDIT_RETENTION

PAGE_SIZE: Final = 500


async def record_audit(
    connection: AsyncConnection, entry: AuditEntry | None, **detail: object
) -> None:
    """Add ``entry``, if there is one, with more ``detail`` in the transaction of ``connection``."""
    if entry is None:
        return
    await connection.execute(
        insert(AUDIT_LOG).values(
            at_ms=millis(entry.at),
            actor=entry.actor.name,
            action=entry.action,
            object=entry.object_id,
            address=entry.actor.address,
            detail=json.dumps({**entry.detail, **detail}, ensure_ascii=False, default=str),
        )
    )


class AuditLog:
    """The audit log of a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> None:
        """Add an entry in a transaction of its own."""
        async with self._database.write() as connection:
            await record_audit(connection, entry)

    async def latest(
        self, *, action: AuditAction | None = None, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditEntry]:
        """Return the newest entries first, with ids below ``before``."""
        query = select(AUDIT_LOG).order_by(AUDIT_LOG.c.id.desc()).limit(limit)
        if action is not None:
            query = query.where(AUDIT_LOG.c.action == action)
        if before is not None:
            query = query.where(AUDIT_LOG.c.id < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(map(_entry_from_row, rows))

    async def page_after(self, entry_id: int, *, since: datetime | None) -> Sequence[AuditEntry]:
        """Return up to `PAGE_SIZE` entries with higher ids, oldest first, not before ``since``."""
        query = (
            select(AUDIT_LOG)
            .where(AUDIT_LOG.c.id > entry_id)
            .order_by(AUDIT_LOG.c.id)
            .limit(PAGE_SIZE)
        )
        if since is not None:
            query = query.where(AUDIT_LOG.c.at_ms >= millis(since))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(map(_entry_from_row, rows))

    async def prune(self, now: datetime, retention: Retention) -> None:
        """Delete old entries, and clear old addresses of clients.

        Triggers refuse that outside the times in `AUDIT_RETENTION`, which no other transaction
        sees, because they are 0 again when this one commits.
        """
        delete_before = millis(now - retention.audit)
        clear_before = millis(now - retention.client_addresses)
        allow = update(AUDIT_RETENTION)
        async with self._database.write() as connection:
            for statement in (
                allow.values(
                    delete_before_ms=delete_before, clear_addresses_before_ms=clear_before
                ),
                delete(AUDIT_LOG).where(AUDIT_LOG.c.at_ms < delete_before),
                update(AUDIT_LOG)
                .where(AUDIT_LOG.c.at_ms < clear_before, AUDIT_LOG.c.address != "")
                .values(address=""),
                allow.values(delete_before_ms=0, clear_addresses_before_ms=0),
            ):
                await connection.execute(statement)


def _entry_from_row(row: RowMapping) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=from_millis(row["at_ms"]),
        actor=Actor(name=row["actor"], address=row["address"]),
        action=cast("AuditAction", row["action"]),
        object_id=row["object"],
        detail=json.loads(row["detail"]),
    )
