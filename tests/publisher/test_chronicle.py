"""The ledger of a running service: kept, followed, and done without."""

import asyncio
import os
import pathlib
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from syndicate.errors import StorageError
from syndicate.publisher import chronicle as rooms
from syndicate.publisher.chronicle import Chronicle
from syndicate.publisher.following import Publisher
from syndicate.service.newsroom import Newsroom
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from tests.content_repository import ContentRepository
from tests.mirror import sqlite
from tests.publisher.conftest import FIRST, NOW, SECOND, file


@asynccontextmanager
async def kept(
    newsroom: Newsroom, address: str, ended: Callable[[], None] = lambda: None
) -> AsyncIterator[Chronicle]:
    """Keep a chronicle of all that ``newsroom`` publishes."""
    publisher = Publisher(
        newsroom.followers(), put_together=newsroom.put_together, clock=newsroom.clock
    )
    following = asyncio.create_task(publisher.run())
    await publisher.next()
    chronicle = Chronicle(
        address, publisher=publisher, maker=newsroom, clock=newsroom.clock, ended=ended
    )
    keeping = asyncio.create_task(chronicle.run())
    try:
        async with asyncio.timeout(20):
            yield chronicle
    finally:
        following.cancel()
        keeping.cancel()
        await asyncio.gather(following, keeping, return_exceptions=True)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work``."""

    async def do() -> None:
        await work()

    asyncio.run(do())


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not holds():  # noqa: ASYNC110 — what is waited for has no event
        await asyncio.sleep(0.005)


def test_every_edition_is_told_and_may_be_followed(
    newsroom: Newsroom, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Who asks waits until the edition in service is told, and so never hears less than it has."""

    async def work() -> None:
        async with kept(newsroom, sqlite(tmp_path)) as chronicle:
            position, rows = await chronicle.told(None, 10)
            assert [one.reason for one in rows] == ["new"]
            assert chronicle.failing == ""
            assert [one.row.post for one in chronicle.removed] == []
            content.commit({SECOND: file("Second")})
            content.commit({FIRST: None})
            await until(lambda: bool(chronicle.removed))
            _, rows = await chronicle.told(position.after(rows[0]), 10)
            assert sorted(one.reason or "" for one in rows) == ["deleted", "new"]
            assert [one.row.path for one in chronicle.removed] == [FIRST]

    run(work)


def test_a_service_that_stops_gives_the_right_to_tell_back(
    newsroom: Newsroom, tmp_path: pathlib.Path
) -> None:
    """The next one need not wait until it runs out."""

    async def work() -> None:
        async with kept(newsroom, sqlite(tmp_path)) as chronicle:
            await chronicle.told(None, 10)
        database = await Database.open(sqlite(tmp_path))
        assert await Ledger(database).lease("next", NOW)
        await database.close()

    run(work)


def test_a_database_that_fails_is_tried_again(
    newsroom: Newsroom, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why it fails is told at once; when it works again, so does everything."""
    monkeypatch.setattr(rooms, "_RETRY_SECONDS", 0.02)
    folder = tmp_path / "database"
    folder.write_text("in the way")

    async def work() -> None:
        async with kept(newsroom, sqlite(folder)) as chronicle:
            await until(lambda: bool(chronicle.failing))
            with pytest.raises(StorageError, match="database"):
                await chronicle.told(None, 10)
            folder.unlink()
            await until(lambda: not chronicle.failing)
            assert len((await chronicle.told(None, 10))[1]) == 1

    run(work)


def test_a_fault_of_ours_ends_nothing(
    newsroom: Newsroom,
    tmp_path: pathlib.Path,
    content: ContentRepository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is logged with its traceback, and tried again like anything else."""
    monkeypatch.setattr(rooms, "_RETRY_SECONDS", 0.02)
    ends: list[str] = []

    async def work() -> None:
        async with kept(newsroom, sqlite(tmp_path), lambda: ends.append("it")) as chronicle:
            await chronicle.told(None, 10)
            monkeypatch.delattr(newsroom, "_items")
            content.commit({FIRST: file("Better")})
            await until(lambda: "AttributeError" in chronicle.failing)
            await until(lambda: bool(ends))

    run(work)
    assert "Traceback" in capsys.readouterr().err


def test_who_follows_does_not_wait_for_ever(
    newsroom: Newsroom, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while the database is opened, nor while it does not answer."""
    monkeypatch.setattr(rooms, "_COMPARING_SECONDS", 0.0)

    async def work() -> None:
        async with kept(newsroom, sqlite(tmp_path)) as chronicle:
            with pytest.raises(StorageError, match="being opened"):
                await chronicle.told(None, 10)
            await until(lambda: chronicle._ledger is not None)  # noqa: SLF001 — no other sign
            monkeypatch.setattr(rooms, "_PATIENCE_SECONDS", 0.0)
            with pytest.raises(StorageError, match="does not answer"):
                await chronicle.told(None, 10)

    run(work)


def test_the_right_to_tell_is_renewed(
    newsroom: Newsroom, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing is published meanwhile."""
    monkeypatch.setattr(rooms, "_RENEW_SECONDS", 0.01)

    async def work() -> None:
        async with kept(newsroom, sqlite(tmp_path)) as chronicle:
            await chronicle.told(None, 10)
            database = await Database.open(sqlite(tmp_path))
            async with database.write() as connection:
                await connection.exec_driver_sql("UPDATE publisher SET lease_until_ms = 0")
            ledger = Ledger(database)
            async with asyncio.timeout(5):
                while await ledger.lease("other", NOW):
                    await ledger.release("other")
                    await asyncio.sleep(0.01)
            await database.close()

    run(work)


def dead_process() -> int:
    """Return the number of a process that has ended."""
    done = subprocess.Popen(["true"])
    done.wait()
    return done.pid


@pytest.mark.parametrize(
    ("process", "host", "is_taken"),
    [
        (dead_process, socket.gethostname(), True),
        (os.getpid, socket.gethostname(), True),
        (os.getppid, socket.gethostname(), False),
        (dead_process, "elsewhere", False),
        (lambda: "no number", socket.gethostname(), False),
    ],
)
def test_the_right_of_a_dead_process_is_taken_over(
    newsroom: Newsroom,
    tmp_path: pathlib.Path,
    process: Callable[[], object],
    host: str,
    is_taken: bool,
) -> None:
    """A service that was killed tells again at once; of other hosts nobody can know."""
    holder = f"{host}:{process()}:0"

    async def work() -> None:
        database = await Database.open(sqlite(tmp_path))
        ledger = Ledger(database)
        assert await ledger.lease(holder, NOW)
        async with kept(newsroom, sqlite(tmp_path)) as chronicle:
            _, rows = await chronicle.told(None, 10)
            assert bool(rows) is is_taken
            assert (await ledger.holder() == holder) is not is_taken
        await database.close()

    run(work)


def test_a_process_that_may_not_be_asked_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another user's."""

    def refuse(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", refuse)
    for holder in (f"{socket.gethostname()}:{os.getppid()}:0", rooms._HERE):  # noqa: SLF001
        assert not rooms._is_dead(holder)  # noqa: SLF001 — root may ask every process
