"""States are announced by one of several processes."""

import pathlib
from ipaddress import ip_network

import pytest

from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.contact import Notice
from syndicate.storage.database import Database
from syndicate.storage.notifications import Notifications
from syndicate.worker.state_announcer import StateAnnouncer
from tests import samples
from tests.channels.receiver import respond, run_receiver
from tests.databases import create_sqlite_database
from tests.stepwise_service import sqlite_url
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio


async def test_process_that_comes_second_sends_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both had read that nothing was announced."""
    monkeypatch.setattr("syndicate.channels.contact_notifier.email_address", lambda _: "")
    create_sqlite_database(sqlite_url(tmp_path))
    guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    database = await Database.open(sqlite_url(tmp_path))
    async with (
        run_receiver(respond(204)) as receiver,
        Transport(guard, samples.SERVICE_INFO, timeout_seconds=5) as transport,
    ):
        for _ in range(2):
            announcer = StateAnnouncer(
                "source",
                Notifications(database),
                ContactNotifier(transport, None),
                clock=lambda: NOW,
            )
            await announcer.announce(
                "news",
                "broken",
                [receiver.url()],
                {},
                lambda before: Notice(subject="Broken", text="", data={"before": before}),
            )
    await database.close()

    assert [request.body for request in receiver.requests] == [b'{"before": ""}']
