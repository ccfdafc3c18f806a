"""Content distribution by W3C WebSub section 7: retries, coalescing, end of subscriptions."""

import pathlib

import pytest

from tests.channels.receiver import respond
from tests.web.app_client import POSTS
from tests.worker.hub_fixture import (
    edition,
    hub_and_subscriber,
    wait_for_deliveries,
    wait_until,
)


@pytest.mark.slow
async def test_failures_do_not_end_a_subscription(tmp_path: pathlib.Path) -> None:
    """7: a failed delivery is retried and then dropped; later content is delivered."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        made = await hub.subscribe(reader.url())
        reader.content_behaviour = respond(500)
        await hub.publish(3)
        await wait_for_deliveries(reader, 3)
        assert len({request.body for request in reader.deliveries}) == 1

        await wait_until(hub.is_idle)
        reader.content_behaviour = respond(204)
        await hub.publish(2)
        await wait_for_deliveries(reader, 4)
        assert reader.deliveries[-1].body == (await hub.get_feed()).content
        assert [subscription.id for subscription in await hub.list_subscriptions()] == [made.id]


async def test_redirect_is_a_failure(tmp_path: pathlib.Path) -> None:
    """7: it is not followed, and the same callback is retried."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url())
        reader.content_behaviour = respond(307, location="/elsewhere")
        await hub.publish(2)
        await wait_for_deliveries(reader, 2)
        assert {request.target for request in reader.deliveries} == {"/callback"}


@pytest.mark.slow
async def test_410_ends_a_subscription(tmp_path: pathlib.Path) -> None:
    """7: the callback no longer exists; a new request starts a new subscription."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url())
        reader.content_behaviour = respond(410)
        await hub.publish(3)
        await wait_for_deliveries(reader, 1)

        async def ended() -> bool:
            return {subscription.state for subscription in await hub.list_subscriptions()} == {
                "disabled"
            }

        await wait_until(ended)
        await hub.publish(2)
        await hub.subscribe(reader.url("/other"))
        reader.content_behaviour = respond(204)
        await hub.publish(1)
        await wait_for_deliveries(reader, 2)
        assert [request.target for request in reader.deliveries] == ["/callback", "/other"]


@pytest.mark.slow
async def test_only_the_latest_content_is_delivered(tmp_path: pathlib.Path) -> None:
    """Intermediate states of a topic are skipped."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url())
        await hub.stop()
        await hub.publish(3)
        await hub.publish(2)
        await hub.publish(1)
        hub.start()
        await wait_for_deliveries(reader, 1)
        assert reader.deliveries[0].body == (await hub.get_feed()).content
        await wait_until(hub.is_idle)
        assert len(reader.deliveries) == 1


@pytest.mark.slow
async def test_change_between_request_and_confirmation_is_delivered(tmp_path: pathlib.Path) -> None:
    """Nothing is missed after the 202 response; unchanged content is not sent."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.stop()
        await hub.send_request("subscribe", reader.url())
        await hub.publish(2)
        hub.start()
        await wait_until(hub.list_subscriptions)
        await hub.distribute()
        await wait_for_deliveries(reader, 1)
        await hub.distribute()
        await wait_until(hub.is_idle)
        assert len(reader.deliveries) == 1


@pytest.mark.slow
async def test_unchanged_topic_is_not_delivered(tmp_path: pathlib.Path) -> None:
    """A new edition with the same feed is not sent to its subscribers."""
    spanish = "https://feeds.example.gov/feeds/updates.json"

    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url("/all"))
        await hub.subscribe(reader.url("/es"), spanish)
        hub.reader.current = edition([post for post in POSTS if post != POSTS[0]])
        await hub.distribute()
        await wait_for_deliveries(reader, 1)
        await wait_until(hub.is_idle)
        assert [request.target for request in reader.deliveries] == ["/all"]


async def test_removed_topic_denies_its_subscriptions(tmp_path: pathlib.Path) -> None:
    """5.2: by GET, with the reason and without verification."""
    named = "https://feeds.example.gov/feeds/tech-carousel.json"

    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url("/callback?hub.lease=mine"), named)
        reader.verify_behaviour = respond(500)
        hub.reader.current = edition(named=())
        await hub.distribute()
        await wait_until(lambda: len(reader.verifications) == 2)
        denial = reader.verifications[-1]
        assert (denial["hub.mode"], denial["hub.topic"]) == ("denied", named)
        assert (denial["hub.lease"], "tech-carousel" in denial["hub.reason"]) == ("mine", True)
        assert not await hub.list_subscriptions()
        await wait_until(hub.is_verified)
        assert (await hub.send_request("subscribe", reader.url(), named)).status_code == 404
