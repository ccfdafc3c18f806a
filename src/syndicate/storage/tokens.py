"""The stored tokens: of what partners show, only a digest."""

import secrets
from datetime import datetime
from typing import cast

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping

from syndicate.errors import UnknownName, UsageError
from syndicate.model.token import PREFIX, Role, Token, TokenId, digest
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis, moment
from syndicate.storage.rows import perhaps_millis, perhaps_moment
from syndicate.storage.schema import TOKEN


class Tokens:
    """The tokens in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, role: Role, name: str, now: datetime, *, expires: datetime | None = None
    ) -> tuple[Token, str]:
        """Make a token, and return it with the text that its owner shows, which is not kept.

        Raises `UsageError` for a name that is no name, since what belongs to nobody would then be
        theirs, and for a token that would never hold.
        """
        if not name or name != name.strip() or not name.isprintable():
            raise UsageError(
                f"a token cannot be called {name!r}",
                code="malformed-name",
                hint="Say whose it is, as in --name 'Example agency'.",
            )
        if expires is not None and expires <= now:
            raise UsageError(
                f"the token would have expired already: {expires.isoformat()}",
                code="already-expired",
                hint="Give a time to come, or none.",
            )
        text = PREFIX + secrets.token_urlsafe(32)
        made = {
            "id": f"tok_{secrets.token_hex(8)}",
            "digest": digest(text),
            "role": role,
            "name": name,
            "created_ms": millis(now),
            "expires_ms": perhaps_millis(expires),
        }
        async with self._database.write() as connection:
            answer = await connection.execute(insert(TOKEN).values(made).returning(TOKEN))
            return _token(answer.mappings().one()), text

    async def find(self, text: str, now: datetime) -> Token | None:
        """Return the token of which ``text`` was shown; None unless it holds now."""
        asked = select(TOKEN).where(TOKEN.c.digest == digest(text))
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).mappings().first()
        token = None if found is None else _token(found)
        return token if token is not None and token.holds(now) else None

    async def list(self) -> tuple[Token, ...]:
        """Return every token there ever was, the oldest first."""
        asked = select(TOKEN).order_by(TOKEN.c.created_ms, TOKEN.c.id)
        async with self._database.read() as connection:
            return tuple(_token(found) for found in (await connection.execute(asked)).mappings())

    async def revoke(self, which: str, now: datetime) -> Token:
        """Let the token with the id ``which`` be good for nothing from now on.

        Raises `UnknownName`. Its subscriptions go on; they belong to its name.
        """
        revoked = TOKEN.c.revoked_ms
        revoking = (
            update(TOKEN)
            .where(TOKEN.c.id == which, revoked.is_(None))
            .values(revoked_ms=millis(now))
        )
        async with self._database.write() as connection:
            await connection.execute(revoking)
            asked = select(TOKEN).where(TOKEN.c.id == which)
            found = (await connection.execute(asked)).mappings().first()
        if found is None:
            raise UnknownName(
                f"there is no token {which}",
                code="unknown-token",
                hint="syndicate tokens list shows the ids of all.",
            )
        return _token(found)


def _token(found: RowMapping) -> Token:
    return Token(
        id=TokenId(found["id"]),
        role=cast("Role", found["role"]),
        name=found["name"],
        made=moment(found["created_ms"]),
        expires=perhaps_moment(found["expires_ms"]),
        revoked=perhaps_moment(found["revoked_ms"]),
    )
