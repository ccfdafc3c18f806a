"""Access tokens: stored as digests only."""

import secrets
from datetime import datetime
from typing import cast

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping

from syndicate.errors import UnknownName, UsageError
from syndicate.model.access_token import TOKEN_PREFIX, AccessToken, Role, TokenId, token_digest
from syndicate.storage.database import Database
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.row_mapping import optional_from_millis, optional_millis
from syndicate.storage.schema import TOKEN


class Tokens:
    """The tokens in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, role: Role, name: str, now: datetime, *, expires: datetime | None = None
    ) -> tuple[AccessToken, str]:
        """Create a token; return it with its text, which is not stored.

        Raises `UsageError` for a malformed name, since subscriptions belong to names, and for an
        expiry in the past.
        """
        if not name or name != name.strip() or not name.isprintable():
            raise UsageError(
                f"invalid token name {name!r}",
                code="malformed-name",
                hint="Give the name of the owner, as in --name 'Example agency'.",
            )
        if expires is not None and expires <= now:
            raise UsageError(
                f"the expiry is in the past: {expires.isoformat()}",
                code="already-expired",
                hint="Give a time in the future, or none.",
            )
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        new_row = {
            "id": f"tok_{secrets.token_hex(8)}",
            "digest": token_digest(text),
            "role": role,
            "name": name,
            "created_ms": millis(now),
            "expires_ms": optional_millis(expires),
        }
        async with self._database.write() as connection:
            result = await connection.execute(insert(TOKEN).values(new_row).returning(TOKEN))
            return _token_from_row(result.mappings().one()), text

    async def find(self, text: str, now: datetime) -> AccessToken | None:
        """Return the token with this text; None unless it is valid now."""
        query = select(TOKEN).where(TOKEN.c.digest == token_digest(text))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        token = None if row is None else _token_from_row(row)
        return token if token is not None and token.is_valid(now) else None

    async def list(self) -> tuple[AccessToken, ...]:
        """Return all tokens, expired and revoked ones too, the oldest first."""
        query = select(TOKEN).order_by(TOKEN.c.created_ms, TOKEN.c.id)
        async with self._database.read() as connection:
            return tuple(
                _token_from_row(row) for row in (await connection.execute(query)).mappings()
            )

    async def revoke(self, token_id: str, now: datetime) -> AccessToken:
        """Revoke a token; raises `UnknownName`.

        Its subscriptions continue: they belong to its name.
        """
        revoked = TOKEN.c.revoked_ms
        statement = (
            update(TOKEN)
            .where(TOKEN.c.id == token_id, revoked.is_(None))
            .values(revoked_ms=millis(now))
        )
        async with self._database.write() as connection:
            await connection.execute(statement)
            query = select(TOKEN).where(TOKEN.c.id == token_id)
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise UnknownName(
                f"there is no token {token_id}",
                code="unknown-token",
                hint="syndicate tokens list shows the ids of all.",
            )
        return _token_from_row(row)


def _token_from_row(row: RowMapping) -> AccessToken:
    return AccessToken(
        id=TokenId(row["id"]),
        role=cast("Role", row["role"]),
        name=row["name"],
        created=from_millis(row["created_ms"]),
        expires=optional_from_millis(row["expires_ms"]),
        revoked=optional_from_millis(row["revoked_ms"]),
    )
