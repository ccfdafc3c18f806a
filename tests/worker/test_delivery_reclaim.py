"""Deliveries that would wait for ever, and rows damaged during a request."""

import pathlib

import pytest
from sqlalchemy import text

from syndicate.errors import StorageError
from tests.channels.receiver import respond, run_receiver
from tests.delivery_fixture import (
    delivery_states,
    execute_sql,
    has_delivery_states,
    received_event_ids,
    running_worker,
    subscribe,
    wait_until,
)
from tests.storage.outbox_fixture import finished_attempt, open_outbox


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    """Return the URL of an SQLite database."""
    return f"sqlite:///{tmp_path / 'syndicate.db'}"


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("delivery", "due_ms = 'never'"),
        ("delivery", "due_ms = 9e18"),
        ("subscription", "not_before_ms = 'never'"),
        ("subscription", "state = 'happy'"),
        ("delivery", "state = 'leased', lease_until_ms = NULL"),
        ("delivery", "state = 'leased', lease_by = 'me'"),
        ("delivery", "state = 'leased', lease_by = 'a:b:c:d', lease_until_ms = 'x'"),
    ],
)
async def test_delivery_that_would_wait_for_ever_is_sent_after_a_start(
    file: str, table: str, values: str
) -> None:
    """Times that no clock reaches, and unknown states."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        await execute_sql(outbox, f"UPDATE {table} SET {values}")  # noqa: S608
        async with running_worker(outbox):
            await wait_until(has_delivery_states(outbox, "a", "delivered"))


async def test_unreadable_delivery_with_an_expired_lease_is_set_aside(file: str) -> None:
    """Others with expired leases are sent again."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        await subscribe(outbox, "b", receiver.url("/b"), 1)
        await outbox.claim("elsewhere:1:x:1")
        damage = "UPDATE delivery SET attempts = 'x' WHERE subscription_id = 'sub_a'"
        await execute_sql(outbox, damage)
        async with running_worker(outbox):
            await wait_until(has_delivery_states(outbox, "a", "exhausted"))
            await wait_until(has_delivery_states(outbox, "b", "delivered"))


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM event WHERE id = 'evt_1'",
        "UPDATE event SET id = 'evt_9' WHERE id = 'evt_1'",
        "UPDATE delivery SET event_id = 'evt_9' WHERE seq = 1",
        "UPDATE delivery SET event_id = x'ff' WHERE seq = 1",
    ],
)
async def test_delivery_without_event_and_an_expired_lease_is_set_aside(
    file: str, damage: str
) -> None:
    """The next delivery of the subscription is sent."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1, 2)
        await outbox.claim("elsewhere:1:x:1")
        await execute_sql(outbox, damage)
        async with running_worker(outbox) as worker:

            async def sent() -> bool:
                return received_event_ids(receiver, "/a") == ["evt_2"]

            await wait_until(sent, 5)
            worker.wake()
        query = text("SELECT state FROM delivery WHERE seq = 1")
        async with outbox.database.read() as connection:
            assert (await connection.execute(query)).scalar_one() == "exhausted"


async def test_subscription_damaged_during_a_request_keeps_its_attempt(file: str) -> None:
    """The attempt is stored; the health of the subscription is unknown."""
    async with open_outbox(file) as outbox:
        await outbox.subscribe("a", "b", events=[1])
        first, second = await outbox.claim("one")
        await execute_sql(outbox, "UPDATE subscription SET types = 'x' WHERE id = 'sub_a'")
        await outbox.outbox.complete(
            [finished_attempt(first.delivery), finished_attempt(second.delivery)]
        )
        assert await delivery_states(outbox, "a") == ["delivered"]
        assert await delivery_states(outbox, "b") == ["delivered"]


async def test_lists_skip_unreadable_rows(file: str) -> None:
    """Partner and operator see the others; a request for the damaged one says what is wrong."""
    async with open_outbox(file) as outbox:
        await outbox.subscribe("a", "b")
        await execute_sql(outbox, "UPDATE subscription SET selection = 'x' WHERE id = 'sub_a'")
        assert [subscription.id for subscription in await outbox.subscriptions.list()] == ["sub_b"]
        page, _ = await outbox.subscriptions.page(None, "", 10)
        assert [subscription.id for subscription in page] == ["sub_b"]
        with pytest.raises(StorageError, match="subscription sub_a cannot be read") as caught:
            await outbox.subscriptions.find("sub_a")
        assert caught.value.code == "unreadable-subscription"
