"""What is asked of the hub waits until it is confirmed, and changes nothing before."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model import intent as limits
from syndicate.model.intent import HUB_IS_FULL, HUB_LIMITS, HubLimits, Intent
from syndicate.model.signature import Secret
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.intents import Intents
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from tests.storage.hubroom import Hubroom, intent, within
from tests.storage.mailroom import LEASE, NOW

SECOND = timedelta(seconds=1)


def asked(name: str, who: dict[str, str], same: str) -> Intent:
    """Return an intent of a host and a client, one of which is the same as every other's."""
    known = {**who, **({same: "x"} if same else {})}
    return intent(name, host=known["host"], client=known["client"])


def test_who_confirms_is_subscribed(address: str) -> None:
    """With its own secret, encrypted at rest, and a lease that begins now."""

    async def work(hub: Hubroom) -> None:
        wish = intent("a", secret=b"short")
        assert not await hub.intents.is_subscribed(wish.callback, wish.topic)
        await hub.intents.add(wish, NOW)
        assert await hub.intents.is_subscribed(wish.callback, wish.topic)
        assert await hub.subscriptions() == []
        (claimed,) = await hub.intents.claim(9, by="x", now=NOW, lease=LEASE)
        assert claimed == wish
        await hub.intents.settle(claimed, "", by="x", now=NOW + SECOND)
        assert await hub.subscriptions() == [wish.subscription(NOW + SECOND)]
        assert await hub.intents.is_subscribed(wish.callback, wish.topic)
        assert await hub.intents.next_due(NOW) is None

    within(address, work, key="passphrase")


def test_nothing_changes_until_a_renewal_is_confirmed(address: str) -> None:
    """Another secret and lease take effect together; the subscription keeps its id."""

    async def work(hub: Hubroom) -> None:
        await hub.ask(intent("a", secret=b"one"))
        before = await hub.subscriptions()
        later = NOW + timedelta(hours=1)
        anew = replace(intent("a"), id=SubscriptionId("sub_new"), secret=b"two")
        await hub.ask(anew, later, fault="the answer was 404")
        assert await hub.subscriptions() == before
        await hub.ask(replace(anew, id=SubscriptionId("sub_newer")), later)
        (renewed,) = await hub.subscriptions()
        assert renewed.id == "sub_a"
        assert renewed.secrets == (Secret(key=b"two"),)
        assert renewed.lease_until == later + timedelta(days=1)

    within(address, work)


def test_a_renewal_revives_what_was_ended(address: str) -> None:
    """Who said 410 and confirms a new request hears again."""

    async def work(hub: Hubroom) -> None:
        await hub.ask(intent("a"))
        await hub.mailroom.subscriptions.change(
            "sub_a", lambda one: replace(one, state="disabled", state_reason="410", fail_streak=3)
        )
        await hub.ask(intent("a"))
        (revived,) = await hub.subscriptions()
        assert (revived.state, revived.state_reason, revived.fail_streak) == ("active", "", 0)

    within(address, work)


def test_who_confirms_leaving_is_forgotten(address: str) -> None:
    """With everything on its way; who refuses stays, and who is gone already can be told so."""

    async def work(hub: Hubroom) -> None:
        await hub.ask(intent("a"))
        await hub.spread("one")
        refused = replace(intent("a", "unsubscribe"), id=SubscriptionId("sub_refused"))
        await hub.ask(refused, fault="the answer was 404")
        assert len(await hub.subscriptions()) == 1
        await hub.ask(intent("a", "unsubscribe"))
        assert await hub.subscriptions() == []
        assert await hub.log("a") == []
        await hub.ask(intent("a", "unsubscribe"))
        await hub.ask(intent("a", "denied"), fault="the answer was 500")
        assert await hub.intents.next_due(NOW) is None

    within(address, work)


def test_the_latest_request_counts(address: str) -> None:
    """What waits for the same callback and topic is dropped, even while it is being verified."""

    async def work(hub: Hubroom) -> None:
        await hub.intents.add(intent("a", secret=b"one"), NOW)
        (old,) = await hub.intents.claim(9, by="x", now=NOW, lease=LEASE)
        anew = replace(intent("a", secret=b"two"), id=SubscriptionId("sub_new"))
        await hub.intents.add(anew, NOW)
        await hub.intents.settle(old, "", by="x", now=NOW)
        assert await hub.subscriptions() == []
        (claimed,) = await hub.intents.claim(9, by="y", now=NOW, lease=LEASE)
        assert claimed == anew

    within(address, work)


