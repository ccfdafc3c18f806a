"""Notices to partners about their endpoints, each state once."""

import asyncio
import json
import pathlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from sqlalchemy import text, update

from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE
from syndicate.storage.ledger import millis
from syndicate.storage.notifications import ENDPOINT, Notifications
from syndicate.storage.schema import SUBSCRIPTION, TOKEN
from syndicate.storage.tokens import Tokens
from syndicate.worker.partner_notifier import PartnerNotifier
from tests import samples
from tests.channels.receiver import Receiver, never_respond, respond, run_receiver
from tests.databases import create_sqlite_database
from tests.delivery_fixture import wait_until
from tests.stepwise_service import sqlite_url
from tests.storage.outbox_fixture import NOW, OutboxFixture, open_outbox

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A notifier of the owner of ``sub_a``, and where it sends notices."""

    outbox: OutboxFixture
    notifier: PartnerNotifier
    receiver: Receiver
    clock: Clock

    async def look(self, hours: float, **columns: object) -> None:
        """Change the subscription, and notify after a time."""
        if columns:
            async with self.outbox.database.write() as connection:
                await connection.execute(update(SUBSCRIPTION).values(**columns))
        self.clock.now = NOW + hours * HOUR
        await self.notifier.notify()

    @property
    def notices(self) -> list[str]:
        """The types of the notices that arrived."""
        return [json.loads(request.body)["type"] for request in self.receiver.requests]

    async def has_notices(self) -> bool:
        """Return whether a notice arrived."""
        return bool(self.notices)

    async def observed(self) -> list[str]:
        """Return the stored states."""
        announced = await Notifications(self.outbox.database).announced(ENDPOINT)
        return [*announced.values()]


@asynccontextmanager
async def open_watch(folder: pathlib.Path, *statuses: int) -> AsyncIterator[Watch]:
    """Open a database with one subscription; the contact responds with ``statuses``."""
    guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    create_sqlite_database(sqlite_url(folder))
    clock = Clock()
    async with (
        open_outbox(sqlite_url(folder)) as outbox,
        run_receiver(*map(respond, statuses or (204,))) as receiver,
        Transport(guard, samples.SERVICE_INFO, timeout_seconds=5) as transport,
    ):
        await outbox.subscribe("a")
        token = NewToken(role="partner", name="partner", contact="https://chat.example/")
        await Tokens(outbox.database).create(token, NOW, SERVICE)
        async with outbox.database.write() as connection:
            await connection.execute(update(TOKEN).values(contact=receiver.url()))
        notifier = PartnerNotifier(
            Notifications(outbox.database),
            ContactNotifier(transport, None),
            samples.SERVICE_INFO,
            clock=clock,
        )
        yield Watch(outbox=outbox, notifier=notifier, receiver=receiver, clock=clock)


@pytest.fixture(autouse=True)
def contacts_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let contacts be on this host, where there is no certificate."""
    monkeypatch.setattr("syndicate.channels.contact_notifier.email_address", lambda _: "")


async def test_each_state_is_reported_once(tmp_path: pathlib.Path) -> None:
    """Failing for an hour, suspended, disabled, and working again."""
    async with open_watch(tmp_path) as watch:
        await watch.look(0)
        await watch.look(0.9, failing_since_ms=millis(NOW))
        assert watch.notices == []
        for hours in (1, 2):
            await watch.look(hours)
        await watch.look(3, state="suspended", state_reason="5 consecutive attempts failed")
        await watch.look(4, state="disabled", state_reason="no success: 192.0.2.1 refused")
        await watch.look(5, state="active", state_reason="", failing_since_ms=None)
        await watch.look(6)
        assert watch.notices == [
            "endpoint.failing",
            "endpoint.suspended",
            "endpoint.disabled",
            "endpoint.working",
        ]
        disabled = json.loads(watch.receiver.requests[2].body)["data"]
        assert disabled == {
            "subscription": "sub_a",
            "owner": "partner",
            "host": "a.example",
            "reason": "no success: (IP address) refused",
        }
        assert await watch.observed() == []


