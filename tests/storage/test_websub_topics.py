"""States of WebSub topics: subscribers get the latest, and nothing older."""

from datetime import timedelta

import pytest

from syndicate.errors import StorageError
from tests.storage.hub_fixture import (
    HOLDER,
    TOPIC,
    HubFixture,
    open_hub,
    subscription_request,
    tag_of,
    topic_state,
)
from tests.storage.outbox_fixture import LEASE, NOW, finished_attempt

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
OTHER = "https://feeds.example.gov/feeds/TTS.json"


async def test_state_is_enqueued_once_for_subscribers_with_another(address: str) -> None:
    """Byte for byte, with the URL of the topic; subscribers that started with it have it."""
    async with open_hub(address, key="passphrase") as hub:
        await hub.verify(subscription_request("a", secret=b"short"))
        await hub.verify(subscription_request("b", last_sent_tag="one"))
        await hub.verify(subscription_request("c", topic=OTHER))
        assert await hub.topics.last_sent_tags(NOW) == {
            TOPIC: frozenset({"zero", "one"}),
            OTHER: frozenset({"zero"}),
        }
        assert await hub.enqueue_state("one") == 1
        assert await hub.enqueue_state("one") == 0
        assert (await hub.topics.last_sent_tags(NOW))[TOPIC] == frozenset({"one"})
        (claim,) = await hub.outbox_fixture.claim("x")
        assert claim.subscription.id == "sub_a"
        assert claim.subscription.secrets[0].key == b"short"
        assert claim.delivery.body == topic_state("one").body
        assert claim.delivery.media_type == "application/feed+json"
        assert claim.delivery.topic == TOPIC


async def test_newer_state_replaces_a_pending_one(hub: HubFixture) -> None:
    """Also one that failed and waits for a retry."""
    await hub.verify(subscription_request("a"))
    await hub.enqueue_state("one")
    await hub.enqueue_state("two")
    (claim,) = await hub.outbox_fixture.claim("x")
    assert tag_of(claim.delivery) == "two"
    await hub.outbox_fixture.outbox.complete([finished_attempt(claim.delivery, 500)])
    await hub.enqueue_state("three")
    (claim,) = await hub.outbox_fixture.claim("y")
    await hub.outbox_fixture.outbox.complete([finished_attempt(claim.delivery)])
    assert await hub.log("a") == [
        ("one", "cancelled"),
        ("two", "cancelled"),
        ("three", "delivered"),
    ]


@pytest.mark.parametrize(("status", "end"), [(204, "delivered"), (500, "cancelled")])
async def test_state_being_sent_is_followed_by_the_latest(
    hub: HubFixture, status: int, end: str
) -> None:
    """It is not sent again, whether received or not."""
    await hub.verify(subscription_request("a"))
    await hub.enqueue_state("one")
    (claim,) = await hub.outbox_fixture.claim("x")
    await hub.enqueue_state("two")
    assert await hub.outbox_fixture.claim("y") == ()
    await hub.outbox_fixture.outbox.complete([finished_attempt(claim.delivery, status)])
    (after,) = await hub.outbox_fixture.claim("z")
    assert tag_of(after.delivery) == "two"
    assert await hub.log("a") == [("one", end), ("two", "leased")]


async def test_two_changes_that_undo_each_other_are_one_delivery(hub: HubFixture) -> None:
    """A subscriber gets the last state, once."""
    await hub.verify(subscription_request("a"))
    await hub.enqueue_state("one")
    await hub.enqueue_state("zero")
    assert await hub.enqueue_state("zero") == 0
    (claim,) = await hub.outbox_fixture.claim("x")
    assert tag_of(claim.delivery) == "zero"


