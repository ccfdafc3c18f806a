"""The keys under which the secrets in a database are encrypted: checks, and rotation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Row, Table, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import StorageError
from syndicate.model.audit import Actor, AuditEntry
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.audit_log import record_audit
from syndicate.storage.database import Database
from syndicate.storage.schema import SUBSCRIPTION, WEBSUB_REQUEST
from syndicate.storage.secret_store import ENCRYPTED_PREFIX, SecretStore

_BATCH_ROWS: Final = 100
"""Rows of a transaction: deliveries to their subscriptions wait meanwhile."""

_FIRST_ROWS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotation:
    """Numbers of rows with secrets.

    ``encrypted`` were encrypted again, ``current`` had the current key already, ``unreadable`` can
    be decrypted with none of the keys and were left alone.
    """

    encrypted: int = 0
    current: int = 0
    unreadable: int = 0


async def rotate_keys(
    database: Database, secret_store: SecretStore, *, now: datetime, actor: Actor
) -> KeyRotation:
    """Encrypt all stored secrets under the current key of ``secret_store``; count them.

    Safe to repeat, and to interrupt: each batch is a transaction. Processes that have both keys go
    on. Raises `StorageError`.
    """
    rotation = KeyRotation()
    for table in (SUBSCRIPTION, WEBSUB_REQUEST):
        last_id: str | None = ""
        while last_id is not None:
            rotation, last_id = await _rotate_batch(
                database, secret_store, table, last_id, rotation
            )
    detail = {
        "encrypted": rotation.encrypted,
        "current": rotation.current,
        "unreadable": rotation.unreadable,
    }
    async with database.write() as connection:
        await record_audit(
            connection,
            AuditEntry(at=now, actor=actor, action="keys.rotated", object_id="", detail=detail),
        )
    return rotation


async def _rotate_batch(
    database: Database,
    secret_store: SecretStore,
    table: Table,
    last_id: str,
    rotation: KeyRotation,
) -> tuple[KeyRotation, str | None]:
    """Encrypt the secrets of the rows after ``last_id``; return the last id, None at the end."""
    query = select(table).where(table.c.id > last_id).order_by(table.c.id)
    encrypted = current = unreadable = 0
    async with database.write() as connection:
        result = await connection.execute(query.limit(_BATCH_ROWS).with_for_update())
        rows = result.mappings().all()
        for row in rows:
            try:
                values = _encrypted_again(secret_store, row)
            except StorageError:
                unreadable += 1
                continue
            if not values:
                current += 1
                continue
            encrypted += 1
            await connection.execute(update(table).where(table.c.id == row["id"]).values(values))
    counted = replace(
        rotation,
        encrypted=rotation.encrypted + encrypted,
        current=rotation.current + current,
        unreadable=rotation.unreadable + unreadable,
    )
    return counted, rows[-1]["id"] if rows else None


def _encrypted_again(secret_store: SecretStore, row: RowMapping) -> Mapping[str, str]:
    """Return the columns of a row under the current key; none if they are. Raises `StorageError`.

    WebSub requests have no header fields.
    """
    key_id, stored_headers = SubscriptionId(row["id"]), row.get("headers", "")
    secrets = secret_store.decode(key_id, row["secrets"])
    headers = secret_store.decode_headers(key_id, stored_headers)
    values: dict[str, str] = {}
    if not secret_store.is_current(key_id, row["secrets"]):
        values["secrets"] = secret_store.encode(key_id, secrets)
    if not secret_store.are_headers_current(key_id, stored_headers):
        values["headers"] = secret_store.encode_headers(key_id, headers)
    return values


async def count_unreadable(connection: AsyncConnection, secret_store: SecretStore) -> int:
    """Return how many subscriptions have a secret or header fields that no key decrypts.

    Nothing is sent to either.
    """
    columns = SUBSCRIPTION.c
    rows = (await connection.execute(select(columns.id, columns.secrets, columns.headers))).all()
    return sum(
        not (
            _is_readable(secret_store.decode, row.id, row.secrets)
            and _is_readable(secret_store.decode_headers, row.id, row.headers)
        )
        for row in rows
    )


async def check_key(connection: AsyncConnection, secret_store: SecretStore) -> None:
    """Raise `StorageError` if there are encrypted secrets and no key decrypts any of them.

    Then the process has the key of another service, and nothing is wrong with the subscriptions.
    Only for a store that ``checks_key``.
    """
    if not secret_store.checks_key:
        return
    encrypted = SUBSCRIPTION.c.secrets.contains(ENCRYPTED_PREFIX)
    query = select(SUBSCRIPTION.c.id, SUBSCRIPTION.c.secrets).where(encrypted)
    first = (await connection.execute(query.limit(_FIRST_ROWS))).all()
    if not first or _any_readable(secret_store, first):
        return
    if not _any_readable(secret_store, (await connection.execute(query)).all()):
        raise StorageError(
            "service.secret_key decrypts none of the stored secrets: this process neither sends "
            "deliveries nor stores secrets",
            code="wrong-secret-key",
            hint="Set secret_key to the value that the other processes have. If it is lost, rotate "
            "the secret of each subscription: syndicate subscriptions rotate-secret",
        )


def _any_readable(secret_store: SecretStore, rows: Sequence[Row[str, str]]) -> bool:
    return any(_is_readable(secret_store.decode, row.id, row.secrets) for row in rows)


def _is_readable(
    decode: Callable[[SubscriptionId, str], object], subscription_id: SubscriptionId, text: str
) -> bool:
    try:
        decode(subscription_id, text)
    except StorageError:
        return False
    return True
