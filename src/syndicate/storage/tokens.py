"""Access tokens: stored as digests only."""

import secrets
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.engine import RowMapping

from syndicate.errors import UnknownName
from syndicate.model.access_token import (
    TOKEN_PREFIX,
    AccessToken,
    NewToken,
    Role,
    TokenId,
    token_digest,
)
from syndicate.model.audit import Actor, AuditEntry
from syndicate.model.subscription import is_well_formed_id
from syndicate.storage.audit_log import record_audit
from syndicate.storage.database import Database
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.row_mapping import optional_from_millis, optional_millis
from syndicate.storage.schema import TOKEN

_USED_INTERVAL: Final = timedelta(minutes=5)
"""How often the last use of a token is written at most."""


class Tokens:
    """The tokens in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, new: NewToken, now: datetime, actor: Actor) -> tuple[AccessToken, str]:
        """Create a token; return it with its text, which is not stored.

        The audit entry is part of the transaction. Raises `UsageError` as `NewToken.validate` does.
        """
        new.validate(now)
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        new_row = {
            "id": f"tok_{secrets.token_hex(8)}",
            "digest": token_digest(text),
            "role": new.role,
            "name": new.name,
            "created_ms": millis(now),
            "expires_ms": optional_millis(new.expires),
            "contact": new.contact,
            "read_only": new.read_only,
        }
        async with self._database.write() as connection:
            result = await connection.execute(insert(TOKEN).values(new_row).returning(TOKEN))
            token = _token_from_row(result.mappings().one())
            detail = {"role": token.role, "name": token.name, "read_only": token.read_only}
            entry = AuditEntry(
                at=now, actor=actor, action="token.created", object_id=token.id, detail=detail
            )
            await record_audit(connection, entry)
        return token, text

    async def find(self, text: str) -> AccessToken | None:
        """Return the token with this text in whatever state; None if there is none."""
        return await self._find(TOKEN.c.digest == token_digest(text))

    async def get(self, token_id: TokenId) -> AccessToken | None:
        """Return the token with this id in whatever state; None if there is none."""
        return await self._find(TOKEN.c.id == token_id)

    async def _find(self, condition: ColumnElement[bool]) -> AccessToken | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(TOKEN).where(condition))).mappings().first()
        return None if row is None else _token_from_row(row)

    async def record_use(self, token: AccessToken, now: datetime) -> None:
        """Store that a token was used, unless that was stored some minutes ago."""
        if token.last_used is None or now - token.last_used >= _USED_INTERVAL:
            statement = update(TOKEN).where(TOKEN.c.id == token.id)
            async with self._database.write() as connection:
                await connection.execute(statement.values(last_used_ms=millis(now)))

    async def list(self) -> tuple[AccessToken, ...]:
        """Return all tokens, expired and revoked ones too, the oldest first."""
        query = select(TOKEN).order_by(TOKEN.c.created_ms, TOKEN.c.id)
        async with self._database.read() as connection:
            return tuple(
                _token_from_row(row) for row in (await connection.execute(query)).mappings()
            )

    async def revoke(self, token_id: str, now: datetime, actor: Actor) -> AccessToken:
        """Revoke a token, which ends its sessions; raises `UnknownName`.

        Its subscriptions continue: they belong to its name.
        """
        statement = (
            update(TOKEN)
            .where(TOKEN.c.id == token_id, TOKEN.c.revoked_ms.is_(None))
            .values(revoked_ms=millis(now))
        )
        if not is_well_formed_id(token_id):
            raise _unknown_token(token_id)
        async with self._database.write() as connection:
            is_new = (await connection.execute(statement)).rowcount == 1
            query = select(TOKEN).where(TOKEN.c.id == token_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                raise _unknown_token(token_id)
            token = _token_from_row(row)
            if is_new:
                detail = {"name": token.name}
                entry = AuditEntry(
                    at=now, actor=actor, action="token.revoked", object_id=token.id, detail=detail
                )
                await record_audit(connection, entry)
        return token


def _unknown_token(token_id: str) -> UnknownName:
    return UnknownName(
        f"there is no token {token_id}",
        code="unknown-token",
        hint="syndicate tokens list shows the ids of all.",
    )


def _token_from_row(row: RowMapping) -> AccessToken:
    return AccessToken(
        id=TokenId(row["id"]),
        role=cast("Role", row["role"]),
        name=row["name"],
        created=from_millis(row["created_ms"]),
        expires=optional_from_millis(row["expires_ms"]),
        revoked=optional_from_millis(row["revoked_ms"]),
        contact=row["contact"],
        read_only=row["read_only"],
        last_used=optional_from_millis(row["last_used_ms"]),
    )
