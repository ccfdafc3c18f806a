"""Stored tokens: created, found, expired and revoked."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.errors import UnknownName, UsageError
from syndicate.storage.database import Database
from syndicate.storage.tokens import Tokens
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    """Return an open database without content."""
    opened = await Database.open(address)
    yield opened
    await opened.close()


@pytest.fixture
def tokens(database: Database) -> Tokens:
    """Return the tokens of a database that has none."""
    return Tokens(database)


async def test_token_is_found_by_its_text_which_is_not_stored(
    tokens: Tokens, database: Database
) -> None:
    """Only its digest is in the database."""
    token, token_text = await tokens.create("partner", "Example agency", NOW)
    assert token_text.startswith("syn_")
    assert await tokens.find(token_text, NOW) == token
    assert await tokens.find(token_text + "x", NOW) is None
    assert await tokens.find("\udce9", NOW) is None
    assert (token.role, token.name, token.created) == ("partner", "Example agency", NOW)
    async with database.read() as connection:
        (row,) = (await connection.execute(text("SELECT * FROM token"))).all()
    assert token_text not in str(row)


async def test_token_expires_on_time(tokens: Tokens) -> None:
    """To the millisecond."""
    end = NOW + timedelta(days=1)
    token, token_text = await tokens.create("admin", "Ops", NOW, expires=end)
    assert await tokens.find(token_text, end - timedelta(milliseconds=1)) == token
    assert await tokens.find(token_text, end) is None


@pytest.mark.parametrize("name", ["", " ", " Ops", "O\nps", "\x00"])
async def test_token_needs_a_name(tokens: Tokens, name: str) -> None:
    """Subscriptions of the command line have no owner: no token may own these."""
    with pytest.raises(UsageError, match="invalid token name"):
        await tokens.create("partner", name, NOW)
    assert await tokens.list() == ()


async def test_token_that_has_expired_is_not_created(tokens: Tokens) -> None:
    """Its owner would look for the cause in vain."""
    with pytest.raises(UsageError, match="in the past"):
        await tokens.create("admin", "Ops", NOW, expires=NOW)
    assert await tokens.list() == ()


async def test_revoked_token_is_not_found(tokens: Tokens) -> None:
    """Revoking twice does not move the time; all stay listed, the oldest first."""
    first, first_text = await tokens.create("admin", "Ops", NOW)
    later = NOW + timedelta(hours=1)
    second, _ = await tokens.create("partner", "Example agency", later)
    revoked = await tokens.revoke(first.id, later)
    assert revoked.revoked == later
    assert await tokens.revoke(first.id, later + timedelta(hours=1)) == revoked
    assert await tokens.find(first_text, later) is None
    assert await tokens.list() == (revoked, second)


async def test_revoking_an_unknown_token_is_an_error(tokens: Tokens) -> None:
    """With the command that lists the ids."""
    with pytest.raises(UnknownName, match="no token tok_x") as caught:
        await tokens.revoke("tok_x", NOW)
    assert "tokens list" in caught.value.hint
