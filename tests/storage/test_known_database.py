"""A database that was lost, a new one, and one that was restored."""

import asyncio
import fcntl
import os
import pathlib
from dataclasses import replace

import pytest
from sqlalchemy import update

from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE
from syndicate.private_files import StateFile
from syndicate.storage.database import Database
from syndicate.storage.known_database import KnownDatabase
from syndicate.storage.schema import PUBLISHER, TOKEN
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.tokens import Tokens
from tests.databases import open_database
from tests.storage.outbox_fixture import NOW, subscriber


@pytest.fixture
def file(tmp_path: pathlib.Path) -> StateFile:
    """Return the file of the data folder."""
    return StateFile(tmp_path / "database.json")


async def is_lost(database: Database, file: StateFile) -> bool:
    """Return whether a process that starts finds that the database was lost."""
    known = KnownDatabase(database, file)
    await known.check()
    return known.is_lost


async def use(database: Database) -> None:
    """Add a token."""
    token = NewToken(role="partner", name="partner", contact="")
    await Tokens(database).create(token, NOW, SERVICE)


async def lose(database: Database) -> None:
    """Empty the database, which is another one then."""
    async with database.write() as connection:
        await connection.execute(TOKEN.delete())
        await connection.execute(update(PUBLISHER).values(ledger_id="another"))


async def test_empty_database_in_place_of_a_used_one_is_lost(
    address: str, file: StateFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until it is used: by a token of the operator, or by a backup."""
    async with open_database(address) as database:
        assert not await is_lost(database, file)
        await use(database)
        assert not await is_lost(database, file)
        await lose(database)
        assert "database lost" not in capsys.readouterr().err
        for _ in range(2):
            assert await is_lost(database, file)
            assert "syndicate db restore FILE" in capsys.readouterr().err
        subscriptions = Subscriptions(database, SecretStore())
        websub = replace(subscriber("w"), kind="websub", topic="https://feeds.example.gov/x")
        await subscriptions.add(websub, NOW)
        assert await is_lost(database, file)
        await subscriptions.add(subscriber("a"), NOW)
        assert not await is_lost(database, file)


async def test_database_without_partners_is_never_lost(address: str, file: StateFile) -> None:
    """Nor is one from which the last partner was removed."""
    async with open_database(address) as database:
        assert not await is_lost(database, file)
        await lose(database)
        assert not await is_lost(database, file)
        await use(database)
        assert not await is_lost(database, file)
        async with database.write() as connection:
            await connection.execute(TOKEN.delete())
        assert not await is_lost(database, file)
        await lose(database)
        assert not await is_lost(database, file)


async def test_comparison_alone_stores_nothing(address: str, file: StateFile) -> None:
    """A command may run as another user than the service."""
    async with open_database(address) as database:
        await KnownDatabase(database, file).compare()
        assert not file.file.exists()
        await use(database)
        assert not await is_lost(database, file)
        await lose(database)
        known = KnownDatabase(database, file)
        await known.compare()
        assert known.is_lost


async def test_requests_are_answered_while_another_process_writes(
    address: str, file: StateFile
) -> None:
    """The wait for its lock blocks a thread, not the event loop."""
    folder = os.open(file.file.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    async with open_database(address) as database:
        check = asyncio.create_task(is_lost(database, file))
        await asyncio.wait({check}, timeout=0.3)
        assert not check.done()
        os.close(folder)
        assert not await check
    assert file.read()["in_use"] is False


async def test_memory_that_cannot_be_written_is_no_error(
    address: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next check tries again."""
    (tmp_path / "none").touch()
    async with open_database(address) as database:
        assert not await is_lost(database, StateFile(tmp_path / "none" / "database.json"))
    assert "known database not stored" in capsys.readouterr().err


async def test_unreadable_memory_is_replaced(
    address: str, file: StateFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database works, and nothing is known of the one before."""
    file.file.write_text("not JSON")
    async with open_database(address) as database:
        assert not await is_lost(database, file)
    assert "known database unreadable" in capsys.readouterr().err
    assert file.read()["in_use"] is False
