"""The ledger in a running service: recorded, read, and done without."""

import asyncio
import os
import pathlib
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from syndicate.errors import StorageError
from syndicate.model.change import LedgerEntry
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.publisher.ledger_service import (
    HOLDER,
    DistributeTopics,
    LedgerService,
    LedgerTimeouts,
)
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.storage.database import Database
from syndicate.storage.lease_holder import is_dead_holder
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.content_repository import ContentRepository
from tests.databases import open_database
from tests.publisher.conftest import FIRST, NOW, SECOND, post_file
from tests.stepwise_service import sqlite_url

pytestmark = pytest.mark.anyio

FAST_RETRY = LedgerTimeouts(retry_seconds=0.02)


@asynccontextmanager
async def running_ledger(
    content_service: ContentService,
    database_url: str,
    *,
    timeouts: LedgerTimeouts | None = None,
    on_crash: Callable[[], None] = lambda: None,
    distribute_topics: DistributeTopics | None = None,
) -> AsyncIterator[LedgerService]:
    """Run the ledger of all editions of a content service."""
    watcher = SourceWatcher(
        content_service.source_readers(),
        build_edition=content_service.build_edition,
        clock=content_service.clock,
    )
    watching = asyncio.create_task(watcher.run())
    await watcher.next_edition()
    ledger_service = LedgerService(
        database_url,
        watcher=watcher,
        renderer=content_service.renderer,
        service_info=samples.SERVICE_INFO,
        clock=content_service.clock,
        timeouts=timeouts or LedgerTimeouts(),
        on_crash=on_crash,
        distribute_topics=distribute_topics,
    )
    recording = asyncio.create_task(ledger_service.run())
    try:
        async with asyncio.timeout(60):
            yield ledger_service
    finally:
        watching.cancel()
        recording.cancel()
        await asyncio.gather(watching, recording, return_exceptions=True)


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    while not condition():  # noqa: ASYNC110 — the condition has no event
        await asyncio.sleep(0.005)


