"""Sessions of the portal: random ids, of which the database holds digests only."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, or_, select, update

from syndicate.model.access_token import TokenId, token_digest
from syndicate.storage.database import Database
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.schema import PORTAL_SESSION

MAX_AGE: Final = timedelta(hours=12)
"""How long a session lasts at most."""

MAX_IDLE: Final = timedelta(hours=1)
"""How long a session lasts without a request."""

_SEEN_INTERVAL: Final = timedelta(minutes=1)
"""How often a session in use is written at most."""


class PortalSessions:
    """The sessions in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, token_id: TokenId, now: datetime) -> str:
        """Start a session for the holder of a token, and return its id, which is not stored.

        Sessions that have ended are deleted.
        """
        session_id = secrets.token_urlsafe(32)
        expired = or_(
            PORTAL_SESSION.c.created_ms <= millis(now - MAX_AGE),
            PORTAL_SESSION.c.last_seen_ms <= millis(now - MAX_IDLE),
        )
        async with self._database.write() as connection:
            await connection.execute(delete(PORTAL_SESSION).where(expired))
            await connection.execute(
                insert(PORTAL_SESSION).values(
                    digest=token_digest(session_id),
                    token_id=token_id,
                    created_ms=millis(now),
                    last_seen_ms=millis(now),
                )
            )
        return session_id

    async def token_of(self, session_id: str, now: datetime) -> TokenId | None:
        """Return the token of a session, and note that it is in use; None if it has ended."""
        is_session = PORTAL_SESSION.c.digest == token_digest(session_id)
        query = select(
            PORTAL_SESSION.c.token_id, PORTAL_SESSION.c.created_ms, PORTAL_SESSION.c.last_seen_ms
        ).where(is_session)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        token_id, created, seen = TokenId(row[0]), from_millis(row[1]), from_millis(row[2])
        if now - created >= MAX_AGE or now - seen >= MAX_IDLE:
            return None
        if now - seen >= _SEEN_INTERVAL:
            async with self._database.write() as connection:
                await connection.execute(
                    update(PORTAL_SESSION).where(is_session).values(last_seen_ms=millis(now))
                )
        return token_id

    async def remove(self, session_id: str) -> None:
        """End a session."""
        digest = token_digest(session_id)
        async with self._database.write() as connection:
            await connection.execute(
                delete(PORTAL_SESSION).where(PORTAL_SESSION.c.digest == digest)
            )