async def test_paused_subscription_is_not_reported(tmp_path: pathlib.Path) -> None:
    """Its owner knows."""
    async with open_watch(tmp_path) as watch:
        await watch.look(2, state="paused", failing_since_ms=millis(NOW))
        assert watch.notices == []


async def test_failed_notice_is_sent_again(tmp_path: pathlib.Path) -> None:
    """Unless the endpoint works again before its failure was announced."""
    async with open_watch(tmp_path, 500, 500, 204) as watch:
        await watch.look(1, failing_since_ms=millis(NOW))
        await watch.look(1.1)
        await watch.look(1.2)
        await watch.look(1.3)
        assert watch.notices == ["endpoint.failing"] * 3
    async with open_watch(tmp_path / "second", 500, 204) as watch:
        await watch.look(1, failing_since_ms=millis(NOW))
        await watch.look(1.1, failing_since_ms=None)
        assert watch.notices == ["endpoint.failing"]
        assert await watch.observed() == []


async def test_each_contact_gets_a_notice_once(tmp_path: pathlib.Path) -> None:
    """Not again each minute because another contact of the owner cannot be reached."""
    async with open_watch(tmp_path) as watch, run_receiver(respond(500), respond(204)) as other:
        token = NewToken(role="partner", name="partner", contact="https://other.example/")
        created, _ = await Tokens(watch.outbox.database).create(token, NOW, SERVICE)
        new_contact = update(TOKEN).where(TOKEN.c.id == created.id).values(contact=other.url())
        async with watch.outbox.database.write() as connection:
            await connection.execute(new_contact)
        await watch.look(1, failing_since_ms=millis(NOW))
        await watch.look(1.1)
        await watch.look(1.2)
        assert (len(watch.notices), len(other.requests)) == (1, 2)
        await watch.look(2, state="disabled")
        assert (len(watch.notices), len(other.requests)) == (2, 3)


async def test_contact_that_fails_is_tried_less_and_less(tmp_path: pathlib.Path) -> None:
    """After one, two, four minutes; another contact of the owner learns of the end, too."""
    async with open_watch(tmp_path, *[500] * 20) as watch, run_receiver(respond(204)) as other:
        token = NewToken(role="partner", name="partner", contact="https://other.example/")
        created, _ = await Tokens(watch.outbox.database).create(token, NOW, SERVICE)
        new_contact = update(TOKEN).where(TOKEN.c.id == created.id).values(contact=other.url())
        async with watch.outbox.database.write() as connection:
            await connection.execute(new_contact)
        await watch.look(1, failing_since_ms=millis(NOW))
        tries = []
        for minute in range(1, 20):
            before = len(watch.notices)
            await watch.look(1 + minute / 60)
            tries += [minute] * (len(watch.notices) - before)
        assert tries == [1, 3, 7, 15]
        await watch.look(400, failing_since_ms=None)
        types = [json.loads(request.body)["type"] for request in other.requests]
        assert types == ["endpoint.failing", "endpoint.working"]
        assert await watch.observed() == []
        assert watch.notices == ["endpoint.failing"] * 5


async def test_delay_has_a_maximum(tmp_path: pathlib.Path) -> None:
    """A contact that works again after months is reached within six hours."""
    async with open_watch(tmp_path, *[500] * 40) as watch:
        await watch.look(1, failing_since_ms=millis(NOW))
        for hour in range(2, 62):
            await watch.look(hour)
        assert 10 < len(watch.notices) < 20
        before = len(watch.notices)
        await watch.look(68)
        assert len(watch.notices) == before + 1


async def test_interrupted_notice_is_sent_again(tmp_path: pathlib.Path) -> None:
    """A process that stops while it sends leaves the notice to the next."""

    async def is_requested() -> bool:
        return bool(silent.requests)

    async with open_watch(tmp_path) as watch, run_receiver(never_respond) as silent:
        async with watch.outbox.database.write() as connection:
            await connection.execute(update(TOKEN).values(contact=silent.url()))
        sending = asyncio.create_task(watch.look(1, failing_since_ms=millis(NOW)))
        await wait_until(is_requested)
        sending.cancel()
        await asyncio.wait([sending])
        async with watch.outbox.database.write() as connection:
            await connection.execute(update(TOKEN).values(contact=watch.receiver.url()))
        await watch.look(1.1)
        assert watch.notices == ["endpoint.failing"]


