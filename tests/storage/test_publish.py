"""Transactions of the publisher: all or nothing, on both databases."""

from collections.abc import AsyncIterator

import pytest

from syndicate.errors import NotReady, StorageError
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.ledger import Ledger
from syndicate.storage.publish import EventBatch, announce, catch_up
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.storage.outbox_fixture import NOW, stored_event, subscriber
from tests.storage.test_ledger import A, B, entry

pytestmark = pytest.mark.anyio

SUBSCRIPTION = subscriber("a")
SECRET_STORE = SecretStore()


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    """Return an open database without content."""
    opened = await Database.open(address)
    yield opened
    await opened.close()


async def test_changes_and_events_are_stored_together(database: Database) -> None:
    """For the subscribers there are when the transaction begins."""
    await Subscriptions(database, SECRET_STORE).add(SUBSCRIPTION, NOW)
    ledger = Ledger(database)
    await ledger.acquire_lease("publisher", NOW)
    event = stored_event(1)
    async with announce(database, "publisher", NOW) as tx:
        start = await tx.record([entry(A)])
        (group,) = await tx.subscriber_groups()
        batch = EventBatch(events=(event,), events_by_group={group.id: [event.id]})
        assert await tx.enqueue(batch) == 1
    assert (start.generation, start.post_id) == (1, "")
    assert (await ledger.end_cursor()).ledger_id == start.ledger_id
    assert (await ledger.entries()).keys() == {A.id}
    (delivery,) = await DeliveryLog(database).list(SUBSCRIPTION.id)
    assert delivery.event == event.id


async def test_failed_announcement_stores_nothing(database: Database) -> None:
    """Neither rows of the ledger nor a new generation."""
    ledger = Ledger(database)
    await ledger.acquire_lease("publisher", NOW)
    await ledger.record("publisher", [entry(A)], NOW)

    async def fail() -> None:
        async with announce(database, "publisher", NOW) as tx:
            await tx.record([entry(B)])
            raise StorageError("the disk is full")

    with pytest.raises(StorageError, match="disk is full"):
        await fail()
    assert (await ledger.entries()).keys() == {A.id}
    assert (await ledger.end_cursor()).generation == 2


async def test_only_the_lease_holder_announces(database: Database) -> None:
    """Another process is refused before anything is written."""
    await Ledger(database).acquire_lease("publisher", NOW)
    with pytest.raises(StorageError, match="lost its lease"):
        async with announce(database, "other", NOW):
            pytest.fail("opened without the lease")


async def test_subscription_and_its_first_events_are_stored_together(database: Database) -> None:
    """Before the first edition is recorded neither is stored."""
    subscriptions, ledger = Subscriptions(database, SECRET_STORE), Ledger(database)

    async def add_before_the_baseline() -> None:
        async with catch_up(database, SECRET_STORE, NOW) as tx:
            await tx.add(SUBSCRIPTION)
            await tx.require_baseline()

    with pytest.raises(NotReady):
        await add_before_the_baseline()
    assert await subscriptions.list() == ()
    await ledger.acquire_lease("publisher", NOW)
    await ledger.record("publisher", [entry(A)], NOW)
    async with catch_up(database, SECRET_STORE, NOW) as tx:
        await tx.add(SUBSCRIPTION)
        await tx.require_baseline()
        assert [entry.row.post_id for entry in await tx.ledger_entries()] == [A.id]
        assert await tx.enqueue(SUBSCRIPTION.id, []) == 0
        assert await tx.enqueue(SUBSCRIPTION.id, [stored_event(1)]) == 1
    assert await subscriptions.list() == (SUBSCRIPTION,)
    assert (await ledger.end_cursor()).generation == 3
