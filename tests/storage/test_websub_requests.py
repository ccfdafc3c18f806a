"""What is asked of the hub waits until it is confirmed, and changes nothing before."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model import websub_request as limits
from syndicate.model.subscription import SubscriptionId
from syndicate.model.webhook_signature import Secret
from syndicate.model.websub_request import DEFAULT_HUB_LIMITS, HUB_IS_FULL, HubLimits, WebSubRequest
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.websub_requests import WebSubRequests
from tests.storage.hub_fixture import HubFixture, run_with_hub, subscription_request
from tests.storage.outbox_fixture import LEASE, NOW

SECOND = timedelta(seconds=1)


def asked(name: str, who: dict[str, str], same: str) -> WebSubRequest:
    """Return an intent of a host and a client, one of which is the same as every other's."""
    known = {**who, **({same: "x"} if same else {})}
    return subscription_request(name, host=known["host"], client=known["client"])


def test_who_confirms_is_subscribed(address: str) -> None:
    """With its own secret, encrypted at rest, and a lease that begins now."""

    async def work(hub: HubFixture) -> None:
        wish = subscription_request("a", secret=b"short")
        assert not await hub.requests.is_subscribed(wish.callback, wish.topic)
        await hub.requests.add(wish, NOW)
        assert await hub.requests.is_subscribed(wish.callback, wish.topic)
        assert await hub.subscriptions() == []
        (claimed,) = await hub.requests.claim(9, token="x", now=NOW, lease=LEASE)
        assert claimed == wish
        await hub.requests.complete(claimed, "", token="x", now=NOW + SECOND)
        assert await hub.subscriptions() == [wish.to_subscription(NOW + SECOND)]
        assert await hub.requests.is_subscribed(wish.callback, wish.topic)
        assert await hub.requests.next_due(NOW) is None

    run_with_hub(address, work, key="passphrase")


def test_nothing_changes_until_a_renewal_is_confirmed(address: str) -> None:
    """Another secret and lease take effect together; the subscription keeps its id."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a", secret=b"one"))
        before = await hub.subscriptions()
        later = NOW + timedelta(hours=1)
        anew = replace(subscription_request("a"), id=SubscriptionId("sub_new"), secret=b"two")
        await hub.verify(anew, later, error="the response status was 404")
        assert await hub.subscriptions() == before
        await hub.verify(replace(anew, id=SubscriptionId("sub_newer")), later)
        (renewed,) = await hub.subscriptions()
        assert renewed.id == "sub_a"
        assert renewed.secrets == (Secret(key=b"two"),)
        assert renewed.lease_until == later + timedelta(days=1)

    run_with_hub(address, work)


def test_a_renewal_revives_what_was_ended(address: str) -> None:
    """Who said 410 and confirms a new request hears again."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        await hub.outbox_fixture.change(
            "sub_a", lambda one: replace(one, state="disabled", state_reason="410", fail_streak=3)
        )
        await hub.verify(subscription_request("a"))
        (revived,) = await hub.subscriptions()
        assert (revived.state, revived.state_reason, revived.fail_streak) == ("active", "", 0)

    run_with_hub(address, work)


