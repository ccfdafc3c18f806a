"""Stored subscriptions."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from syndicate.errors import Conflict, UnknownName
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    MAX_OLD_SECRETS,
    UNDECRYPTABLE_REASON,
    Subscription,
    SubscriptionId,
    pause,
)
from syndicate.model.webhook_signature import Secret
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.storage.outbox_fixture import (
    NOW,
    OutboxFixture,
    change_subscription,
    open_outbox,
    subscriber,
)

pytestmark = pytest.mark.anyio

COMPLETE = replace(
    subscriber("complete"),
    selection=Selection(
        categories=frozenset({frozenset({"tts", "design"}), frozenset({"usds"})}),
        carousel=True,
        sources=frozenset(),
        languages=frozenset({"es", "en"}),
    ),
    types=("post.removed", "post.updated"),
    minor=False,
    payload="thin",
    backfill=True,
    secrets=(Secret(key=b"n" * 24), Secret(key=b"o" * 24, valid_until=NOW)),
    state="suspended",
    state_reason="5 attempts failed",
    failing_since=NOW,
    fail_streak=5,
    not_before=NOW + timedelta(minutes=1),
    lease_until=NOW + timedelta(days=1),
)


@pytest.mark.parametrize("key", ["", "a passphrase"])
async def test_subscription_is_stored_exactly(address: str, key: str) -> None:
    """Every field, whether its secrets are encrypted or not."""
    async with open_outbox(address, key=key) as outbox_fixture:
        await outbox_fixture.subscriptions.add(COMPLETE, NOW)
        assert await outbox_fixture.subscriptions.find(COMPLETE.id) == COMPLETE


async def test_duplicate_is_refused_with_the_existing_id(outbox_fixture: OutboxFixture) -> None:
    """Another owner, another URL or another selection is another subscription."""
    add = outbox_fixture.subscriptions.add
    await add(subscriber("a"), NOW)
    same = replace(subscriber("a"), id=SubscriptionId("sub_b"), payload="thin")
    with pytest.raises(Conflict, match="sub_a") as refused:
        await add(same, NOW)
    assert refused.value.choices == ("sub_a",)
    await add(replace(same, owner="other"), NOW)
    await add(replace(same, id=SubscriptionId("sub_c"), url="https://c.example"), NOW)
    narrowed = Selection(carousel=True)
    await add(replace(same, id=SubscriptionId("sub_d"), selection=narrowed), NOW)


async def test_subscriptions_are_listed_by_owner_and_kind(outbox_fixture: OutboxFixture) -> None:
    """The oldest first."""
    subscriptions = outbox_fixture.subscriptions
    older = subscriber("z")
    newer = replace(subscriber("a"), owner="other")
    hub = replace(subscriber("hub"), kind="websub", topic="https://feeds.example.gov/feeds/all.rss")
    await subscriptions.add(older, NOW)
    await subscriptions.add(newer, NOW + timedelta(seconds=1))
    await subscriptions.add(hub, NOW)
    assert await subscriptions.list() == (older, newer)
    assert await subscriptions.list(owner="other") == (newer,)
    assert await subscriptions.list(kind="websub") == (hub,)


async def test_change_is_stored(outbox_fixture: OutboxFixture) -> None:
    """It may not make two subscriptions equal."""
    subscriptions = outbox_fixture.subscriptions
    one, two = subscriber("a"), subscriber("b")
    await subscriptions.add(one, NOW)
    await subscriptions.add(two, NOW)
    assert await outbox_fixture.change("sub_a", pause) == pause(one)
    assert await subscriptions.find("sub_a") == pause(one)

    def like_two(subscription: Subscription) -> Subscription:
        return replace(subscription, url=two.url)

    with pytest.raises(Conflict, match="sub_b"):
        await outbox_fixture.change("sub_a", like_two)
    assert await subscriptions.find("sub_a") == pause(one)


@pytest.mark.parametrize("which", ["", "sub_", "sub_\x00", "sub_\udcff", "sub_\u00e4"])
async def test_malformed_id_is_not_found(outbox_fixture: OutboxFixture, which: str) -> None:
    """PostgreSQL takes no NUL, which is no failure of the database."""
    with pytest.raises(UnknownName):
        await outbox_fixture.subscriptions.find(which)


async def test_removed_subscription_is_gone_with_its_deliveries(
    outbox_fixture: OutboxFixture,
) -> None:
    """Others keep theirs; it cannot be found, changed or removed again."""
    await outbox_fixture.subscribe("a", "b", events=(1,))
    await outbox_fixture.subscriptions.remove("sub_a")
    for call in (outbox_fixture.subscriptions.find, outbox_fixture.subscriptions.remove):
        with pytest.raises(UnknownName, match="sub_a"):
            await call("sub_a")
    with pytest.raises(UnknownName, match="sub_a"):
        await outbox_fixture.change("sub_a", pause)
    assert [claim.delivery.id for claim in await outbox_fixture.claim("t")] == ["sub_b.1"]


async def test_subscription_with_an_undecryptable_secret_can_be_managed(address: str) -> None:
    """Found, listed, paused and removed; with the right key its secret is back."""
    async with open_outbox(address, key="right") as outbox_fixture:
        await outbox_fixture.subscribe("a", "b")
        wrong = Subscriptions(outbox_fixture.database, SecretStore("wrong"))
        change = partial(change_subscription, outbox_fixture.database, wrong.secret_store)
        found = await wrong.find("sub_a")
        assert (found.secrets, found.status_reason) == ((), UNDECRYPTABLE_REASON)
        assert len(await wrong.list()) == len((await wrong.page(None, "", 9))[0]) == 2
        assert (await change("sub_a", pause)).unreadable_secret == found.unreadable_secret
        assert await outbox_fixture.subscriptions.find("sub_a") == pause(subscriber("a"))
        new = Secret(key=b"n" * 24)
        await wrong.rotate_secret("sub_a", new, NOW, MAX_OLD_SECRETS)
        assert (await wrong.find("sub_a")).secrets == (new,)
        await wrong.remove("sub_b")
        assert [subscription.id for subscription in await wrong.list()] == ["sub_a"]


async def test_simultaneous_additions_respect_the_limit_of_an_owner(
    outbox_fixture: OutboxFixture,
) -> None:
    """On either database; other owners have limits of their own."""
    subscriptions_to_add = [subscriber(f"n{number}") for number in range(6)]
    adding = (
        outbox_fixture.subscriptions.add(one, NOW, max_count=2) for one in subscriptions_to_add
    )
    refused = [one for one in await asyncio.gather(*adding, return_exceptions=True) if one]
    assert len(await outbox_fixture.subscriptions.list()) == 2
    assert {getattr(one, "code", one) for one in refused} == {"too-many-subscriptions"}
    await outbox_fixture.subscriptions.add(
        replace(subscriber("x"), owner="other"), NOW, max_count=2
    )


async def test_existing_subscriptions_over_a_lowered_limit_stay_and_change(
    outbox_fixture: OutboxFixture,
) -> None:
    """Only new ones are refused, and a duplicate is still a conflict with its id."""
    await outbox_fixture.subscribe("a", "b", "c")
    for name, code in (("d", "too-many-subscriptions"), ("a", "already-subscribed")):
        with pytest.raises(Conflict) as caught:
            await outbox_fixture.subscriptions.add(subscriber(name), NOW, max_count=1)
        assert caught.value.code == code
    await outbox_fixture.change("sub_a", pause)
    assert len(await outbox_fixture.subscriptions.list()) == 3
