"""Stored tokens: made, recognised, ended."""

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


def within(address: str, work: Callable[[Tokens, Database], Awaitable[None]]) -> None:
    """Do ``work`` with no tokens yet."""

    async def do() -> None:
        create_sqlite_database(address)
        database = await Database.open(address)
        try:
            await work(Tokens(database), database)
        finally:
            await database.close()

    asyncio.run(do())


def test_a_token_is_recognised_and_kept_nowhere(address: str) -> None:
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

    within(address, work)


def test_a_token_ends_when_it_was_said_to(address: str) -> None:
    """To the moment."""

    async def work(tokens: Tokens, _: Database) -> None:
        end = NOW + timedelta(days=1)
        token, shown = await tokens.create("admin", "Ops", NOW, expires=end)
        assert await tokens.find(shown, end - timedelta(milliseconds=1)) == token
        assert await tokens.find(shown, end) is None

    within(address, work)


@pytest.mark.parametrize("name", ["", " ", " Ops", "O\nps", "\x00"])
def test_a_token_is_somebodys(tmp_path: pathlib.Path, name: str) -> None:
    """Subscriptions made by command belong to nobody: no token may be for these."""

    async def work(tokens: Tokens, _: Database) -> None:
        with pytest.raises(UsageError, match="cannot be called"):
            await tokens.create("partner", name, NOW)
        assert await tokens.list() == ()

    within(sqlite_url(tmp_path), work)


def test_a_token_that_never_holds_is_not_made(tmp_path: pathlib.Path) -> None:
    """Whoever is handed it would look for the mistake in vain."""

    async def work(tokens: Tokens, _: Database) -> None:
        with pytest.raises(UsageError, match="expired already"):
            await tokens.create("admin", "Ops", NOW, expires=NOW)
        assert await tokens.list() == ()

    within(sqlite_url(tmp_path), work)


def test_a_revoked_token_is_good_for_nothing(address: str) -> None:
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

    within(address, work)


def test_revoking_what_is_not_there_is_refused(address: str) -> None:
    """With what to type to see what there is."""

    async def work(tokens: Tokens, _: Database) -> None:
        with pytest.raises(UnknownName, match="no token tok_x") as refused:
            await tokens.revoke("tok_x", NOW)
        assert "tokens list" in refused.value.hint

    within(address, work)
