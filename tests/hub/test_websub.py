"""Subscribing by W3C WebSub (23 January 2018) over HTTP: every MUST and SHOULD of section 5."""

import asyncio
import hashlib
import hmac
import pathlib
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.channels.receiver import Behaviour, answer, hang
from tests.hub.rig import MASTHEAD, TOPIC, Rig, until
from tests.hub.scene import delivered, play
from tests.hub.subscriber import Subscriber

OLD, NEW = "old", "new"


def test_a_subscriber_is_asked_and_then_told(tmp_path: pathlib.Path) -> None:
    """5.1 to 7, as a whole: 202, a question, and the topic as it is served, unsigned.

    The body is never empty, the type is that of the topic, byte for byte; one Link header says
    hub and self, which are those that a reader of the topic is told.
    """

    async def scene(hub: Rig, reader: Subscriber) -> None:
        taken = await hub.ask("subscribe", reader.url())
        assert taken.status_code == 202
        assert taken.headers["content-type"].startswith("text/plain")
        await until(hub.settled)
        (question,) = reader.questions
        assert question["hub.mode"] == "subscribe"
        assert question["hub.topic"] == TOPIC
        assert question["hub.lease_seconds"] == "864000"
        assert len(question["hub.challenge"]) >= 32
        await hub.publish(2)
        await delivered(reader, 1)
        (content,) = reader.contents
        served = await hub.served()
        assert content.body == served.content
        assert content.headers["content-type"] == served.headers["content-type"]
        assert content.headers["link"] == f'<{MASTHEAD.hub}>; rel="hub", <{TOPIC}>; rel="self"'
        assert served.link("hub") == MASTHEAD.hub
        assert served.link("self") == TOPIC
        assert "x-hub-signature" not in content.headers

    play(tmp_path, scene)


@pytest.mark.parametrize("topic", ["all.rss", "all.atom", "tts.json", "all.json?category=tts"])
def test_every_feed_in_every_format_is_a_topic(tmp_path: pathlib.Path, topic: str) -> None:
    """4.1: each address has one representation and says which hub and topic it belongs to."""
    address = f"https://feeds.example.gov/feeds/{topic}"

    async def scene(hub: Rig, reader: Subscriber) -> None:
        served = await hub.served(address)
        assert served.headers["link"].count('rel="self"') == 1
        assert (served.link("self"), served.link("hub")) == (address, MASTHEAD.hub)
        assert MASTHEAD.hub in served.text
        await hub.subscribe(reader.url(), address)
        await hub.publish(1)
        await delivered(reader, 1)
        assert reader.contents[0].body == (await hub.served(address)).content

    play(tmp_path, scene)


def test_content_is_signed_where_a_secret_was_given(tmp_path: pathlib.Path) -> None:
    """7.1: HMAC of the body with the secret, by SHA-256; a renewal may change the secret."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        for number, secret in enumerate(("s", "ä" * 99)):
            await hub.subscribe(reader.url(), secret=secret)
            await hub.publish(2 - number)
            await delivered(reader, number + 1)
            content = reader.contents[-1]
            digest = hmac.new(secret.encode(), content.body, hashlib.sha256).hexdigest()
            assert content.headers["x-hub-signature"] == f"sha256={digest}"

    play(tmp_path, scene)


def test_foreign_parameters_do_not_matter(tmp_path: pathlib.Path) -> None:
    """5.1: hubs must ignore what they do not understand."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        form = f"hub.mode=subscribe&hub.callback={reader.url()}&hub.topic={TOPIC}"
        answer = await hub.post(f"{form}&foo=bar&hub.foo=hub.bar&foo=again".encode())
        assert answer.status_code == 202
        await until(hub.subscribed)

    play(tmp_path, scene)


def test_a_renewal_replaces_the_subscription(tmp_path: pathlib.Path) -> None:
    """5.1: the same topic and callback again is asked about again, and told once."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        first = await hub.subscribe(reader.url(), lease_seconds="3600")
        second = await hub.subscribe(reader.url(), lease_seconds="7200", secret=NEW)
        assert second.id == first.id
        assert [one["hub.lease_seconds"] for one in reader.questions] == ["3600", "7200"]
        assert len(await hub.subscribed()) == 1
        await hub.publish(2)
        await delivered(reader, 1)
        await hub.publish(1)
        await delivered(reader, 2)
        assert len(reader.contents) == 2

    play(tmp_path, scene)


def test_a_renewal_that_is_not_confirmed_changes_nothing(tmp_path: pathlib.Path) -> None:
    """5.1: secret and lease stay as they were."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url(), secret=OLD)
        before = await hub.subscribed()
        reader.confirm = answer(404)
        await hub.ask("subscribe", reader.url(), secret=NEW, lease_seconds="3600")
        await until(lambda: len(reader.questions) == 2)
        await until(hub.settled)
        assert await hub.subscribed() == before

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("wish", "lease"), [("1", 3_600), ("7200", 7_200), ("99999999999", 2_592_000), ("", 864_000)]
)
def test_a_lease_is_told_and_has_an_end(tmp_path: pathlib.Path, wish: str, lease: int) -> None:
    """5.1, 5.3: wishes are respected within bounds; what is told is what is enforced."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        made = await hub.subscribe(reader.url(), lease_seconds=wish)
        assert reader.questions[0]["hub.lease_seconds"] == str(lease)
        assert made.lease_until is not None
        assert abs(made.lease_until - hub.clock() - timedelta(seconds=lease)) < timedelta(minutes=1)

    play(tmp_path, scene)


def test_nothing_is_delivered_after_the_lease(tmp_path: pathlib.Path) -> None:
    """5.3: leases are enforced; who renewed in time hears on."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url("/short"), lease_seconds="3600")
        await hub.subscribe(reader.url("/long"), lease_seconds="7200")
        hub.ahead = timedelta(seconds=3_700)
        await hub.publish(2)
        await delivered(reader, 1)
        assert [one.target for one in reader.contents] == ["/long"]

        async def forgotten() -> bool:
            return len(await hub.subscribed()) == 1

        await until(forgotten)

    play(tmp_path, scene)


