"""States of topics on their way to whoever follows them: the latest, and nothing older."""

from datetime import timedelta

import pytest

from syndicate.errors import StorageError
from tests.storage.hub_fixture import (
    HOLDER,
    TOPIC,
    HubFixture,
    run_with_hub,
    subscription_request,
    tag_of,
    topic_state,
)
from tests.storage.outbox_fixture import LEASE, NOW, finished_attempt

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
OTHER = "https://feeds.example.gov/feeds/TTS.json"


def test_a_state_is_heard_once_by_everybody_who_has_another(address: str) -> None:
    """As it is, byte for byte, with the address of the topic; who subscribed at it has it."""

    async def work(hub: HubFixture) -> None:
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

    run_with_hub(address, work, key="passphrase")


def test_a_newer_state_replaces_what_was_not_sent(address: str) -> None:
    """Also what failed and waits to be tried again: nobody is told what is out of date."""

    async def work(hub: HubFixture) -> None:
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

    run_with_hub(address, work)


@pytest.mark.parametrize(("status", "end"), [(204, "delivered"), (500, "cancelled")])
def test_what_is_being_sent_is_followed_by_the_newest(address: str, status: int, end: str) -> None:
    """It is not sent a second time, be it received or not."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        await hub.enqueue_state("one")
        (claim,) = await hub.outbox_fixture.claim("x")
        await hub.enqueue_state("two")
        assert await hub.outbox_fixture.claim("y") == ()
        await hub.outbox_fixture.outbox.complete([finished_attempt(claim.delivery, status)])
        (after,) = await hub.outbox_fixture.claim("z")
        assert tag_of(after.delivery) == "two"
        assert await hub.log("a") == [("one", end), ("two", "leased")]

    run_with_hub(address, work)


def test_there_and_back_is_nothing_new(address: str) -> None:
    """Who was to hear two changes that undo each other hears the last state, once."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        await hub.enqueue_state("one")
        await hub.enqueue_state("zero")
        assert await hub.enqueue_state("zero") == 0
        (claim,) = await hub.outbox_fixture.claim("x")
        assert tag_of(claim.delivery) == "zero"

    run_with_hub(address, work)


def test_failures_do_not_end_a_subscription_and_gone_does(address: str) -> None:
    """Later states are made for who fails; who said 410 is told no more."""

    async def work(hub: HubFixture) -> None:
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

    run_with_hub(address, work)


def test_nothing_is_sent_after_the_end_of_a_lease(address: str) -> None:
    """Not even what was on its way; then subscription and deliveries are forgotten."""

    async def work(hub: HubFixture) -> None:
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
        assert [one.id for one in await hub.subscriptions()] == ["sub_b"]
        assert await hub.log("a") == []

    run_with_hub(address, work)


def test_old_states_are_forgotten_soon(address: str) -> None:
    """Each is a whole feed; what is still on its way stays, and webhooks' events do."""

    async def work(hub: HubFixture) -> None:
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

    run_with_hub(address, work)


def test_who_follows_what_is_no_more_is_told(address: str) -> None:
    """Once, unless its lease is over anyway; nothing else reaches it."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        await hub.verify(subscription_request("b", lease=SECOND))
        await hub.verify(subscription_request("c", topic=OTHER))
        await hub.enqueue_state("one")
        assert await hub.topics.end_topic(TOPIC, "no more", HOLDER, NOW + SECOND) == 2
        (denial,) = await hub.requests.claim(9, token="x", now=NOW, lease=LEASE)
        assert (denial.mode, denial.reason) == ("denied", "no more")
        assert (denial.callback, denial.topic) == ("https://a.example/callback", TOPIC)
        assert [one.id for one in await hub.subscriptions()] == ["sub_c"]
        assert await hub.outbox_fixture.claim("y") == ()

    run_with_hub(address, work)


def test_who_has_lost_the_right_to_tell_changes_nothing(address: str) -> None:
    """Two processes with two editions would tell subscribers now this, now that."""

    async def work(hub: HubFixture) -> None:
        await hub.verify(subscription_request("a"))
        with pytest.raises(StorageError, match="lost its lease"):
            await hub.topics.enqueue_state(topic_state("one"), "somebody else", NOW)
        with pytest.raises(StorageError, match="lost its lease"):
            await hub.topics.end_topic(TOPIC, "no more", "somebody else", NOW)
        assert await hub.topics.last_sent_tags(NOW) == {TOPIC: frozenset({"zero"})}
        assert await hub.outbox_fixture.claim("x") == ()

    run_with_hub(address, work)