async def test_removed_subscription_is_forgotten(tmp_path: pathlib.Path) -> None:
    """Nothing is sent about it."""
    async with open_watch(tmp_path) as watch:
        await watch.look(1, failing_since_ms=millis(NOW))
        await watch.outbox.subscriptions.remove("sub_a")
        await watch.look(2)
        assert watch.notices == ["endpoint.failing"]
        assert await watch.observed() == []


async def test_contact_of_no_token_is_forgotten(tmp_path: pathlib.Path) -> None:
    """Another contact of the owner is notified; one that comes back learns the state."""
    async with open_watch(tmp_path) as watch, run_receiver(respond(204)) as other:
        await watch.look(1, failing_since_ms=millis(NOW))
        async with watch.outbox.database.write() as connection:
            await connection.execute(update(TOKEN).values(contact=other.url()))
        await watch.look(2)
        assert await watch.observed() == ["failing"]
        async with watch.outbox.database.write() as connection:
            await connection.execute(update(TOKEN).values(contact=watch.receiver.url()))
        await watch.look(3)
        await watch.look(4, failing_since_ms=None)
        assert watch.notices == ["endpoint.failing", "endpoint.failing", "endpoint.working"]
        assert len(other.requests) == 1
        assert await watch.observed() == []


async def test_notice_that_cannot_be_made_stops_no_other(tmp_path: pathlib.Path) -> None:
    """Such as one about an endpoint whose row is damaged."""
    async with open_watch(tmp_path) as watch:
        await watch.outbox.subscribe("b")
        async with watch.outbox.database.write() as connection:
            first = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == "sub_a")
            await connection.execute(first.values(url="https://[damaged"))
        await watch.look(1, failing_since_ms=millis(NOW))
        (notice,) = watch.receiver.requests
        assert json.loads(notice.body)["data"]["subscription"] == "sub_b"
        await watch.look(2)
        assert len(watch.notices) == 1


async def test_notifier_goes_on_after_an_unexpected_error(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends neither the notifier nor the deliveries beside it."""

    async def is_error_logged() -> bool:
        return "notifications failed" in capsys.readouterr().err

    monkeypatch.setattr("syndicate.worker.state_announcer._INTERVAL_SECONDS", 0.01)
    async with open_watch(tmp_path) as watch:
        async with watch.outbox.database.write() as connection:
            too_large = 2**62
            await connection.execute(update(SUBSCRIPTION).values(failing_since_ms=too_large))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(watch.notifier.run())
            await wait_until(is_error_logged)
            async with watch.outbox.database.write() as connection:
                values = {"failing_since_ms": millis(NOW), "state": "disabled"}
                await connection.execute(update(SUBSCRIPTION).values(**values))
            await wait_until(watch.has_notices)
            running.cancel()
        assert watch.notices == ["endpoint.disabled"]


async def test_revoked_and_expired_tokens_are_not_notified(tmp_path: pathlib.Path) -> None:
    """Their holders may have left."""
    async with open_watch(tmp_path) as watch:
        async with watch.outbox.database.write() as connection:
            await connection.execute(update(TOKEN).values(expires_ms=millis(NOW)))
        await watch.look(1, failing_since_ms=millis(NOW))
        assert watch.notices == []


async def test_notifier_goes_on_after_an_error_of_the_database(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next look finds what is new."""

    async def is_database_missed() -> bool:
        return "database unavailable" in capsys.readouterr().err

    monkeypatch.setattr("syndicate.worker.state_announcer._INTERVAL_SECONDS", 0.01)
    async with open_watch(tmp_path) as watch:
        async with watch.outbox.database.write() as connection:
            await connection.execute(text("ALTER TABLE notification RENAME TO away"))
            await connection.execute(update(SUBSCRIPTION).values(state="disabled"))
        running = asyncio.create_task(watch.notifier.run())
        await wait_until(is_database_missed)
        async with watch.outbox.database.write() as connection:
            await connection.execute(text("ALTER TABLE away RENAME TO notification"))
        await wait_until(watch.has_notices)
        running.cancel()
        await asyncio.wait([running])
        assert watch.notices == ["endpoint.disabled"]
