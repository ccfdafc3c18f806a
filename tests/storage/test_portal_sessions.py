"""Sessions of the portal: they begin, idle, and end."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.model.access_token import TokenId
from syndicate.storage.database import Database
from syndicate.storage.portal_sessions import MAX_AGE, MAX_IDLE, PortalSessions
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio

TOKEN = TokenId("tok_1")
SECOND = timedelta(seconds=1)


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    """Return an open database without content."""
    opened = await Database.open(address)
    yield opened
    await opened.close()


@pytest.fixture
def sessions(database: Database) -> PortalSessions:
    """Return the sessions of a database that has none."""
    return PortalSessions(database)


async def stored(database: Database) -> str:
    """Return all rows as text."""
    async with database.read() as connection:
        return str((await connection.execute(text("SELECT * FROM portal_session"))).all())


async def test_session_is_found_by_its_id_which_is_not_stored(
    sessions: PortalSessions, database: Database
) -> None:
    """Only its digest is in the database; another id finds nothing."""
    session_id = await sessions.create(TOKEN, NOW)
    assert await sessions.token_of(session_id, NOW) == TOKEN
    assert await sessions.token_of(f"{session_id}x", NOW) is None
    assert session_id not in await stored(database)


async def test_removed_session_ends(sessions: PortalSessions) -> None:
    """And no other one."""
    removed, kept = [await sessions.create(TOKEN, NOW) for _ in range(2)]
    await sessions.remove(removed)
    assert await sessions.token_of(removed, NOW) is None
    assert await sessions.token_of(kept, NOW) == TOKEN


async def test_idle_session_ends(sessions: PortalSessions) -> None:
    """A request, noted once a minute, starts the time again."""
    session_id = await sessions.create(TOKEN, NOW)
    last = NOW + MAX_IDLE - SECOND
    assert await sessions.token_of(session_id, last) == TOKEN
    assert await sessions.token_of(session_id, last + SECOND) == TOKEN
    assert await sessions.token_of(session_id, last + MAX_IDLE - SECOND) == TOKEN
    assert await sessions.token_of(session_id, last + 2 * MAX_IDLE) is None


async def test_session_ends_after_twelve_hours(
    sessions: PortalSessions, database: Database
) -> None:
    """However busy it is; the next login deletes it."""
    session_id, at = await sessions.create(TOKEN, NOW), NOW
    while at + MAX_IDLE / 2 < NOW + MAX_AGE:
        at += MAX_IDLE / 2
        assert await sessions.token_of(session_id, at) == TOKEN
    assert await sessions.token_of(session_id, NOW + MAX_AGE) is None
    new_id = await sessions.create(TOKEN, NOW + MAX_AGE)
    assert (await stored(database)).count("tok_1") == 1
    assert await sessions.token_of(new_id, NOW + MAX_AGE) == TOKEN
