"""What the publisher and the hub do with rows that cannot be read: the others go on."""

import pathlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.model.selection import Selection
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.enqueue import subscriber_groups
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from tests.storage.hub_fixture import subscription_request
from tests.storage.outbox_fixture import LEASE, NOW, OutboxFixture, run_with_outbox, subscriber
from tests.storage.test_ledger import A, B, told


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    """Return the URL of an SQLite database."""
    return f"sqlite:///{tmp_path / 'syndicate.db'}"


async def change(mailroom: OutboxFixture, statement: str, **values: object) -> None:
    """Change stored rows behind the back of the program."""
    async with mailroom.database.write() as connection:
        await connection.execute(text(statement), values)


@pytest.mark.parametrize(
    "damage", ["selection = 'x'", "selection = '{}'", "types = '[5]'", "types = '5'"]
)
def test_events_are_chosen_for_all_but_unreadable_subscriptions(file: str, damage: str) -> None:
    """One that asks for nothing readable is disabled, so that its owner recovers what it missed."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a")
        other = replace(subscriber("b"), selection=Selection(carousel=True))
        await mailroom.subscriptions.add(other, NOW)
        await change(mailroom, f"UPDATE subscription SET {damage} WHERE id = 'sub_a'")  # noqa: S608
        async with mailroom.database.write() as connection:
            (found,) = await subscriber_groups(connection)
        assert found.selection == other.selection
        asked = text("SELECT state, state_reason FROM subscription WHERE id = 'sub_a'")
        async with mailroom.database.read() as connection:
            state, reason = (await connection.execute(asked)).one()
        assert state == "disabled"
        assert reason.startswith("what it asks for cannot be read: ")

    run_with_outbox(file, work)


def test_an_unreadable_subscription_hears_with_those_that_ask_for_the_same(file: str) -> None:
    """What it asks for stands in their rows as well."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b")
        await change(mailroom, "UPDATE subscription SET selection = 'x' WHERE id = 'sub_a'")
        async with mailroom.database.write() as connection:
            assert len(await subscriber_groups(connection)) == 1
        asked = text("SELECT state FROM subscription ORDER BY id")
        async with mailroom.database.read() as connection:
            assert [*(await connection.execute(asked)).scalars()] == ["active", "active"]

    run_with_outbox(file, work)


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
def test_a_ledger_goes_on_without_an_unreadable_row(file: str, damage: str) -> None:
    """Its post counts as one that nobody was told of; announcing it anew repairs the row."""

    async def work(mailroom: OutboxFixture) -> None:
        ledger = Ledger(mailroom.database)
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [told(A), told(B)], NOW)
        await change(mailroom, f"UPDATE ledger SET {damage} WHERE post_id = :id", id=A.id)  # noqa: S608
        assert set(await ledger.entries()) == {B.id}
        _, rows = await ledger.entries_after(None, 10)
        assert [one.row.post_id for one in rows] == [B.id]
        await ledger.record("one", [told(A)], NOW)
        assert set(await ledger.entries()) == {A.id, B.id}

    run_with_outbox(file, work)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("mode = 'dance'", "the stored request cannot be read: mode is 'dance'"),
        ("lease_seconds = 9e18", "the stored request cannot be read: "),
        ("lease_seconds = 'x'", "the stored request cannot be read: "),
        ("secrets = 'x'", "its secret cannot be opened"),
        ("secrets = x'ff'", "its secret cannot be opened"),
    ],
)
def test_an_unreadable_verification_fails_alone(file: str, damage: str, reason: str) -> None:
    """The others are claimed, and this one is not claimed again."""

    async def work(mailroom: OutboxFixture) -> None:
        intents = WebSubRequests(mailroom.database, SecretStore())
        await intents.add(subscription_request("a"), NOW)
        await intents.add(subscription_request("b"), NOW)
        await change(mailroom, f"UPDATE websub_request SET {damage} WHERE id = 'sub_a'")  # noqa: S608
        found = await intents.claim(9, token="one", now=NOW, lease=LEASE)
        assert [one.id for one in found] == ["sub_b"]
        asked = text("SELECT state, reason FROM websub_request WHERE id = 'sub_a'")
        async with mailroom.database.read() as connection:
            state, why = (await connection.execute(asked)).one()
        assert state == "failed"
        assert why.startswith(reason)

    run_with_outbox(file, work)


def test_a_lease_of_a_verification_that_never_ends_is_none(file: str) -> None:
    """The request is claimed as if nobody had it."""

    async def work(mailroom: OutboxFixture) -> None:
        intents = WebSubRequests(mailroom.database, SecretStore())
        await intents.add(subscription_request("a"), NOW)
        await change(mailroom, "UPDATE websub_request SET lease_until_ms = 'never'")
        assert await intents.next_due(NOW) is None
        (found,) = await intents.claim(9, token="one", now=NOW, lease=LEASE)
        assert found.id == "sub_a"

    run_with_outbox(file, work)


def test_who_subscribes_again_replaces_an_unreadable_row(file: str) -> None:
    """With the lease and the secret that were confirmed now."""

    async def work(mailroom: OutboxFixture) -> None:
        intents = WebSubRequests(mailroom.database, SecretStore())

        async def confirm() -> None:
            await intents.add(
                subscription_request("a", lease=timedelta(days=2), secret=b"mine"), NOW
            )
            (found,) = await intents.claim(1, token="one", now=NOW, lease=LEASE)
            await intents.complete(found, "", token="one", now=NOW)

        await confirm()
        await change(mailroom, "UPDATE subscription SET types = 'x'")
        await confirm()
        found = await mailroom.subscriptions.find(SubscriptionId("sub_a"))
        assert found.lease_until == NOW + timedelta(days=2)
        assert [one.key for one in found.secrets] == [b"mine"]

    run_with_outbox(file, work)
