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
    run_with_outbox,
    subscriber,
)

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
def test_a_subscription_comes_back_exactly(address: str, key: str) -> None:
    """Every field, whether its secrets are encrypted or not."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscriptions.add(COMPLETE, NOW)
        assert await mailroom.subscriptions.find(COMPLETE.id) == COMPLETE

    run_with_outbox(address, work, key=key)


def test_the_same_again_is_refused_with_the_id(address: str) -> None:
    """Another owner, another address or another selection is another subscription."""

    async def work(mailroom: OutboxFixture) -> None:
        add = mailroom.subscriptions.add
        await add(subscriber("a"), NOW)
        same = replace(subscriber("a"), id=SubscriptionId("sub_b"), payload="thin")
        with pytest.raises(Conflict, match="sub_a") as refused:
            await add(same, NOW)
        assert refused.value.choices == ("sub_a",)
        await add(replace(same, owner="other"), NOW)
        await add(replace(same, id=SubscriptionId("sub_c"), url="https://c.example"), NOW)
        narrowed = Selection(carousel=True)
        await add(replace(same, id=SubscriptionId("sub_d"), selection=narrowed), NOW)

    run_with_outbox(address, work)


def test_they_are_listed_by_owner_and_kind(address: str) -> None:
    """The oldest first."""

    async def work(mailroom: OutboxFixture) -> None:
        subscriptions = mailroom.subscriptions
        older = subscriber("z")
        newer = replace(subscriber("a"), owner="other")
        hub = replace(
            subscriber("hub"), kind="websub", topic="https://feeds.example.gov/feeds/all.rss"
        )
        await subscriptions.add(older, NOW)
        await subscriptions.add(newer, NOW + timedelta(seconds=1))
        await subscriptions.add(hub, NOW)
        assert await subscriptions.list() == (older, newer)
        assert await subscriptions.list(owner="other") == (newer,)
        assert await subscriptions.list(kind="websub") == (hub,)

    run_with_outbox(address, work)


def test_a_change_is_stored(address: str) -> None:
    """It may not make two subscriptions the same."""

    async def work(mailroom: OutboxFixture) -> None:
        subscriptions = mailroom.subscriptions
        one, two = subscriber("a"), subscriber("b")
        await subscriptions.add(one, NOW)
        await subscriptions.add(two, NOW)
        assert await mailroom.change("sub_a", pause) == pause(one)
        assert await subscriptions.find("sub_a") == pause(one)

        def like_two(subscription: Subscription) -> Subscription:
            return replace(subscription, url=two.url)

        with pytest.raises(Conflict, match="sub_b"):
            await mailroom.change("sub_a", like_two)
        assert await subscriptions.find("sub_a") == pause(one)

    run_with_outbox(address, work)


@pytest.mark.parametrize("which", ["", "sub_", "sub_\x00", "sub_\udcff", "sub_\u00e4"])
def test_what_could_be_no_id_is_not_found(address: str, which: str) -> None:
    """PostgreSQL takes no NUL, and nobody's database is at fault for that."""

    async def work(mailroom: OutboxFixture) -> None:
        with pytest.raises(UnknownName):
            await mailroom.subscriptions.find(which)

    run_with_outbox(address, work)


def test_what_is_removed_is_gone_with_all_that_was_on_its_way(address: str) -> None:
    """Others keep theirs; what is not there cannot be found, changed or removed."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", events=(1,))
        await mailroom.subscriptions.remove("sub_a")
        for ask in (mailroom.subscriptions.find, mailroom.subscriptions.remove):
            with pytest.raises(UnknownName, match="sub_a"):
                await ask("sub_a")
        with pytest.raises(UnknownName, match="sub_a"):
            await mailroom.change("sub_a", pause)
        assert [one.delivery.id for one in await mailroom.claim("t")] == ["sub_b.1"]

    run_with_outbox(address, work)


def test_one_whose_secret_cannot_be_opened_is_looked_after_all_the_same(address: str) -> None:
    """Found, listed, paused and removed; its secret is there again with the key."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b")
        wrong = Subscriptions(mailroom.database, SecretStore("wrong"))
        change = partial(change_subscription, mailroom.database, wrong.secret_store)
        found = await wrong.find("sub_a")
        assert (found.secrets, found.status_reason) == ((), UNDECRYPTABLE_REASON)
        assert len(await wrong.list()) == len((await wrong.page(None, "", 9))[0]) == 2
        assert (await change("sub_a", pause)).unreadable_secret == found.unreadable_secret
        assert await mailroom.subscriptions.find("sub_a") == pause(subscriber("a"))
        new = Secret(key=b"n" * 24)
        await wrong.rotate_secret("sub_a", new, NOW, MAX_OLD_SECRETS)
        assert (await wrong.find("sub_a")).secrets == (new,)
        await wrong.remove("sub_b")
        assert [one.id for one in await wrong.list()] == ["sub_a"]

    run_with_outbox(address, work, key="right")


def test_simultaneous_additions_cannot_share_the_last_place_of_an_owner(address: str) -> None:
    """On either database; other owners have places of their own."""

    async def work(mailroom: OutboxFixture) -> None:
        made = [subscriber(f"n{number}") for number in range(6)]
        adding = (mailroom.subscriptions.add(one, NOW, max_count=2) for one in made)
        refused = [one for one in await asyncio.gather(*adding, return_exceptions=True) if one]
        assert len(await mailroom.subscriptions.list()) == 2
        assert {getattr(one, "code", one) for one in refused} == {"too-many-subscriptions"}
        await mailroom.subscriptions.add(replace(subscriber("x"), owner="other"), NOW, max_count=2)

    run_with_outbox(address, work)


def test_existing_subscriptions_over_a_lowered_limit_stay_and_change(address: str) -> None:
    """Only new ones are refused, and the same again is still a conflict with its id."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", "c")
        for name, code in (("d", "too-many-subscriptions"), ("a", "already-subscribed")):
            with pytest.raises(Conflict) as caught:
                await mailroom.subscriptions.add(subscriber(name), NOW, max_count=1)
            assert caught.value.code == code
        await mailroom.change("sub_a", pause)
        assert len(await mailroom.subscriptions.list()) == 3

    run_with_outbox(address, work)
