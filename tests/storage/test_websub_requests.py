"""WebSub requests wait until they are confirmed, and change nothing before."""

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
from tests.storage.hub_fixture import HubFixture, open_hub, subscription_request
from tests.storage.outbox_fixture import LEASE, NOW

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)


def request_from(name: str, who: dict[str, str], same: str) -> WebSubRequest:
    """Return a request of a host and a client, one of which is the same for all requests."""
    known = {**who, **({same: "x"} if same else {})}
    return subscription_request(name, host=known["host"], client=known["client"])


async def test_confirmed_request_is_a_subscription(address: str) -> None:
    """With its own secret, encrypted at rest, and a lease that begins now."""
    async with open_hub(address, key="passphrase") as hub:
        request = subscription_request("a", secret=b"short")
        assert not await hub.requests.is_subscribed(request.callback, request.topic)
        await hub.requests.add(request, NOW)
        assert await hub.requests.is_subscribed(request.callback, request.topic)
        assert await hub.subscriptions() == []
        (claimed,) = await hub.requests.claim(9, token="x", now=NOW, lease=LEASE)
        assert claimed == request
        await hub.requests.complete(claimed, "", token="x", now=NOW + SECOND)
        assert await hub.subscriptions() == [request.to_subscription(NOW + SECOND)]
        assert await hub.requests.is_subscribed(request.callback, request.topic)
        assert await hub.requests.next_due(NOW) is None


async def test_renewal_changes_nothing_until_it_is_confirmed(hub: HubFixture) -> None:
    """Another secret and lease take effect together; the subscription keeps its id."""
    await hub.verify(subscription_request("a", secret=b"one"))
    before = await hub.subscriptions()
    later = NOW + timedelta(hours=1)
    renewal_request = replace(
        subscription_request("a"), id=SubscriptionId("sub_new"), secret=b"two"
    )
    await hub.verify(renewal_request, later, error="the response status was 404")
    assert await hub.subscriptions() == before
    await hub.verify(replace(renewal_request, id=SubscriptionId("sub_newer")), later)
    (renewed,) = await hub.subscriptions()
    assert renewed.id == "sub_a"
    assert renewed.secrets == (Secret(key=b"two"),)
    assert renewed.lease_until == later + timedelta(days=1)


async def test_renewal_revives_a_disabled_subscription(hub: HubFixture) -> None:
    """A subscriber that responded 410 and confirms a new request gets deliveries again."""
    await hub.verify(subscription_request("a"))
    await hub.outbox_fixture.change(
        "sub_a", lambda one: replace(one, state="disabled", state_reason="410", fail_streak=3)
    )
    await hub.verify(subscription_request("a"))
    (revived,) = await hub.subscriptions()
    assert (revived.state, revived.state_reason, revived.fail_streak) == ("active", "", 0)


async def test_confirmed_unsubscription_deletes_the_subscription(hub: HubFixture) -> None:
    """With its deliveries; a refused one changes nothing, nor does a second one."""
    await hub.verify(subscription_request("a"))
    await hub.enqueue_state("one")
    refused = replace(subscription_request("a", "unsubscribe"), id=SubscriptionId("sub_refused"))
    await hub.verify(refused, error="the response status was 404")
    assert len(await hub.subscriptions()) == 1
    await hub.verify(subscription_request("a", "unsubscribe"))
    assert await hub.subscriptions() == []
    assert await hub.log("a") == []
    await hub.verify(subscription_request("a", "unsubscribe"))
    await hub.verify(subscription_request("a", "denied"), error="the response status was 500")
    assert await hub.requests.next_due(NOW) is None


async def test_latest_request_replaces_pending_ones(hub: HubFixture) -> None:
    """Of the same callback and topic, even while one is being verified."""
    await hub.requests.add(subscription_request("a", secret=b"one"), NOW)
    (old,) = await hub.requests.claim(9, token="x", now=NOW, lease=LEASE)
    renewal_request = replace(
        subscription_request("a", secret=b"two"), id=SubscriptionId("sub_new")
    )
    await hub.requests.add(renewal_request, NOW)
    await hub.requests.complete(old, "", token="x", now=NOW)
    assert await hub.subscriptions() == []
    (claimed,) = await hub.requests.claim(9, token="y", now=NOW, lease=LEASE)
    assert claimed == renewal_request


