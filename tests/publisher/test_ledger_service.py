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
from syndicate.publisher import ledger_service as rooms
from syndicate.publisher.ledger_service import LedgerService
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from tests import samples
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, NOW, SECOND, post_file
from tests.stepwise_service import sqlite_url


@asynccontextmanager
async def kept(
    newsroom: ContentService, address: str, ended: Callable[[], None] = lambda: None
) -> AsyncIterator[LedgerService]:
    """Keep a chronicle of all that ``newsroom`` publishes."""
    publisher = SourceWatcher(
        newsroom.source_readers(), build_edition=newsroom.build_edition, clock=newsroom.clock
    )
    following = asyncio.create_task(publisher.run())
    await publisher.next_edition()
    chronicle = LedgerService(
        address,
        watcher=publisher,
        renderer=newsroom,
        service_info=samples.SERVICE_INFO,
        clock=newsroom.clock,
        on_crash=ended,
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
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Who asks waits until the edition in service is told, and so never hears less than it has."""

    async def work() -> None:
        async with kept(content_service, sqlite_url(tmp_path)) as chronicle:
            position, rows = await chronicle.entries_after(None, 10)
            assert [one.reason for one in rows] == ["new"]
            assert chronicle.failing == ""
            assert [one.row.post_id for one in chronicle.removed] == []
            content.commit({SECOND: post_file("Second")})
            content.commit({FIRST: None})
            await until(lambda: bool(chronicle.removed))
            _, rows = await chronicle.entries_after(position.advanced_to(rows[0]), 10)
            assert sorted(one.reason or "" for one in rows) == ["deleted", "new"]
            assert [one.row.path for one in chronicle.removed] == [FIRST]

    run(work)


def test_a_service_that_stops_gives_the_right_to_tell_back(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """The next one need not wait until it runs out."""

    async def work() -> None:
        async with kept(content_service, sqlite_url(tmp_path)) as chronicle:
            await chronicle.entries_after(None, 10)
        database = await Database.open(sqlite_url(tmp_path))
        assert await Ledger(database).acquire_lease("next", NOW)
        await database.close()

    run(work)


def test_a_database_that_fails_is_tried_again(
    content_service: ContentService, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why it fails is told at once; when it works again, so does everything."""
    monkeypatch.setattr(rooms, "_RETRY_SECONDS", 0.02)
    folder = tmp_path / "database"
    folder.write_text("in the way")

    async def work() -> None:
        async with kept(content_service, sqlite_url(folder)) as chronicle:
            await until(lambda: bool(chronicle.failing))
            with pytest.raises(StorageError, match="database"):
                await chronicle.entries_after(None, 10)
            folder.unlink()
            await until(lambda: not chronicle.failing)
            assert len((await chronicle.entries_after(None, 10))[1]) == 1

    run(work)


def test_a_fault_of_ours_ends_nothing(
    content_service: ContentService,
    tmp_path: pathlib.Path,
    content: ContentRepository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is logged with its traceback, and tried again like anything else."""
    monkeypatch.setattr(rooms, "_RETRY_SECONDS", 0.02)
    ends: list[str] = []

    async def work() -> None:
        async with kept(
            content_service, sqlite_url(tmp_path), lambda: ends.append("it")
        ) as chronicle:
            await chronicle.entries_after(None, 10)
            monkeypatch.delattr(content_service, "_renderer")
            content.commit({FIRST: post_file("Better")})
            await until(lambda: "AttributeError" in chronicle.failing)
            await until(lambda: bool(ends))

    run(work)
    assert "Traceback" in capsys.readouterr().err


def test_who_follows_does_not_wait_for_ever(
    content_service: ContentService, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while the database is opened, nor while it does not answer."""
    monkeypatch.setattr(rooms, "_RECORDING_TIMEOUT_SECONDS", 0.0)

    async def work() -> None:
        async with kept(content_service, sqlite_url(tmp_path)) as chronicle:
            with pytest.raises(StorageError, match="being opened"):
                await chronicle.entries_after(None, 10)
            await until(lambda: chronicle._ledger is not None)  # noqa: SLF001 — no other sign
            monkeypatch.setattr(rooms, "_TIMEOUT_SECONDS", 0.0)
            with pytest.raises(StorageError, match="does not answer"):
                await chronicle.entries_after(None, 10)

    run(work)


def test_the_right_to_tell_is_renewed(
    content_service: ContentService, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing is published meanwhile."""
    monkeypatch.setattr(rooms, "_RENEW_SECONDS", 0.01)

    async def work() -> None:
        async with kept(content_service, sqlite_url(tmp_path)) as chronicle:
            await chronicle.entries_after(None, 10)
            database = await Database.open(sqlite_url(tmp_path))
            async with database.write() as connection:
                await connection.exec_driver_sql("UPDATE publisher SET lease_until_ms = 0")
            ledger = Ledger(database)
            async with asyncio.timeout(5):
                while await ledger.acquire_lease("other", NOW):
                    await ledger.release_lease("other")
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
    content_service: ContentService,
    tmp_path: pathlib.Path,
    process: Callable[[], object],
    host: str,
    is_taken: bool,
) -> None:
    """A service that was killed tells again at once; of other hosts nobody can know."""
    holder = f"{host}:{process()}:0"

    async def work() -> None:
        database = await Database.open(sqlite_url(tmp_path))
        ledger = Ledger(database)
        assert await ledger.acquire_lease(holder, NOW)
        async with kept(content_service, sqlite_url(tmp_path)) as chronicle:
            _, rows = await chronicle.entries_after(None, 10)
            assert bool(rows) is is_taken
            assert (await ledger.lease_holder() == holder) is not is_taken
        await database.close()

    run(work)


def test_a_process_that_may_not_be_asked_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another user's."""

    def refuse(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", refuse)
    for holder in (f"{socket.gethostname()}:{os.getppid()}:0", rooms._HOLDER):  # noqa: SLF001
        assert not rooms._is_dead(holder)  # noqa: SLF001 — root may ask every process