def test_who_confirms_leaving_is_forgotten(address: str) -> None:
    """With everything on its way; who refuses stays, and who is gone already can be told so."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        await hub.enqueue_state("one")
        refused = replace(
            subscription_request("a", "unsubscribe"), id=SubscriptionId("sub_refused")
        )
        await hub.verify(refused, error="the response status was 404")
        assert len(await hub.subscriptions()) == 1
        await hub.verify(subscription_request("a", "unsubscribe"))
        assert await hub.subscriptions() == []
        assert await hub.log("a") == []
        await hub.verify(subscription_request("a", "unsubscribe"))
        await hub.verify(subscription_request("a", "denied"), error="the response status was 500")
        assert await hub.requests.next_due(NOW) is None

    run_with_hub(address, work)


def test_the_latest_request_counts(address: str) -> None:
    """What waits for the same callback and topic is dropped, even while it is being verified."""

    async def work(hub: HubFixture) -> None:
        await hub.requests.add(subscription_request("a", secret=b"one"), NOW)
        (old,) = await hub.requests.claim(9, token="x", now=NOW, lease=LEASE)
        anew = replace(subscription_request("a", secret=b"two"), id=SubscriptionId("sub_new"))
        await hub.requests.add(anew, NOW)
        await hub.requests.complete(old, "", token="x", now=NOW)
        assert await hub.subscriptions() == []
        (claimed,) = await hub.requests.claim(9, token="y", now=NOW, lease=LEASE)
        assert claimed == anew

    run_with_hub(address, work)


def test_what_a_dead_verifier_held_is_claimed_again(address: str) -> None:
    """When its lease ran out; what it would still say changes nothing."""

    async def work(hub: HubFixture) -> None:
        wish = subscription_request("a")
        await hub.requests.add(wish, NOW)
        assert await hub.requests.next_due(NOW) == NOW
        assert await hub.requests.claim(9, token="dead", now=NOW, lease=LEASE) == (wish,)
        assert await hub.requests.claim(9, token="next", now=NOW, lease=LEASE) == ()
        due = await hub.requests.next_due(NOW)
        assert due == NOW + LEASE
        assert await hub.requests.claim(9, token="next", now=due, lease=LEASE) == (wish,)
        await hub.requests.complete(wish, "", token="dead", now=due)
        assert await hub.subscriptions() == []
        await hub.requests.complete(wish, "", token="next", now=due)
        assert len(await hub.subscriptions()) == 1

    run_with_hub(address, work)


@pytest.mark.parametrize(
    ("same", "most"),
    [("host", limits.MAX_FAILED_PER_HOST), ("client", limits.MAX_FAILED_PER_CLIENT)],
)
def test_too_many_failures_are_refused_for_a_while(address: str, same: str, most: int) -> None:
    """By host of the callback and by client; the wait ends when the oldest is forgotten."""

    async def work(hub: HubFixture) -> None:
        for number in range(most):
            who = {"host": f"{number}.example", "client": f"192.0.2.{number}"}
            await hub.verify(asked(str(number), who, same), NOW + number * SECOND, error="no")
        last = asked("last", {"host": "h", "client": "c"}, same)
        at = NOW + 100 * SECOND
        assert await hub.requests.add(last, at) == limits.FAILURE_WINDOW - 100 * SECOND
        assert await hub.requests.claim(9, token="none", now=at, lease=LEASE) == ()
        spared = subscription_request("spared", host="", client="")
        assert not await hub.requests.add(spared, at)
        later = NOW + limits.FAILURE_WINDOW
        await hub.requests.prune(later)
        assert not await hub.requests.add(last, later)

    run_with_hub(address, work)


@pytest.mark.parametrize(
    ("same", "tight"),
    [
        ("host", HubLimits(max_pending_per_host=3)),
        ("client", DEFAULT_HUB_LIMITS),
        ("", HubLimits(max_pending=3)),
    ],
)
def test_too_many_that_wait_are_refused(
    address: str, same: str, tight: HubLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By host, by client and in all; a second at least is to be waited."""
    monkeypatch.setattr(limits, "MAX_PENDING_PER_CLIENT", 3)

    async def work(hub: HubFixture) -> None:
        for number in range(3):
            who = {"host": f"{number}.example", "client": f"192.0.2.{number}"}
            assert not await hub.requests.add(asked(str(number), who, same), NOW)
        last = asked("last", {"host": "h", "client": "c"}, same)
        assert await hub.requests.add(last, NOW) == limits.RETRY_AFTER
        assert await hub.requests.add(last, NOW + 2 * limits.RETRY_AFTER) == SECOND

    run_with_hub(address, work, limits=tight)


def test_request_that_replaces_a_pending_one_is_not_counted_twice(address: str) -> None:
    """Asking again for the same callback and topic takes no further place."""

    async def work(hub: HubFixture) -> None:
        await hub.requests.add(subscription_request("a", host="h"), NOW)
        again = replace(subscription_request("a", host="h"), id=SubscriptionId("sub_again"))
        assert not await hub.requests.add(again, NOW)
        assert await hub.requests.add(subscription_request("b", host="h"), NOW)

    run_with_hub(address, work, limits=HubLimits(max_pending_per_host=1, max_pending=1))


def test_denials_that_wait_take_no_place_of_requests(address: str) -> None:
    """The end of a topic with many subscribers does not close the hub."""

    async def work(hub: HubFixture) -> None:
        for number in range(3):
            await hub.requests.add(subscription_request(str(number), "denied", host="h"), NOW)
        assert not await hub.requests.add(subscription_request("a", host="h"), NOW)

    run_with_hub(address, work, limits=HubLimits(max_pending_per_host=1, max_pending=1))


@pytest.mark.parametrize(
    "tight",
    [HubLimits(max_pending_per_host=2), HubLimits(max_pending=2), HubLimits(max_subscriptions=2)],
)
def test_simultaneous_requests_cannot_share_the_last_place(address: str, tight: HubLimits) -> None:
    """However many ask and confirm at the same time, on either database."""

    async def work(hub: HubFixture) -> None:
        names = [f"n{number}" for number in range(8)]
        await asyncio.gather(
            *(hub.requests.add(subscription_request(one, host="h"), NOW) for one in names)
        )
        claimed = await hub.requests.claim(100, token="x", now=NOW, lease=LEASE)
        await asyncio.gather(
            *(hub.requests.complete(one, "", token="x", now=NOW) for one in claimed)
        )
        assert len(await hub.subscriptions()) == 2

    run_with_hub(address, work, limits=tight)