def test_who_leaves_is_asked_and_then_not_told(tmp_path: pathlib.Path) -> None:
    """5.1, 5.3: verified likewise, without a lease, whatever was said of one; then silence."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url())
        await hub.subscribe(reader.url("/other"))
        left = await hub.ask("unsubscribe", reader.url(), lease_seconds="nonsense")
        assert left.status_code == 202
        await until(hub.settled)
        question = reader.questions[-1]
        assert (question["hub.mode"], question["hub.topic"]) == ("unsubscribe", TOPIC)
        assert "hub.lease_seconds" not in question
        await hub.publish(2)
        await delivered(reader, 1)
        assert [one.target for one in reader.contents] == ["/other"]

    play(tmp_path, scene)


def test_who_does_not_confirm_leaving_hears_on(tmp_path: pathlib.Path) -> None:
    """5.3: nobody can be unsubscribed by somebody else."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        await hub.subscribe(reader.url())
        reader.confirm = answer(404)
        await hub.ask("unsubscribe", reader.url())
        await until(lambda: len(reader.questions) == 2)
        await until(hub.settled)
        await hub.publish(2)
        await delivered(reader, 1)

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "refusal",
    [
        answer(200, b"another text"),
        answer(200),
        answer(204),
        answer(301, location="/callback"),
        answer(404),
        answer(500),
        hang,
    ],
)
def test_anything_but_the_challenge_is_a_refusal(
    tmp_path: pathlib.Path, refusal: Behaviour
) -> None:
    """5.3.1: other bodies, 3xx, 4xx, 5xx and silence; redirects are not followed, nobody hears."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        reader.confirm = refusal
        assert (await hub.ask("subscribe", reader.url())).status_code == 202
        await until(lambda: reader.questions)
        await until(hub.settled)
        assert not await hub.subscribed()
        await hub.publish(2)
        assert (len(reader.questions), reader.contents) == (1, [])

    play(tmp_path, scene)


def test_any_status_of_success_confirms(tmp_path: pathlib.Path) -> None:
    """5.3.1: with the challenge as its body."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        async def accept(_: object, writer: asyncio.StreamWriter) -> None:
            challenge = reader.questions[-1]["hub.challenge"].encode()
            length = str(len(challenge)).encode()
            writer.write(b"HTTP/1.1 202 Yes\r\ncontent-length: %b\r\n\r\n%b" % (length, challenge))

        reader.confirm = accept
        await hub.subscribe(reader.url())

    play(tmp_path, scene)


def test_each_challenge_is_used_once(tmp_path: pathlib.Path) -> None:
    """5.3: random, and long enough not to be guessed."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        for _ in range(3):
            await hub.subscribe(reader.url())
        challenges = {one["hub.challenge"] for one in reader.questions}
        assert len(challenges) == 3
        assert all(re.fullmatch("[A-Za-z0-9_-]{32,}", one) for one in challenges)

    play(tmp_path, scene)


def test_a_callback_is_used_exactly(tmp_path: pathlib.Path) -> None:
    """5.1.1, 8.3: its query is kept, ours is added behind it and overwrites nothing."""
    path = "/c%41llback/%7E?hub.mode=mine&token=%2Fx+y&empty="

    async def scene(hub: Rig, reader: Subscriber) -> None:
        form = f"hub.mode=subscribe&hub.topic={quote(TOPIC)}&hub.callback="
        taken = await hub.post((form + quote(reader.url(path), safe="")).encode())
        assert taken.status_code == 202
        await until(hub.subscribed)
        target = reader.receiver.requests[0].target
        assert target.startswith(f"{path}&hub.mode=subscribe&hub.topic=")
        await hub.publish(2)
        await delivered(reader, 1)
        assert reader.contents[0].target == path

    play(tmp_path, scene)


def test_unreserved_characters_may_be_encoded(tmp_path: pathlib.Path) -> None:
    """5.1.1: a topic means the same with %7E as with a tilde, in a form and in an address."""

    async def scene(hub: Rig, reader: Subscriber) -> None:
        encoded = TOPIC.replace("all", "%61ll")
        await hub.subscribe(reader.url(), encoded)
        assert reader.questions[0]["hub.topic"] == encoded
        form = f"hub%2Emode=subscribe&hub.topic={quote(TOPIC).replace('a', '%61')}&hub.callback="
        assert (await hub.post((form + reader.url("/b")).encode())).status_code == 202
        await until(lambda: len(reader.questions) == 2)
        assert reader.questions[1]["hub.topic"] == TOPIC
        await until(hub.settled)
        await hub.publish(2)
        await delivered(reader, 2)
        assert all(f'<{TOPIC}>; rel="self"' in one.headers["link"] for one in reader.contents)

    play(tmp_path, scene)