def test_what_a_dead_verifier_held_is_claimed_again(address: str) -> None:
    """When its lease ran out; what it would still say changes nothing."""

    async def work(hub: Hubroom) -> None:
        wish = intent("a")
        await hub.intents.add(wish, NOW)
        assert await hub.intents.next_due(NOW) == NOW
        assert await hub.intents.claim(9, by="dead", now=NOW, lease=LEASE) == (wish,)
        assert await hub.intents.claim(9, by="next", now=NOW, lease=LEASE) == ()
        due = await hub.intents.next_due(NOW)
        assert due == NOW + LEASE
        assert await hub.intents.claim(9, by="next", now=due, lease=LEASE) == (wish,)
        await hub.intents.settle(wish, "", by="dead", now=due)
        assert await hub.subscriptions() == []
        await hub.intents.settle(wish, "", by="next", now=due)
        assert len(await hub.subscriptions()) == 1

    within(address, work)


@pytest.mark.parametrize(
    ("same", "most"),
    [("host", limits.FAILED_PER_HOST), ("client", limits.FAILED_PER_CLIENT)],
)
def test_too_many_failures_are_refused_for_a_while(address: str, same: str, most: int) -> None:
    """By host of the callback and by client; the wait ends when the oldest is forgotten."""

    async def work(hub: Hubroom) -> None:
        for number in range(most):
            who = {"host": f"{number}.example", "client": f"192.0.2.{number}"}
            await hub.ask(asked(str(number), who, same), NOW + number * SECOND, fault="no")
        last = asked("last", {"host": "h", "client": "c"}, same)
        at = NOW + 100 * SECOND
        assert await hub.intents.add(last, at) == limits.REMEMBERED - 100 * SECOND
        assert await hub.intents.claim(9, by="none", now=at, lease=LEASE) == ()
        spared = intent("spared", host="", client="")
        assert not await hub.intents.add(spared, at)
        later = NOW + limits.REMEMBERED
        await hub.intents.prune(later)
        assert not await hub.intents.add(last, later)

    within(address, work)


