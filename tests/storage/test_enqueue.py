"""Enqueueing events: which subscriptions get which, numbered without a gap."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from syndicate.model.event import WebhookEvent
from syndicate.model.ledger import PostEvent
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId, pause
from syndicate.storage.channels import listen
from syndicate.storage.database import Database
from syndicate.storage.publish import (
    EventBatch,
    StoredEvent,
    enqueue,
    subscriber_groups,
)
from syndicate.storage.subscription_rows import subscriber_group
from tests import samples
from tests.storage.outbox_fixture import (
    NOW,
    OutboxFixture,
    stored_event,
    subscriber,
)

pytestmark = pytest.mark.anyio

CAROUSEL = Selection(carousel=True)


async def enqueue_numbers(
    outbox_fixture: OutboxFixture, numbers_by_group: dict[str, list[int]]
) -> int:
    """Enqueue numbered events for each group."""
    numbers = sorted(
        {number for numbers_of_group in numbers_by_group.values() for number in numbers_of_group}
    )
    events = {number: stored_event(number) for number in numbers}
    async with outbox_fixture.database.write() as connection:
        events_by_group = {
            group_id: [events[number].id for number in numbers_of_group]
            for group_id, numbers_of_group in numbers_by_group.items()
        }
        batch = EventBatch(events=tuple(events.values()), events_by_group=events_by_group)
        return await enqueue(connection, batch, NOW)


async def queue_of(outbox_fixture: OutboxFixture, name: str) -> list[tuple[int, str]]:
    """Return seq and event of the deliveries to a subscription, the oldest first."""
    deliveries = await outbox_fixture.delivery_log.list(SubscriptionId(f"sub_{name}"))
    return [(delivery.seq, delivery.event) for delivery in reversed(deliveries)]


async def test_equal_subscriptions_are_one_group(outbox_fixture: OutboxFixture) -> None:
    """Disabled and unverified ones are in none; paused ones are."""
    a, b = subscriber("a"), pause(subscriber("b"))
    narrow = replace(subscriber("c"), selection=CAROUSEL, minor=False, types=("post.removed",))
    others: tuple[Subscription, ...] = (
        replace(subscriber("d"), payload="thin"),
        replace(subscriber("e"), state="disabled", minor=False),
        replace(subscriber("f"), kind="websub", topic="https://feeds.example.gov/"),
    )
    for one in (a, b, narrow, *others):
        await outbox_fixture.subscriptions.add(one, NOW)
    async with outbox_fixture.database.read() as connection:
        groups = {one.id: one for one in await subscriber_groups(connection)}
    assert groups.keys() == {subscriber_group(one) for one in (a, narrow, others[0])}
    narrow_group = groups[subscriber_group(narrow)]
    assert narrow_group.selection == CAROUSEL
    assert narrow_group.accepts(PostEvent(kind="post.removed", reason="left"))
    assert not narrow_group.accepts(PostEvent(kind="post.published", reason="new"))
    all_but_minor = replace(narrow_group, types=("post.updated",))
    assert not all_but_minor.accepts(PostEvent(kind="post.updated", changed=("markup",)))
    assert all_but_minor.accepts(PostEvent(kind="post.updated", changed=("title",)))


async def test_each_subscription_has_its_own_sequence(outbox_fixture: OutboxFixture) -> None:
    """Numbers rise by one, in the order of the events, whatever others get."""
    await outbox_fixture.subscribe("a", "b")
    narrow = replace(subscriber("c"), selection=CAROUSEL)
    await outbox_fixture.subscriptions.add(narrow, NOW)
    everybody, narrow_group = subscriber_group(subscriber("a")), subscriber_group(narrow)
    assert await enqueue_numbers(outbox_fixture, {everybody: [1, 2], narrow_group: [2]}) == 5
    assert await enqueue_numbers(outbox_fixture, {everybody: [3], narrow_group: []}) == 2
    assert await enqueue_numbers(outbox_fixture, {narrow_group: [4]}) == 1
    for name in ("a", "b"):
        assert await queue_of(outbox_fixture, name) == [(1, "evt_1"), (2, "evt_2"), (3, "evt_3")]
    assert await queue_of(outbox_fixture, "c") == [(1, "evt_2"), (2, "evt_4")]


async def test_events_for_a_vanished_group_reach_nobody(
    outbox_fixture: OutboxFixture,
) -> None:
    """The events are stored once, however often they are enqueued."""
    assert await enqueue_numbers(outbox_fixture, {"nobody": [1]}) == 0
    assert await enqueue_numbers(outbox_fixture, {"nobody": [1]}) == 0
    assert await outbox_fixture.claim("one") == ()


async def test_stored_event_has_both_payload_forms(outbox_fixture: OutboxFixture) -> None:
    """A subscription gets the form it asks for."""
    event = WebhookEvent(
        post_event=PostEvent(kind="post.published", reason="new"),
        generation=7,
        post_id=samples.post().id,
        url="https://www.example.gov/a",
        title="A",
        source="news",
        commit=samples.COMMIT,
        noticed_at=NOW,
        item_json=b'{"id":"tag:x"}',
    )
    stored = StoredEvent.from_event(event, "c7")
    assert (stored.id, stored.type, stored.noticed_at) == (event.id, "post.published", NOW)
    await outbox_fixture.subscriptions.add(subscriber("full"), NOW)
    await outbox_fixture.subscriptions.add(replace(subscriber("thin"), payload="thin"), NOW)
    async with outbox_fixture.database.write() as connection:
        ids = [one.id for one in await subscriber_groups(connection)]
        batch = EventBatch(
            events=(stored,), events_by_group={group_id: [stored.id] for group_id in ids}
        )
        await enqueue(connection, batch, NOW)
    full, thin = [claim.delivery.body for claim in await outbox_fixture.claim("one")]
    assert b'"post":{"id":"tag:x"}' in full
    assert b'"title":"A"' in thin


async def test_listeners_are_notified_of_enqueued_events(outbox_fixture: OutboxFixture) -> None:
    """For each transaction; on PostgreSQL also at the start and after a reconnect."""
    database, rung = outbox_fixture.database, asyncio.Event()

    async def next_ring() -> None:
        await asyncio.wait_for(rung.wait(), 20)
        rung.clear()

    listening = asyncio.create_task(listen(database, rung.set, retry_seconds=0.01))
    await asyncio.sleep(0)
    if not database.is_sqlite:
        await next_ring()
    await outbox_fixture.subscribe("a", events=(1,))
    await next_ring()
    if not database.is_sqlite:
        async with database.read() as connection:
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query = 'LISTEN syndicate_outbox'"
            )
        await next_ring()
    await outbox_fixture.claim("nobody")
    await asyncio.sleep(1.5)
    rung.clear()
    async with database.read() as connection:
        await connection.exec_driver_sql("SELECT 1")
    await asyncio.sleep(1.5)
    assert not rung.is_set()  # nothing was written
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_listener_to_a_missing_file_waits_for_it(tmp_path: Path) -> None:
    """A database that another process has not opened yet, here behind a symbolic link."""
    rung = asyncio.Event()
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "a.db"
    file.symlink_to(tmp_path / "elsewhere" / "b.db")
    listening = asyncio.create_task(listen(Database.connect(f"sqlite:///{file}"), rung.set))
    await asyncio.sleep(0)
    database = await Database.open(f"sqlite:///{file}")
    await asyncio.wait_for(rung.wait(), 20)
    await database.close()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


_CHECKPOINT = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=0) as connection:
    connection.execute("CREATE TABLE other (x)")
print(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
"""
"""Prints 1 if a reader of another process is in the way, as it must be."""


async def test_listening_ends_no_lock_of_sqlite(tmp_path: Path) -> None:
    """Closing any file of a database would end the locks that this process has on it."""
    file = tmp_path / "a.db"
    database = await Database.open(f"sqlite:///{file}")
    listening = asyncio.create_task(listen(database, lambda: None))
    async with database.read() as connection:
        await connection.exec_driver_sql("SELECT * FROM publisher")
        await asyncio.sleep(1.5)
        command = [sys.executable, "-c", _CHECKPOINT, str(file)]
        output = await asyncio.to_thread(subprocess.check_output, command, text=True)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await database.close()
    assert output == "1\n"