def test_new_subscription_over_the_limit_is_refused_at_once(address: str) -> None:
    """Ended ones make room; leaving is never refused."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        assert await hub.requests.add(subscription_request("b"), NOW) == limits.FAILURE_WINDOW
        assert not await hub.requests.add(subscription_request("c", "unsubscribe"), NOW)
        assert not await hub.requests.add(subscription_request("b"), NOW + timedelta(days=1))

    run_with_hub(address, work, limits=HubLimits(max_subscriptions=1))


def test_who_confirms_too_late_for_the_last_place_is_denied(address: str) -> None:
    """With a reason that names nobody (W3C WebSub section 5.2)."""

    async def work(hub: HubFixture) -> None:
        for name in ("a", "b"):
            assert not await hub.requests.add(subscription_request(name, secret=b"hush"), NOW)
        for one in await hub.requests.claim(9, token="x", now=NOW, lease=LEASE):
            await hub.requests.complete(one, "", token="x", now=NOW)
        (denial,) = await hub.requests.claim(9, token="y", now=NOW, lease=LEASE)
        assert (denial.mode, denial.reason, denial.secret) == ("denied", HUB_IS_FULL, b"")
        assert len(await hub.subscriptions()) == 1

    run_with_hub(address, work, limits=HubLimits(max_subscriptions=1))


def test_existing_subscriptions_over_a_lowered_limit_stay_and_renew(address: str) -> None:
    """Only new ones are refused, also where everything that may wait does."""

    async def work(hub: HubFixture) -> None:
        for name in ("a", "b", "c"):
            await hub.verify(subscription_request(name, host="h"))
        await hub.requests.add(subscription_request("d", host="h"), NOW)
        lowered = HubLimits(max_pending_per_host=1, max_pending=1, max_subscriptions=1)
        tight = HubFixture(
            outbox_fixture=hub.outbox_fixture,
            topics=hub.topics,
            requests=WebSubRequests(hub.outbox_fixture.database, SecretStore(), lowered),
        )
        assert await tight.requests.add(subscription_request("e", host="h"), NOW)
        later = NOW + timedelta(hours=1)
        renewal = replace(subscription_request("a", host="h"), id=SubscriptionId("sub_renewal"))
        assert not await tight.requests.add(renewal, later)
        found = await tight.requests.claim(9, token="x", now=later, lease=LEASE)
        for one in found:
            await tight.requests.complete(one, "" if one == renewal else "no", token="x", now=later)
        leases = {one.url: one.lease_until for one in await hub.subscriptions()}
        assert len(leases) == 3
        assert leases[renewal.callback] == later + timedelta(days=1)

    run_with_hub(address, work)


def test_a_known_callback_renews_whatever_others_ask_of_its_host(address: str) -> None:
    """Nobody can be kept from renewing by requests in the name of its host."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        for number in range(limits.MAX_FAILED_PER_HOST):
            forged = subscription_request(str(number), host="a.example", client=str(number))
            await hub.verify(forged, error="the response status was 404")
        assert await hub.requests.add(
            subscription_request("other", host="a.example", client=""), NOW
        )
        assert not await hub.requests.add(
            replace(subscription_request("a"), id=SubscriptionId("sub_b")), NOW
        )

    run_with_hub(address, work)


def test_who_asked_with_a_secret_that_cannot_be_opened_has_to_ask_again(address: str) -> None:
    """It would be told unsigned; whoever asked without one goes on."""

    async def work(hub: HubFixture) -> None:
        await hub.requests.add(subscription_request("a", secret=b"hush"), NOW)
        await hub.requests.add(subscription_request("b"), NOW)
        wrong = WebSubRequests(hub.outbox_fixture.database, SecretStore("wrong"))
        assert await wrong.claim(9, token="x", now=NOW, lease=LEASE) == (subscription_request("b"),)
        assert await hub.requests.claim(9, token="y", now=NOW + LEASE, lease=LEASE) == (
            subscription_request("b"),
        )
        await hub.verify(
            replace(subscription_request("a", secret=b"hush"), id=SubscriptionId("sub_anew"))
        )
        assert len(await hub.subscriptions()) == 1

    run_with_hub(address, work, key="right")


def test_a_renewal_replaces_a_secret_that_cannot_be_opened(address: str) -> None:
    """By the one that was given with it."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a", secret=b"old"))
        anew = HubFixture(
            outbox_fixture=hub.outbox_fixture,
            topics=hub.topics,
            requests=WebSubRequests(hub.outbox_fixture.database, SecretStore("other")),
        )
        await anew.verify(subscription_request("a", secret=b"new"))
        found = await Subscriptions(hub.outbox_fixture.database, SecretStore("other")).list(
            kind="websub"
        )
        assert [one.secrets for one in found] == [(Secret(key=b"new"),)]

    run_with_hub(address, work, key="right")