async def test_request_of_a_dead_verifier_is_claimed_again(hub: HubFixture) -> None:
    """When its lease has expired; what the verifier stores later changes nothing."""
    request = subscription_request("a")
    await hub.requests.add(request, NOW)
    assert await hub.requests.next_due(NOW) == NOW
    assert await hub.requests.claim(9, token="dead", now=NOW, lease=LEASE) == (request,)
    assert await hub.requests.claim(9, token="next", now=NOW, lease=LEASE) == ()
    due = await hub.requests.next_due(NOW)
    assert due == NOW + LEASE
    assert await hub.requests.claim(9, token="next", now=due, lease=LEASE) == (request,)
    await hub.requests.complete(request, "", token="dead", now=due)
    assert await hub.subscriptions() == []
    await hub.requests.complete(request, "", token="next", now=due)
    assert len(await hub.subscriptions()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("same", "most"),
    [("host", limits.MAX_FAILED_PER_HOST), ("client", limits.MAX_FAILED_PER_CLIENT)],
)
async def test_too_many_failed_requests_are_refused_for_a_while(
    hub: HubFixture, same: str, most: int
) -> None:
    """By host of the callback and by client, until the oldest failure expires."""
    for number in range(most):
        who = {"host": f"{number}.example", "client": f"192.0.2.{number}"}
        await hub.verify(request_from(str(number), who, same), NOW + number * SECOND, error="no")
    last = request_from("last", {"host": "h", "client": "c"}, same)
    at = NOW + 100 * SECOND
    assert await hub.requests.add(last, at) == limits.FAILURE_WINDOW - 100 * SECOND
    assert await hub.requests.claim(9, token="none", now=at, lease=LEASE) == ()
    spared = subscription_request("spared", host="", client="")
    assert not await hub.requests.add(spared, at)
    later = NOW + limits.FAILURE_WINDOW
    await hub.requests.prune(later)
    assert not await hub.requests.add(last, later)


