"""States are announced by one of several processes."""

import asyncio
import pathlib
from asyncio import StreamWriter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import pytest
from sqlalchemy import text

from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.contact import Notice
from syndicate.storage.database import Database
from syndicate.storage.notifications import Announcement, Notifications
from syndicate.worker.state_announcer import StateAnnouncer
from tests import samples
from tests.channels.receiver import Behaviour, Received, Receiver, respond, run_receiver
from tests.databases import create_sqlite_database
from tests.stepwise_service import sqlite_url
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class News:
    """One contact of the object ``news``, and the database with what it was notified of."""

    receiver: Receiver
    database: Database
    transport: Transport

    def announcer(self) -> StateAnnouncer:
        """Return the announcer of another process."""
        return StateAnnouncer(
            "source",
            Notifications(self.database),
            ContactNotifier(self.transport, None),
            clock=lambda: NOW,
        )

    async def announce(self, announcer: StateAnnouncer, state: str) -> None:
        """Announce ``state`` to the contact; the notice has the state before."""
        await self.announce_after(announcer, state, await announcer.announced())

    async def announce_after(
        self, announcer: StateAnnouncer, state: str, announced: Mapping[Announcement, str]
    ) -> None:
        """Announce ``state`` to a contact that was notified of ``announced``."""
        await announcer.announce(
            "news",
            state,
            [self.receiver.url()],
            announced,
            lambda before: Notice(subject="News", text="", data={"before": before}),
        )

    async def rename_table(self, old: str, new: str) -> None:
        """Rename a table, without which the database fails."""
        async with self.database.write() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


@asynccontextmanager
async def open_news(folder: pathlib.Path, *behaviours: Behaviour) -> AsyncIterator[News]:
    """Open a database, and a contact with these ``behaviours``."""
    create_sqlite_database(sqlite_url(folder))
    guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    database = await Database.open(sqlite_url(folder))
    async with (
        run_receiver(*behaviours) as receiver,
        Transport(guard, samples.SERVICE_INFO, timeout_seconds=5) as transport,
    ):
        yield News(receiver=receiver, database=database, transport=transport)
    await database.close()


@pytest.fixture(autouse=True)
def contacts_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let contacts be on this host, where there is no certificate."""
    monkeypatch.setattr("syndicate.channels.contact_notifier.email_address", lambda _: "")


async def test_process_that_comes_second_sends_nothing(tmp_path: pathlib.Path) -> None:
    """Both had read that nothing was announced."""
    async with open_news(tmp_path, respond(204)) as news:
        for _ in range(2):
            await news.announce_after(news.announcer(), "broken", {})

        assert [request.body for request in news.receiver.requests] == [b'{"before": ""}']


async def test_cancellation_without_the_database_ends_the_task(tmp_path: pathlib.Path) -> None:
    """While a notice is sent; the error of the database does not take its place."""
    is_sending = asyncio.Event()

    async def wait(_: Received, __: StreamWriter) -> None:
        is_sending.set()
        await asyncio.Event().wait()

    async with open_news(tmp_path, wait) as news:
        task = asyncio.create_task(news.announce(news.announcer(), "broken"))
        await is_sending.wait()
        await news.rename_table("notification", "away")
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_notice_that_failed_without_the_database_is_sent_later(
    tmp_path: pathlib.Path,
) -> None:
    """The state is stored as sent until the database is available again."""

    async def fail(received: Received, writer: StreamWriter) -> None:
        await news.rename_table("notification", "away")
        await respond(500)(received, writer)

    async with open_news(tmp_path, respond(204), fail, respond(204)) as news:
        announcer = news.announcer()
        await news.announce(announcer, "broken")
        await news.announce(announcer, "")
        await news.rename_table("away", "notification")
        assert not await Notifications(news.database).announced("source")

        assert [*(await announcer.announced()).values()] == ["broken"]
        await news.announce(news.announcer(), "")
        bodies = [request.body for request in news.receiver.requests]

    assert bodies == [b'{"before": ""}', b'{"before": "broken"}', b'{"before": "broken"}']
