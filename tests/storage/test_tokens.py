"""Stored tokens: created, found, expired and revoked."""

import asyncio
import pathlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.errors import UnknownName, UsageError
from syndicate.storage.database import Database
from syndicate.storage.tokens import Tokens
from tests.databases import create_sqlite_database
from tests.stepwise_service import sqlite_url
from tests.storage.outbox_fixture import NOW


def run_with_tokens(address: str, work: Callable[[Tokens, Database], Awaitable[None]]) -> None:
    """Run ``work`` without any tokens."""

    async def do() -> None:
        create_sqlite_database(address)
        database = await Database.open(address)
        try:
            await work(Tokens(database), database)
        finally:
            await database.close()

    asyncio.run(do())


def test_token_is_found_by_its_text_which_is_not_stored(address: str) -> None:
    """Only its digest is in the database."""

    async def work(tokens: Tokens, database: Database) -> None:
        token, shown = await tokens.create("partner", "Example agency", NOW)
        assert shown.startswith("syn_")
        assert await tokens.find(shown, NOW) == token
        assert await tokens.find(shown + "x", NOW) is None
        assert await tokens.find("\udce9", NOW) is None
        assert (token.role, token.name, token.created) == ("partner", "Example agency", NOW)
        async with database.read() as connection:
            (row,) = (await connection.execute(text("SELECT * FROM token"))).all()
        assert shown not in str(row)

    run_with_tokens(address, work)


def test_token_expires_on_time(address: str) -> None:
    """To the millisecond."""

    async def work(tokens: Tokens, _: Database) -> None:
        end = NOW + timedelta(days=1)
        token, shown = await tokens.create("admin", "Ops", NOW, expires=end)
        assert await tokens.find(shown, end - timedelta(milliseconds=1)) == token
        assert await tokens.find(shown, end) is None

    run_with_tokens(address, work)


@pytest.mark.parametrize("name", ["", " ", " Ops", "O\nps", "\x00"])
def test_token_needs_a_name(tmp_path: pathlib.Path, name: str) -> None:
    """Subscriptions of the command line have no owner: no token may own these."""

    async def work(tokens: Tokens, _: Database) -> None:
        with pytest.raises(UsageError, match="cannot be called"):
            await tokens.create("partner", name, NOW)
        assert await tokens.list() == ()

    run_with_tokens(sqlite_url(tmp_path), work)


def test_token_that_has_expired_is_not_created(tmp_path: pathlib.Path) -> None:
    """Its owner would look for the cause in vain."""

    async def work(tokens: Tokens, _: Database) -> None:
        with pytest.raises(UsageError, match="expired already"):
            await tokens.create("admin", "Ops", NOW, expires=NOW)
        assert await tokens.list() == ()

    run_with_tokens(sqlite_url(tmp_path), work)


def test_revoked_token_is_not_found(address: str) -> None:
    """Revoking twice does not move the time; all stay listed, the oldest first."""

    async def work(tokens: Tokens, _: Database) -> None:
        first, shown = await tokens.create("admin", "Ops", NOW)
        later = NOW + timedelta(hours=1)
        second, _shown = await tokens.create("partner", "Example agency", later)
        revoked = await tokens.revoke(first.id, later)
        assert revoked.revoked == later
        assert await tokens.revoke(first.id, later + timedelta(hours=1)) == revoked
        assert await tokens.find(shown, later) is None
        assert await tokens.list() == (revoked, second)

    run_with_tokens(address, work)


def test_revoking_an_unknown_token_is_an_error(address: str) -> None:
    """With the command that lists the ids."""

    async def work(tokens: Tokens, _: Database) -> None:
        with pytest.raises(UnknownName, match="no token tok_x") as refused:
            await tokens.revoke("tok_x", NOW)
        assert "tokens list" in refused.value.hint

    run_with_tokens(address, work)