@pytest.mark.parametrize(
    ("same", "tight"),
    [
        ("host", HubLimits(max_pending_per_host=3)),
        ("client", DEFAULT_HUB_LIMITS),
        ("", HubLimits(max_pending=3)),
    ],
)
async def test_too_many_pending_requests_are_refused(
    address: str, same: str, tight: HubLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By host, by client and in total; the wait is a second at least."""
    monkeypatch.setattr(limits, "MAX_PENDING_PER_CLIENT", 3)
    async with open_hub(address, limits=tight) as hub:
        for number in range(3):
            who = {"host": f"{number}.example", "client": f"192.0.2.{number}"}
            assert not await hub.requests.add(request_from(str(number), who, same), NOW)
        last = request_from("last", {"host": "h", "client": "c"}, same)
        assert await hub.requests.add(last, NOW) == limits.RETRY_AFTER
        assert await hub.requests.add(last, NOW + 2 * limits.RETRY_AFTER) == SECOND


async def test_request_that_replaces_a_pending_one_is_not_counted_twice(address: str) -> None:
    """A second request for the same callback and topic takes no further place."""
    async with open_hub(address, limits=HubLimits(max_pending_per_host=1, max_pending=1)) as hub:
        await hub.requests.add(subscription_request("a", host="h"), NOW)
        again = replace(subscription_request("a", host="h"), id=SubscriptionId("sub_again"))
        assert not await hub.requests.add(again, NOW)
        assert await hub.requests.add(subscription_request("b", host="h"), NOW)


async def test_pending_denials_do_not_count_as_requests(address: str) -> None:
    """The end of a topic with many subscribers does not close the hub."""
    async with open_hub(address, limits=HubLimits(max_pending_per_host=1, max_pending=1)) as hub:
        for number in range(3):
            await hub.requests.add(subscription_request(str(number), "denied", host="h"), NOW)
        assert not await hub.requests.add(subscription_request("a", host="h"), NOW)


@pytest.mark.parametrize(
    "tight",
    [HubLimits(max_pending_per_host=2), HubLimits(max_pending=2), HubLimits(max_subscriptions=2)],
)
async def test_simultaneous_requests_cannot_share_the_last_place(
    address: str, tight: HubLimits
) -> None:
    """However many are sent and confirmed at the same time, on either database."""
    async with open_hub(address, limits=tight) as hub:
        names = [f"n{number}" for number in range(8)]
        await asyncio.gather(
            *(hub.requests.add(subscription_request(name, host="h"), NOW) for name in names)
        )
        claimed = await hub.requests.claim(100, token="x", now=NOW, lease=LEASE)
        await asyncio.gather(
            *(hub.requests.complete(request, "", token="x", now=NOW) for request in claimed)
        )
        assert len(await hub.subscriptions()) == 2


async def test_new_subscription_over_the_limit_is_refused_at_once(address: str) -> None:
    """Ended ones do not count; unsubscribing is never refused."""
    async with open_hub(address, limits=HubLimits(max_subscriptions=1)) as hub:
        await hub.verify(subscription_request("a"))
        assert await hub.requests.add(subscription_request("b"), NOW) == limits.FAILURE_WINDOW
        assert not await hub.requests.add(subscription_request("c", "unsubscribe"), NOW)
        assert not await hub.requests.add(subscription_request("b"), NOW + timedelta(days=1))


async def test_request_confirmed_after_the_limit_was_reached_is_denied(address: str) -> None:
    """With a reason that names nobody (WebSub, section 5.2)."""
    async with open_hub(address, limits=HubLimits(max_subscriptions=1)) as hub:
        for name in ("a", "b"):
            assert not await hub.requests.add(subscription_request(name, secret=b"hush"), NOW)
        for request in await hub.requests.claim(9, token="x", now=NOW, lease=LEASE):
            await hub.requests.complete(request, "", token="x", now=NOW)
        (denial,) = await hub.requests.claim(9, token="y", now=NOW, lease=LEASE)
        assert (denial.mode, denial.reason, denial.secret) == ("denied", HUB_IS_FULL, b"")
        assert len(await hub.subscriptions()) == 1


async def test_existing_subscriptions_over_a_lowered_limit_stay_and_renew(hub: HubFixture) -> None:
    """Only new ones are refused, also while the limit of pending requests is reached."""
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
    for request in found:
        error = "" if request == renewal else "no"
        await tight.requests.complete(request, error, token="x", now=later)
    leases = {
        subscription.url: subscription.lease_until for subscription in await hub.subscriptions()
    }
    assert len(leases) == 3
    assert leases[renewal.callback] == later + timedelta(days=1)


@pytest.mark.slow
async def test_subscribed_callback_can_renew_whatever_others_request(hub: HubFixture) -> None:
    """Requests in the name of its host cannot keep it from renewing."""
    await hub.verify(subscription_request("a"))
    for number in range(limits.MAX_FAILED_PER_HOST):
        forged = subscription_request(str(number), host="a.example", client=str(number))
        await hub.verify(forged, error="the response status was 404")
    assert await hub.requests.add(subscription_request("other", host="a.example", client=""), NOW)
    assert not await hub.requests.add(
        replace(subscription_request("a"), id=SubscriptionId("sub_b")), NOW
    )


async def test_request_with_an_undecryptable_secret_fails(address: str) -> None:
    """Its deliveries could not be signed; requests without a secret go on."""
    async with open_hub(address, key="right") as hub:
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


async def test_renewal_replaces_an_undecryptable_secret(address: str) -> None:
    """By the secret of the new request."""
    async with open_hub(address, key="right") as hub:
        await hub.verify(subscription_request("a", secret=b"old"))
        renewal_request = HubFixture(
            outbox_fixture=hub.outbox_fixture,
            topics=hub.topics,
            requests=WebSubRequests(hub.outbox_fixture.database, SecretStore("other")),
        )
        await renewal_request.verify(subscription_request("a", secret=b"new"))
        found = await Subscriptions(hub.outbox_fixture.database, SecretStore("other")).list(
            kind="websub"
        )
        assert [subscription.secrets for subscription in found] == [(Secret(key=b"new"),)]