@pytest.mark.slow
async def test_every_edition_is_recorded_and_can_be_read(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """A reader waits for the edition in service, so it never gets less than that."""
    async with running_ledger(content_service, sqlite_url(tmp_path)) as ledger_service:
        cursor, entries = await ledger_service.entries_after(None, 10)
        assert [entry.reason for entry in entries] == ["new"]
        assert ledger_service.failing == ""
        assert [*ledger_service.removed] == []
        content.commit({SECOND: post_file("Second")})
        content.commit({FIRST: None})
        await wait_until(lambda: bool(ledger_service.removed))
        _, entries = await ledger_service.entries_after(cursor.advanced_to(entries[0]), 10)
        assert sorted(entry.reason or "" for entry in entries) == ["deleted", "new"]
        assert [entry.row.path for entry in ledger_service.removed] == [FIRST]


@pytest.mark.slow
async def test_service_that_stops_releases_its_lease(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """The next one need not wait until the lease expires."""
    async with running_ledger(content_service, sqlite_url(tmp_path)) as ledger_service:
        await ledger_service.entries_after(None, 10)
    database = await Database.open(sqlite_url(tmp_path))
    assert await Ledger(database).acquire_lease("next", NOW)
    await database.close()


async def test_failing_database_is_opened_again(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """The reason is known at once; when the database works, so does everything."""
    folder = tmp_path / "database"
    folder.write_text("in the way")
    async with running_ledger(
        content_service, sqlite_url(folder), timeouts=FAST_RETRY
    ) as ledger_service:
        await wait_until(lambda: bool(ledger_service.failing))
        with pytest.raises(StorageError, match="database"):
            await ledger_service.entries_after(None, 10)
        folder.unlink()
        await wait_until(lambda: not ledger_service.failing)
        assert len((await ledger_service.entries_after(None, 10))[1]) == 1


async def test_unexpected_error_is_logged_and_retried(
    content_service: ContentService,
    tmp_path: pathlib.Path,
    content: ContentRepository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With its traceback, like a failure of the database."""
    crashes: list[str] = []
    async with running_ledger(
        content_service,
        sqlite_url(tmp_path),
        timeouts=FAST_RETRY,
        on_crash=lambda: crashes.append("crash"),
    ) as ledger_service:
        await ledger_service.entries_after(None, 10)
        monkeypatch.setattr(content_service.renderer, "render", None)
        content.commit({FIRST: post_file("Better")})
        await wait_until(lambda: "TypeError" in ledger_service.failing)
        await wait_until(lambda: bool(crashes))
    assert "Traceback" in capsys.readouterr().err


async def test_topics_are_distributed_while_they_have_subscribers(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """For nobody, no topic is built."""
    holders: list[str] = []

    async def distribute(_: Database, holder: str) -> None:
        holders.append(holder)

    url = sqlite_url(tmp_path)
    async with running_ledger(content_service, url, distribute_topics=distribute) as ledger_service:
        await ledger_service.entries_after(None, 10)
        assert holders == []
        await add_topic_subscription(url)
        content.commit({FIRST: post_file("Better")})
        await wait_until(lambda: bool(holders))
    assert holders[0] == HOLDER


async def test_distribution_does_not_delay_the_next_edition(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Thousands of topics may take minutes; the last edition is distributed in the end."""
    url, released, begun = sqlite_url(tmp_path), asyncio.Event(), list[str]()
    await add_topic_subscription(url)

    async def distribute(_: Database, holder: str) -> None:
        begun.append(holder)
        await released.wait()

    async with running_ledger(content_service, url, distribute_topics=distribute) as ledger_service:
        await wait_until(lambda: len(begun) == 1)
        content.commit({SECOND: post_file("Second")})
        entries: Sequence[LedgerEntry] = ()
        while len(entries) < 2:
            _, entries = await ledger_service.entries_after(None, 10)
        assert len(begun) == 1
        released.set()
        await wait_until(lambda: len(begun) == 2)


async def test_failing_distribution_is_begun_again(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """The database is opened again, as after any other error of it."""
    url, begun = sqlite_url(tmp_path), list[str]()
    await add_topic_subscription(url)

    async def distribute(_: Database, holder: str) -> None:
        begun.append(holder)
        if len(begun) == 1:
            raise StorageError("the disk is full")

    async with running_ledger(
        content_service, url, timeouts=FAST_RETRY, distribute_topics=distribute
    ):
        await wait_until(lambda: len(begun) == 2)


async def add_topic_subscription(database_url: str) -> None:
    """Add a WebSub subscription to the database."""
    subscriber = Subscription(
        id=SubscriptionId("sub_1"),
        kind="websub",
        url="https://reader.example/callback",
        topic="https://feeds.example.gov/feeds/all.json",
        lease_until=NOW + timedelta(days=1),
    )
    async with open_database(database_url) as database:
        await Subscriptions(database, SecretStore()).add(subscriber, NOW)


async def test_reader_gets_an_error_after_a_timeout(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """While the database is opened, and while it does not respond."""
    timeouts = LedgerTimeouts(recording_seconds=0, database_seconds=0)
    messages: list[str] = []
    async with running_ledger(
        content_service, sqlite_url(tmp_path), timeouts=timeouts
    ) as ledger_service:
        while len(set(messages)) < 2:
            with pytest.raises(StorageError) as caught:
                await ledger_service.entries_after(None, 10)
            messages.append(caught.value.message)
            await asyncio.sleep(0.005)
    assert messages[0] == "the database is being opened"
    assert messages[-1] == "the database did not respond in time"


async def test_lease_is_renewed_without_new_editions(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """Another process cannot acquire it for long, even if it expired once."""
    async with running_ledger(
        content_service, sqlite_url(tmp_path), timeouts=LedgerTimeouts(renew_seconds=0.01)
    ) as ledger_service:
        await ledger_service.entries_after(None, 10)
        database = await Database.open(sqlite_url(tmp_path))
        ledger = Ledger(database)
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE publisher SET lease_until_ms = 0")
        while await ledger.acquire_lease("other", NOW):
            await ledger.release_lease("other")
            await asyncio.sleep(0.01)
        await database.close()


def dead_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


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
async def test_lease_of_a_dead_process_is_taken_over(
    content_service: ContentService,
    tmp_path: pathlib.Path,
    process: Callable[[], object],
    host: str,
    is_taken: bool,
) -> None:
    """A killed service continues at once; processes of other hosts may be alive."""
    holder = f"{host}:{process()}:0"
    database = await Database.open(sqlite_url(tmp_path))
    ledger = Ledger(database)
    assert await ledger.acquire_lease(holder, NOW)
    async with running_ledger(content_service, sqlite_url(tmp_path)) as ledger_service:
        _, entries = await ledger_service.entries_after(None, 10)
        assert bool(entries) is is_taken
        assert ledger_service.has_lease is is_taken
        assert (await ledger.lease_holder() == holder) is not is_taken
    assert not ledger_service.has_lease
    await database.close()


def test_process_of_another_user_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses signals to it."""

    def refuse(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", refuse)
    for holder in (f"{socket.gethostname()}:{os.getppid()}:0", HOLDER):
        assert not is_dead_holder(holder, HOLDER)
