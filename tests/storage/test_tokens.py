"""Stored tokens: created, found, used and revoked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import text

from syndicate.errors import UnknownName, UsageError
from syndicate.model.access_token import NewToken, TokenId
from syndicate.model.audit import Actor
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.database import Database
from syndicate.storage.tokens import Tokens
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio

OPERATOR: Final = Actor(name="command:operator")
PARTNER: Final = NewToken(role="partner", name="Example agency")
ADMIN: Final = NewToken(role="admin", name="Ops")


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
    token, token_text = await tokens.create(PARTNER, NOW, OPERATOR)
    assert token_text.startswith("syn_")
    assert await tokens.find(token_text) == await tokens.get(token.id) == token
    assert await tokens.find(token_text + "x") is None
    assert await tokens.find("\udce9") is None
    assert await tokens.get(TokenId("tok_x")) is None
    assert (token.role, token.name, token.created) == ("partner", "Example agency", NOW)
    async with database.read() as connection:
        (row,) = (await connection.execute(text("SELECT * FROM token"))).all()
    assert token_text not in str(row)


async def test_token_has_an_expiry_a_contact_and_rights(tokens: Tokens) -> None:
    """As they were given."""
    end = NOW + timedelta(days=1)
    new = replace(PARTNER, expires=end, contact="web@example.gov", read_only=True)
    token, token_text = await tokens.create(new, NOW, OPERATOR)
    assert await tokens.find(token_text) == token
    assert (token.expires, token.contact, token.read_only) == (end, "web@example.gov", True)
    assert token.last_used is None


async def test_last_use_of_a_token_is_stored_every_five_minutes(tokens: Tokens) -> None:
    """Not with every request."""
    token, _ = await tokens.create(PARTNER, NOW, OPERATOR)
    expected = [NOW, NOW, NOW + timedelta(minutes=5)]
    for minutes, last_used in zip((0, 4, 5), expected, strict=True):
        await tokens.record_use(token, NOW + timedelta(minutes=minutes))
        (token,) = await tokens.list()
        assert token.last_used == last_used


@pytest.mark.parametrize("contact", ["nobody", "http://x.example", "https://u:p@x.example", "@"])
async def test_token_with_a_malformed_contact_is_not_created(tokens: Tokens, contact: str) -> None:
    """Nobody would learn of failures."""
    with pytest.raises(UsageError, match="invalid contact"):
        await tokens.create(replace(PARTNER, contact=contact), NOW, OPERATOR)
    assert await tokens.list() == ()


@pytest.mark.parametrize("name", ["", " ", " Ops", "O\nps", "\x00"])
async def test_token_needs_a_name(tokens: Tokens, name: str) -> None:
    """Subscriptions of the command line have no owner: no token may own these."""
    with pytest.raises(UsageError, match="invalid token name"):
        await tokens.create(replace(PARTNER, name=name), NOW, OPERATOR)
    assert await tokens.list() == ()


async def test_token_that_has_expired_is_not_created(tokens: Tokens) -> None:
    """Its owner would look for the cause in vain."""
    with pytest.raises(UsageError, match="in the past"):
        await tokens.create(replace(ADMIN, expires=NOW), NOW, OPERATOR)
    assert await tokens.list() == ()


async def test_revoked_token_stays_listed(tokens: Tokens) -> None:
    """Revoking twice does not move the time; all stay listed, the oldest first."""
    first, first_text = await tokens.create(ADMIN, NOW, OPERATOR)
    later = NOW + timedelta(hours=1)
    second, _ = await tokens.create(PARTNER, later, OPERATOR)
    revoked = await tokens.revoke(first.id, later, OPERATOR)
    assert revoked.revoked == later
    assert await tokens.revoke(first.id, later + timedelta(hours=1), OPERATOR) == revoked
    assert await tokens.find(first_text) == revoked
    assert await tokens.list() == (revoked, second)


async def test_tokens_are_audited_once(tokens: Tokens, database: Database) -> None:
    """Creation and revocation, with the actor, and never the text of the token."""
    token, token_text = await tokens.create(PARTNER, NOW, OPERATOR)
    for _ in range(2):
        await tokens.revoke(token.id, NOW, OPERATOR)
    entries = await AuditLog(database).latest()
    assert [(entry.action, entry.object_id, entry.actor) for entry in entries] == [
        ("token.revoked", token.id, OPERATOR),
        ("token.created", token.id, OPERATOR),
    ]
    assert token_text not in str(entries)


@pytest.mark.parametrize("token_id", ["tok_x", "\x00", "\udcff"])
async def test_revoking_an_unknown_token_is_an_error(tokens: Tokens, token_id: str) -> None:
    """With the command that lists the ids."""
    with pytest.raises(UnknownName, match=f"no token {token_id}") as caught:
        await tokens.revoke(token_id, NOW, OPERATOR)
    assert "tokens list" in caught.value.hint
