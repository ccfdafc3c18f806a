"""Content by W3C WebSub section 7: tried again, never out of date, ended when it must be."""

import pathlib

from tests.channels.receiver import answer
from tests.hub.rig import Rig, edition, until
from tests.hub.scene import delivered, play
from tests.hub.subscriber import Subscriber
from tests.web.site import POSTS


def test_failures_do_not_end_a_subscription(tmp_path: pathlib.Path) -> None:
    """7: tried again within limits; what came of it is dropped, later updates are delivered."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        made = await hub.subscribe(reader.url())
        reader.take = answer(500)
        await hub.publish(3)
        await delivered(reader, 3)
        assert len({one.body for one in reader.contents}) == 1

        await until(hub.deliverer_is_idle)
        reader.take = answer(204)
        await hub.publish(2)
        await delivered(reader, 4)
        assert reader.contents[-1].body == (await hub.served()).content
        assert [one.id for one in await hub.subscribed()] == [made.id]

    play(tmp_path, scene)


def test_a_redirect_is_a_failure(tmp_path: pathlib.Path) -> None:
    """7: it is not followed, and tried again at the same callback."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url())
        reader.take = answer(307, location="/elsewhere")
        await hub.publish(2)
        await delivered(reader, 2)
        assert {one.target for one in reader.contents} == {"/callback"}

    play(tmp_path, scene)


def test_gone_ends_a_subscription(tmp_path: pathlib.Path) -> None:
    """7: 410 says that the callback is no more; who confirms a new request hears again."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url())
        reader.take = answer(410)
        await hub.publish(3)
        await delivered(reader, 1)

        async def ended() -> bool:
            return {one.state for one in await hub.subscribed()} == {"disabled"}

        await until(ended)
        await hub.publish(2)
        await hub.subscribe(reader.url("/other"))
        reader.take = answer(204)
        await hub.publish(1)
        await delivered(reader, 2)
        assert [one.target for one in reader.contents] == ["/callback", "/other"]

    play(tmp_path, scene)


def test_only_the_latest_is_delivered(tmp_path: pathlib.Path) -> None:
    """Coalesced: who could not be told in between hears what the topic is now."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url())
        await hub.stop()
        await hub.publish(3)
        await hub.publish(2)
        await hub.publish(1)
        hub.start()
        await delivered(reader, 1)
        assert reader.contents[0].body == (await hub.served()).content
        await until(hub.deliverer_is_idle)
        assert len(reader.contents) == 1

    play(tmp_path, scene)


def test_what_changed_since_the_request_is_heard(tmp_path: pathlib.Path) -> None:
    """Nothing is missed between 202 and the confirmation; what did not change is not told."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.stop()
        await hub.ask("subscribe", reader.url())
        await hub.publish(2)
        hub.start()
        await until(hub.subscribed)
        await hub.distribute()
        await delivered(reader, 1)
        await hub.distribute()
        await until(hub.deliverer_is_idle)
        assert len(reader.contents) == 1

    play(tmp_path, scene)


def test_a_topic_that_does_not_change_is_not_told(tmp_path: pathlib.Path) -> None:
    """An edition in which a feed stays the same is nothing to its subscribers."""
    spanish = "https://feeds.example.gov/feeds/updates.json"

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url("/all"))
        await hub.subscribe(reader.url("/es"), spanish)
        hub.library.now = edition([one for one in POSTS if one != POSTS[0]])
        await hub.distribute()
        await delivered(reader, 1)
        await until(hub.deliverer_is_idle)
        assert [one.target for one in reader.contents] == ["/all"]

    play(tmp_path, scene)


def test_who_follows_what_is_no_more_is_denied(tmp_path: pathlib.Path) -> None:
    """5.2: told by GET, with the reason; that needs no confirmation."""
    named = "https://feeds.example.gov/feeds/tech-carousel.json"

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url("/callback?hub.lease=mine"), named)
        reader.confirm = answer(500)
        hub.library.now = edition(named=())
        await hub.distribute()
        await until(lambda: len(reader.questions) == 2)
        denial = reader.questions[-1]
        assert (denial["hub.mode"], denial["hub.topic"]) == ("denied", named)
        assert (denial["hub.lease"], "tech-carousel" in denial["hub.reason"]) == ("mine", True)
        assert not await hub.subscribed()
        await until(hub.settled)
        assert (await hub.ask("subscribe", reader.url(), named)).status_code == 404

    play(tmp_path, scene)