@pytest.mark.parametrize(
    ("same", "tight"),
    [
        ("host", HubLimits(max_pending_per_host=3)),
        ("client", HUB_LIMITS),
        ("", HubLimits(max_pending=3)),
    ],
)
def test_too_many_that_wait_are_refused(
    address: str, same: str, tight: HubLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By host, by client and in all; a second at least is to be waited."""
    monkeypatch.setattr(limits, "WAITING_PER_CLIENT", 3)

    async def work(hub: Hubroom) -> None:
        for number in range(3):
            who = {"host": f"{number}.example", "client": f"192.0.2.{number}"}
            assert not await hub.intents.add(asked(str(number), who, same), NOW)
        last = asked("last", {"host": "h", "client": "c"}, same)
        assert await hub.intents.add(last, NOW) == limits.PATIENCE
        assert await hub.intents.add(last, NOW + 2 * limits.PATIENCE) == SECOND

    within(address, work, limits=tight)


def test_request_that_replaces_a_pending_one_is_not_counted_twice(address: str) -> None:
    """Asking again for the same callback and topic takes no further place."""

    async def work(hub: Hubroom) -> None:
        await hub.intents.add(intent("a", host="h"), NOW)
        again = replace(intent("a", host="h"), id=SubscriptionId("sub_again"))
        assert not await hub.intents.add(again, NOW)
        assert await hub.intents.add(intent("b", host="h"), NOW)

    within(address, work, limits=HubLimits(max_pending_per_host=1, max_pending=1))


def test_denials_that_wait_take_no_place_of_requests(address: str) -> None:
    """The end of a topic with many subscribers does not close the hub."""

    async def work(hub: Hubroom) -> None:
        for number in range(3):
            await hub.intents.add(intent(str(number), "denied", host="h"), NOW)
        assert not await hub.intents.add(intent("a", host="h"), NOW)

    within(address, work, limits=HubLimits(max_pending_per_host=1, max_pending=1))


@pytest.mark.parametrize(
    "tight",
    [HubLimits(max_pending_per_host=2), HubLimits(max_pending=2), HubLimits(max_subscriptions=2)],
)
def test_simultaneous_requests_cannot_share_the_last_place(address: str, tight: HubLimits) -> None:
    """However many ask and confirm at the same time, on either database."""

    async def work(hub: Hubroom) -> None:
        names = [f"n{number}" for number in range(8)]
        await asyncio.gather(*(hub.intents.add(intent(one, host="h"), NOW) for one in names))
        claimed = await hub.intents.claim(100, by="x", now=NOW, lease=LEASE)
        await asyncio.gather(*(hub.intents.settle(one, "", by="x", now=NOW) for one in claimed))
        assert len(await hub.subscriptions()) == 2

    within(address, work, limits=tight)


def test_new_subscription_over_the_limit_is_refused_at_once(address: str) -> None:
    """Ended ones make room; leaving is never refused."""

    async def work(hub: Hubroom) -> None:
        await hub.ask(intent("a"))
        assert await hub.intents.add(intent("b"), NOW) == limits.REMEMBERED
        assert not await hub.intents.add(intent("c", "unsubscribe"), NOW)
        assert not await hub.intents.add(intent("b"), NOW + timedelta(days=1))

    within(address, work, limits=HubLimits(max_subscriptions=1))


def test_who_confirms_too_late_for_the_last_place_is_denied(address: str) -> None:
    """With a reason that names nobody (W3C WebSub section 5.2)."""

    async def work(hub: Hubroom) -> None:
        for name in ("a", "b"):
            assert not await hub.intents.add(intent(name, secret=b"hush"), NOW)
        for one in await hub.intents.claim(9, by="x", now=NOW, lease=LEASE):
            await hub.intents.settle(one, "", by="x", now=NOW)
        (denial,) = await hub.intents.claim(9, by="y", now=NOW, lease=LEASE)
        assert (denial.mode, denial.reason, denial.secret) == ("denied", HUB_IS_FULL, b"")
        assert len(await hub.subscriptions()) == 1

    within(address, work, limits=HubLimits(max_subscriptions=1))


def test_existing_subscriptions_over_a_lowered_limit_stay_and_renew(address: str) -> None:
    """Only new ones are refused, also where everything that may wait does."""

    async def work(hub: Hubroom) -> None:
        for name in ("a", "b", "c"):
            await hub.ask(intent(name, host="h"))
        await hub.intents.add(intent("d", host="h"), NOW)
        lowered = HubLimits(max_pending_per_host=1, max_pending=1, max_subscriptions=1)
        tight = Hubroom(
            mailroom=hub.mailroom,
            topics=hub.topics,
            intents=Intents(hub.mailroom.database, Safe(), lowered),
        )
        assert await tight.intents.add(intent("e", host="h"), NOW)
        later = NOW + timedelta(hours=1)
        renewal = replace(intent("a", host="h"), id=SubscriptionId("sub_renewal"))
        assert not await tight.intents.add(renewal, later)
        found = await tight.intents.claim(9, by="x", now=later, lease=LEASE)
        for one in found:
            await tight.intents.settle(one, "" if one == renewal else "no", by="x", now=later)
        leases = {one.url: one.lease_until for one in await hub.subscriptions()}
        assert len(leases) == 3
        assert leases[renewal.callback] == later + timedelta(days=1)

    within(address, work)


def test_a_known_callback_renews_whatever_others_ask_of_its_host(address: str) -> None:
    """Nobody can be kept from renewing by requests in the name of its host."""

    async def work(hub: Hubroom) -> None:
        await hub.ask(intent("a"))
        for number in range(limits.FAILED_PER_HOST):
            forged = intent(str(number), host="a.example", client=str(number))
            await hub.ask(forged, fault="the answer was 404")
        assert await hub.intents.add(intent("other", host="a.example", client=""), NOW)
        assert not await hub.intents.add(replace(intent("a"), id=SubscriptionId("sub_b")), NOW)

    within(address, work)


def test_who_asked_with_a_secret_that_cannot_be_opened_has_to_ask_again(address: str) -> None:
    """It would be told unsigned; whoever asked without one goes on."""

    async def work(hub: Hubroom) -> None:
        await hub.intents.add(intent("a", secret=b"hush"), NOW)
        await hub.intents.add(intent("b"), NOW)
        wrong = Intents(hub.mailroom.database, Safe("wrong"))
        assert await wrong.claim(9, by="x", now=NOW, lease=LEASE) == (intent("b"),)
        assert await hub.intents.claim(9, by="y", now=NOW + LEASE, lease=LEASE) == (intent("b"),)
        await hub.ask(replace(intent("a", secret=b"hush"), id=SubscriptionId("sub_anew")))
        assert len(await hub.subscriptions()) == 1

    within(address, work, key="right")


def test_a_renewal_replaces_a_secret_that_cannot_be_opened(address: str) -> None:
    """By the one that was given with it."""

    async def work(hub: Hubroom) -> None:
        await hub.ask(intent("a", secret=b"old"))
        anew = Hubroom(
            mailroom=hub.mailroom,
            topics=hub.topics,
            intents=Intents(hub.mailroom.database, Safe("other")),
        )
        await anew.ask(intent("a", secret=b"new"))
        found = await Subscriptions(hub.mailroom.database, Safe("other")).list(kind="websub")
        assert [one.secrets for one in found] == [(Secret(key=b"new"),)]

    within(address, work, key="right")
