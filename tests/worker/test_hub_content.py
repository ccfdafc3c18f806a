"""Content by W3C WebSub section 7: tried again, never out of date, ended when it must be."""

import pathlib

from tests.channels.receiver import respond
from tests.web.app_client import POSTS
from tests.worker.hub_fixture import HubFixture, edition, wait_until
from tests.worker.hub_scenario import run_scenario, wait_for_deliveries
from tests.worker.websub_subscriber import WebSubSubscriber


def test_failures_do_not_end_a_subscription(tmp_path: pathlib.Path) -> None:
    """7: tried again within limits; what came of it is dropped, later updates are delivered."""

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
        made = await hub.subscribe(reader.url())
        reader.content_behaviour = respond(500)
        await hub.publish(3)
        await wait_for_deliveries(reader, 3)
        assert len({one.body for one in reader.deliveries}) == 1

        await wait_until(hub.is_idle)
        reader.content_behaviour = respond(204)
        await hub.publish(2)
        await wait_for_deliveries(reader, 4)
        assert reader.deliveries[-1].body == (await hub.get_feed()).content
        assert [one.id for one in await hub.list_subscriptions()] == [made.id]

    run_scenario(tmp_path, scene)


def test_a_redirect_is_a_failure(tmp_path: pathlib.Path) -> None:
    """7: it is not followed, and tried again at the same callback."""

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
        await hub.subscribe(reader.url())
        reader.content_behaviour = respond(307, location="/elsewhere")
        await hub.publish(2)
        await wait_for_deliveries(reader, 2)
        assert {one.target for one in reader.deliveries} == {"/callback"}

    run_scenario(tmp_path, scene)


def test_gone_ends_a_subscription(tmp_path: pathlib.Path) -> None:
    """7: 410 says that the callback is no more; who confirms a new request hears again."""

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
        await hub.subscribe(reader.url())
        reader.content_behaviour = respond(410)
        await hub.publish(3)
        await wait_for_deliveries(reader, 1)

        async def ended() -> bool:
            return {one.state for one in await hub.list_subscriptions()} == {"disabled"}

        await wait_until(ended)
        await hub.publish(2)
        await hub.subscribe(reader.url("/other"))
        reader.content_behaviour = respond(204)
        await hub.publish(1)
        await wait_for_deliveries(reader, 2)
        assert [one.target for one in reader.deliveries] == ["/callback", "/other"]

    run_scenario(tmp_path, scene)


def test_only_the_latest_is_delivered(tmp_path: pathlib.Path) -> None:
    """Coalesced: who could not be told in between hears what the topic is now."""

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
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

    run_scenario(tmp_path, scene)


def test_what_changed_since_the_request_is_heard(tmp_path: pathlib.Path) -> None:
    """Nothing is missed between 202 and the confirmation; what did not change is not told."""

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
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

    run_scenario(tmp_path, scene)


def test_a_topic_that_does_not_change_is_not_told(tmp_path: pathlib.Path) -> None:
    """An edition in which a feed stays the same is nothing to its subscribers."""
    spanish = "https://feeds.example.gov/feeds/updates.json"

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
        await hub.subscribe(reader.url("/all"))
        await hub.subscribe(reader.url("/es"), spanish)
        hub.reader.current = edition([one for one in POSTS if one != POSTS[0]])
        await hub.distribute()
        await wait_for_deliveries(reader, 1)
        await wait_until(hub.is_idle)
        assert [one.target for one in reader.deliveries] == ["/all"]

    run_scenario(tmp_path, scene)


def test_who_follows_what_is_no_more_is_denied(tmp_path: pathlib.Path) -> None:
    """5.2: told by GET, with the reason; that needs no confirmation."""
    named = "https://feeds.example.gov/feeds/tech-carousel.json"

    async def scene(hub: HubFixture, reader: WebSubSubscriber) -> None:
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

    run_scenario(tmp_path, scene)
