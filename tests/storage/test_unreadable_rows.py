"""Rows that cannot be read: the publisher and the hub process all others."""

import pathlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.model.selection import Selection
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.ledger import Ledger
from syndicate.storage.publish import subscriber_groups
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from tests.storage.hub_fixture import subscription_request
from tests.storage.outbox_fixture import LEASE, NOW, OutboxFixture, open_outbox, subscriber
from tests.storage.test_ledger import A, B, entry

pytestmark = pytest.mark.anyio


@pytest.fixture
async def outbox_fixture(tmp_path: pathlib.Path) -> AsyncIterator[OutboxFixture]:
    """Return an SQLite database: PostgreSQL stores no such values."""
    async with open_outbox(f"sqlite:///{tmp_path / 'syndicate.db'}") as opened:
        yield opened


async def execute_sql(outbox_fixture: OutboxFixture, statement: str, **values: object) -> None:
    """Change stored rows directly."""
    async with outbox_fixture.database.write() as connection:
        await connection.execute(text(statement), values)


@pytest.mark.parametrize(
    "damage", ["selection = 'x'", "selection = '{}'", "types = '[5]'", "types = '5'"]
)
async def test_subscription_with_an_unreadable_selection_is_disabled(
    outbox_fixture: OutboxFixture, damage: str
) -> None:
    """Others get their events; its owner resumes and recovers it."""
    await outbox_fixture.subscribe("a")
    other = replace(subscriber("b"), selection=Selection(carousel=True))
    await outbox_fixture.subscriptions.add(other, NOW)
    await execute_sql(outbox_fixture, f"UPDATE subscription SET {damage} WHERE id = 'sub_a'")  # noqa: S608
    async with outbox_fixture.database.write() as connection:
        (claimed,) = await subscriber_groups(connection)
    assert claimed.selection == other.selection
    query = text("SELECT state, state_reason FROM subscription WHERE id = 'sub_a'")
    async with outbox_fixture.database.read() as connection:
        state, reason = (await connection.execute(query)).one()
    assert state == "disabled"
    assert reason.startswith("what it asks for cannot be read: ")


async def test_unreadable_subscription_in_a_readable_group_gets_events(
    outbox_fixture: OutboxFixture,
) -> None:
    """Its selection is stored in the rows of the others as well."""
    await outbox_fixture.subscribe("a", "b")
    await execute_sql(outbox_fixture, "UPDATE subscription SET selection = 'x' WHERE id = 'sub_a'")
    async with outbox_fixture.database.write() as connection:
        assert len(await subscriber_groups(connection)) == 1
    query = text("SELECT state FROM subscription ORDER BY id")
    async with outbox_fixture.database.read() as connection:
        assert [*(await connection.execute(query)).scalars()] == ["active", "active"]


@pytest.mark.parametrize(
    "damage",
    [
        "categories = 'x'",
        "categories = '[5]'",
        "generation = 'x'",
        "published_ms = 'x'",
        "recorded_ms = 9e18",
    ],
)
async def test_unreadable_ledger_row_is_left_out(
    outbox_fixture: OutboxFixture, damage: str
) -> None:
    """Its post counts as never announced; announcing it repairs the row."""
    ledger = Ledger(outbox_fixture.database)
    await ledger.acquire_lease("one", NOW)
    await ledger.record("one", [entry(A), entry(B)], NOW)
    await execute_sql(outbox_fixture, f"UPDATE ledger SET {damage} WHERE post_id = :id", id=A.id)  # noqa: S608
    assert set(await ledger.entries()) == {B.id}
    _, rows = await ledger.entries_after(None, 10)
    assert [entry.row.post_id for entry in rows] == [B.id]
    await ledger.record("one", [entry(A)], NOW)
    assert set(await ledger.entries()) == {A.id, B.id}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("mode = 'dance'", "the stored request cannot be read: mode is 'dance'"),
        ("lease_seconds = 9e18", "the stored request cannot be read: "),
        ("lease_seconds = 'x'", "the stored request cannot be read: "),
        ("secrets = 'x'", "the secret cannot be decrypted"),
        ("secrets = x'ff'", "the secret cannot be decrypted"),
    ],
)
async def test_unreadable_request_fails_alone(
    outbox_fixture: OutboxFixture, damage: str, reason: str
) -> None:
    """The others are claimed, and this one is not claimed again."""
    requests = WebSubRequests(outbox_fixture.database, SecretStore())
    await requests.add(subscription_request("a"), NOW)
    await requests.add(subscription_request("b"), NOW)
    await execute_sql(outbox_fixture, f"UPDATE websub_request SET {damage} WHERE id = 'sub_a'")  # noqa: S608
    claimed = await requests.claim(9, token="one", now=NOW, lease=LEASE)
    assert [request.id for request in claimed] == ["sub_b"]
    query = text("SELECT state, reason FROM websub_request WHERE id = 'sub_a'")
    async with outbox_fixture.database.read() as connection:
        state, reason_stored = (await connection.execute(query)).one()
    assert state == "failed"
    assert reason_stored.startswith(reason)


async def test_endless_lease_of_a_request_is_ignored(
    outbox_fixture: OutboxFixture,
) -> None:
    """The request is claimed as if it was not leased."""
    requests = WebSubRequests(outbox_fixture.database, SecretStore())
    await requests.add(subscription_request("a"), NOW)
    await execute_sql(outbox_fixture, "UPDATE websub_request SET lease_until_ms = 'never'")
    assert await requests.next_due(NOW) is None
    (claimed,) = await requests.claim(9, token="one", now=NOW, lease=LEASE)
    assert claimed.id == "sub_a"


async def test_new_request_replaces_an_unreadable_subscription(
    outbox_fixture: OutboxFixture,
) -> None:
    """With the lease and the secret of the new one."""
    requests = WebSubRequests(outbox_fixture.database, SecretStore())

    async def confirm() -> None:
        await requests.add(subscription_request("a", lease=timedelta(days=2), secret=b"mine"), NOW)
        (claimed,) = await requests.claim(1, token="one", now=NOW, lease=LEASE)
        await requests.complete(claimed, "", token="one", now=NOW)

    await confirm()
    await execute_sql(outbox_fixture, "UPDATE subscription SET types = 'x'")
    await confirm()
    claimed = await outbox_fixture.subscriptions.find(SubscriptionId("sub_a"))
    assert claimed.lease_until == NOW + timedelta(days=2)
    assert [secret.key for secret in claimed.secrets] == [b"mine"]