@pytest.mark.slow
async def test_status_410_ends_a_subscription_and_failures_do_not(hub: HubFixture) -> None:
    """Later states are enqueued for a subscriber that fails."""
    await hub.verify(subscription_request("a", lease=30 * DAY))
    for number in range(8):
        await hub.enqueue_state(f"bad{number}")
        (claim,) = await hub.outbox_fixture.claim(f"x{number}", now=NOW + number * DAY)
        failed = finished_attempt(claim.delivery, 500, NOW + number * DAY)
        await hub.outbox_fixture.outbox.complete([failed])
    (failing,) = await hub.subscriptions()
    assert failing.state == "suspended"
    assert await hub.enqueue_state("last") == 1
    (claim,) = await hub.outbox_fixture.claim("y", now=NOW + 9 * DAY)
    await hub.outbox_fixture.outbox.complete([finished_attempt(claim.delivery, 410)])
    assert await hub.topics.last_sent_tags(NOW) == {}
    assert await hub.enqueue_state("later") == 0


async def test_nothing_is_sent_after_the_end_of_a_lease(hub: HubFixture) -> None:
    """Nor what was pending; then subscription and deliveries are deleted."""
    await hub.verify(subscription_request("a"))
    await hub.verify(subscription_request("b", lease=2 * DAY))
    await hub.enqueue_state("one")
    over = NOW + DAY
    assert await hub.outbox_fixture.outbox.next_due(over - SECOND) == over - SECOND
    (claim,) = await hub.outbox_fixture.claim("x", now=over)
    assert claim.subscription.id == "sub_b"
    assert await hub.outbox_fixture.outbox.next_due(over) == over + LEASE
    assert await hub.topics.last_sent_tags(over) == {TOPIC: frozenset({"one"})}
    assert await hub.topics.prune(over) == 1
    assert [subscription.id for subscription in await hub.subscriptions()] == ["sub_b"]
    assert await hub.log("a") == []


async def test_old_states_are_deleted_soon(hub: HubFixture) -> None:
    """Each is a whole feed; pending ones and the events of webhooks stay."""
    await hub.verify(subscription_request("a", lease=9 * DAY))
    await hub.outbox_fixture.subscribe("hook", events=(1,))
    await hub.enqueue_state("one")
    for claim in await hub.outbox_fixture.claim("x"):
        await hub.outbox_fixture.outbox.complete([finished_attempt(claim.delivery)])
    await hub.enqueue_state("two")
    assert await hub.topics.prune(NOW + DAY) == 0
    assert await hub.topics.prune(NOW + DAY + SECOND) == 1
    assert await hub.log("a") == [("two", "pending")]
    (hook,) = await hub.outbox_fixture.subscriptions.list()
    assert len(await hub.outbox_fixture.delivery_log.list(hook.id)) == 1


async def test_subscribers_of_an_ended_topic_get_a_denial(hub: HubFixture) -> None:
    """Once, unless their lease is over anyway; nothing else is sent to them."""
    await hub.verify(subscription_request("a"))
    await hub.verify(subscription_request("b", lease=SECOND))
    await hub.verify(subscription_request("c", topic=OTHER))
    await hub.enqueue_state("one")
    assert await hub.topics.end_topic(TOPIC, "no more", HOLDER, NOW + SECOND) == 2
    (denial,) = await hub.requests.claim(9, token="x", now=NOW, lease=LEASE)
    assert (denial.mode, denial.reason) == ("denied", "no more")
    assert (denial.callback, denial.topic) == ("https://a.example/callback", TOPIC)
    assert [subscription.id for subscription in await hub.subscriptions()] == ["sub_c"]
    assert await hub.outbox_fixture.claim("y") == ()


async def test_process_without_the_lease_changes_nothing(hub: HubFixture) -> None:
    """Two processes with two editions would send their states in turns."""
    await hub.verify(subscription_request("a"))
    with pytest.raises(StorageError, match="lost its lease"):
        await hub.topics.enqueue_state(topic_state("one"), "somebody else", NOW)
    with pytest.raises(StorageError, match="lost its lease"):
        await hub.topics.end_topic(TOPIC, "no more", "somebody else", NOW)
    assert await hub.topics.last_sent_tags(NOW) == {TOPIC: frozenset({"zero"})}
    assert await hub.outbox_fixture.claim("x") == ()
