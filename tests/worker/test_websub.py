"""Subscribing by W3C WebSub (23 January 2018) over HTTP: every MUST and SHOULD of section 5."""

import asyncio
import hashlib
import hmac
import pathlib
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.channels.receiver import Behaviour, never_respond, respond
from tests.worker.hub_fixture import (
    SERVICE_INFO,
    TOPIC,
    hub_and_subscriber,
    wait_for_deliveries,
    wait_until,
)

OLD, NEW = "old", "new"


async def test_subscriber_is_verified_and_receives_content(tmp_path: pathlib.Path) -> None:
    """5.1 to 7 as a whole: 202, a verification, and the topic as it is served, unsigned.

    The body is never empty and, like its type, that of the topic byte for byte. One Link header has
    hub and self, the same as in the response to a reader of the topic.
    """
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        taken = await hub.send_request("subscribe", reader.url())
        assert taken.status_code == 202
        assert taken.headers["content-type"].startswith("text/plain")
        await wait_until(hub.is_verified)
        (question,) = reader.verifications
        assert question["hub.mode"] == "subscribe"
        assert question["hub.topic"] == TOPIC
        assert question["hub.lease_seconds"] == "864000"
        assert len(question["hub.challenge"]) >= 32
        await hub.publish(2)
        await wait_for_deliveries(reader, 1)
        (content,) = reader.deliveries
        served = await hub.get_feed()
        assert content.body == served.content
        assert content.headers["content-type"] == served.headers["content-type"]
        assert (
            content.headers["link"] == f'<{SERVICE_INFO.hub_url}>; rel="hub", <{TOPIC}>; rel="self"'
        )
        assert served.link("hub") == SERVICE_INFO.hub_url
        assert served.link("self") == TOPIC
        assert "x-hub-signature" not in content.headers


@pytest.mark.parametrize("topic", ["all.rss", "all.atom", "tts.json", "all.json?category=tts"])
async def test_every_feed_in_every_format_is_a_topic(tmp_path: pathlib.Path, topic: str) -> None:
    """4.1: each URL has one representation, which links to its hub and its topic."""
    address = f"https://feeds.example.gov/feeds/{topic}"

    async with hub_and_subscriber(tmp_path) as (hub, reader):
        served = await hub.get_feed(address)
        assert served.headers["link"].count('rel="self"') == 1
        assert (served.link("self"), served.link("hub")) == (address, SERVICE_INFO.hub_url)
        assert SERVICE_INFO.hub_url in served.text
        await hub.subscribe(reader.url(), address)
        await hub.publish(1)
        await wait_for_deliveries(reader, 1)
        assert reader.deliveries[0].body == (await hub.get_feed(address)).content


@pytest.mark.slow
async def test_content_is_signed_if_there_is_a_secret(tmp_path: pathlib.Path) -> None:
    """7.1: HMAC-SHA256 of the body; a renewal may change the secret."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        for number, secret in enumerate(("s", "ä" * 99)):
            await hub.subscribe(reader.url(), secret=secret)
            await hub.publish(2 - number)
            await wait_for_deliveries(reader, number + 1)
            content = reader.deliveries[-1]
            digest = hmac.new(secret.encode(), content.body, hashlib.sha256).hexdigest()
            assert content.headers["x-hub-signature"] == f"sha256={digest}"


async def test_unknown_parameters_are_ignored(tmp_path: pathlib.Path) -> None:
    """5.1: hubs must ignore them."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        form = f"hub.mode=subscribe&hub.callback={reader.url()}&hub.topic={TOPIC}"
        response = await hub.post(f"{form}&foo=bar&hub.foo=hub.bar&foo=again".encode())
        assert response.status_code == 202
        await wait_until(hub.list_subscriptions)


async def test_renewal_replaces_the_subscription(tmp_path: pathlib.Path) -> None:
    """5.1: the same topic and callback are verified again, and content is delivered once."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        first = await hub.subscribe(reader.url(), lease_seconds="3600")
        second = await hub.subscribe(reader.url(), lease_seconds="7200", secret=NEW)
        assert second.id == first.id
        assert [parameters["hub.lease_seconds"] for parameters in reader.verifications] == [
            "3600",
            "7200",
        ]
        assert len(await hub.list_subscriptions()) == 1
        await hub.publish(2)
        await wait_for_deliveries(reader, 1)
        await hub.publish(1)
        await wait_for_deliveries(reader, 2)
        assert len(reader.deliveries) == 2


async def test_unconfirmed_renewal_changes_nothing(tmp_path: pathlib.Path) -> None:
    """5.1: secret and lease stay the same."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url(), secret=OLD)
        before = await hub.list_subscriptions()
        reader.verify_behaviour = respond(404)
        await hub.send_request("subscribe", reader.url(), secret=NEW, lease_seconds="3600")
        await wait_until(lambda: len(reader.verifications) == 2)
        await wait_until(hub.is_verified)
        assert await hub.list_subscriptions() == before


@pytest.mark.parametrize(
    ("requested", "lease"),
    [("1", 3_600), ("7200", 7_200), ("99999999999", 2_592_000), ("", 864_000)],
)
async def test_lease_is_clamped_and_reported(
    tmp_path: pathlib.Path, requested: str, lease: int
) -> None:
    """5.1, 5.3: requested leases are respected within limits; the reported lease is enforced."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        made = await hub.subscribe(reader.url(), lease_seconds=requested)
        assert reader.verifications[0]["hub.lease_seconds"] == str(lease)
        assert made.lease_until is not None
        assert abs(made.lease_until - hub.clock() - timedelta(seconds=lease)) < timedelta(minutes=1)


@pytest.mark.slow
async def test_nothing_is_delivered_after_the_lease(tmp_path: pathlib.Path) -> None:
    """5.3: leases are enforced; renewed subscriptions continue."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url("/short"), lease_seconds="3600")
        await hub.subscribe(reader.url("/long"), lease_seconds="7200")
        hub.clock_offset = timedelta(seconds=3_700)
        await hub.publish(2)
        await wait_for_deliveries(reader, 1)
        assert [request.target for request in reader.deliveries] == ["/long"]

        async def forgotten() -> bool:
            return len(await hub.list_subscriptions()) == 1

        await wait_until(forgotten)


@pytest.mark.slow
async def test_unsubscribed_callback_gets_no_content(tmp_path: pathlib.Path) -> None:
    """5.1, 5.3: verified as well, without a lease even if one was requested."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url())
        await hub.subscribe(reader.url("/other"))
        response = await hub.send_request("unsubscribe", reader.url(), lease_seconds="nonsense")
        assert response.status_code == 202
        await wait_until(hub.is_verified)
        question = reader.verifications[-1]
        assert (question["hub.mode"], question["hub.topic"]) == ("unsubscribe", TOPIC)
        assert "hub.lease_seconds" not in question
        await hub.publish(2)
        await wait_for_deliveries(reader, 1)
        assert [request.target for request in reader.deliveries] == ["/other"]


async def test_unconfirmed_unsubscribe_changes_nothing(tmp_path: pathlib.Path) -> None:
    """5.3: no third party can unsubscribe a callback."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        await hub.subscribe(reader.url())
        reader.verify_behaviour = respond(404)
        await hub.send_request("unsubscribe", reader.url())
        await wait_until(lambda: len(reader.verifications) == 2)
        await wait_until(hub.is_verified)
        await hub.publish(2)
        await wait_for_deliveries(reader, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "refusal",
    [
        respond(200, b"another text"),
        respond(200),
        respond(204),
        respond(301, location="/callback"),
        respond(404),
        respond(500),
        never_respond,
    ],
)
async def test_other_responses_do_not_confirm(tmp_path: pathlib.Path, refusal: Behaviour) -> None:
    """5.3.1: other bodies, 3xx, 4xx, 5xx and no response; redirects are not followed."""
    async with hub_and_subscriber(tmp_path, timeout_seconds=0.5) as (hub, reader):
        reader.verify_behaviour = refusal
        assert (await hub.send_request("subscribe", reader.url())).status_code == 202
        await wait_until(lambda: reader.verifications)
        await wait_until(hub.is_verified)
        assert not await hub.list_subscriptions()
        await hub.publish(2)
        assert (len(reader.verifications), reader.deliveries) == (1, [])


async def test_any_2xx_with_the_challenge_confirms(tmp_path: pathlib.Path) -> None:
    """5.3.1: with the challenge as its body."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):

        async def accept(_: object, writer: asyncio.StreamWriter) -> None:
            challenge = reader.verifications[-1]["hub.challenge"].encode()
            length = str(len(challenge)).encode()
            writer.write(b"HTTP/1.1 202 Yes\r\ncontent-length: %b\r\n\r\n%b" % (length, challenge))

        reader.verify_behaviour = accept
        await hub.subscribe(reader.url())


async def test_each_challenge_is_used_once(tmp_path: pathlib.Path) -> None:
    """5.3: random, and too long to guess."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        for _ in range(3):
            await hub.subscribe(reader.url())
        challenges = {parameters["hub.challenge"] for parameters in reader.verifications}
        assert len(challenges) == 3
        assert all(re.fullmatch("[A-Za-z0-9_-]{32,}", challenge) for challenge in challenges)


async def test_callback_url_is_used_unchanged(tmp_path: pathlib.Path) -> None:
    """5.1.1, 8.3: its query stays, ours is appended and overwrites nothing."""
    path = "/c%41llback/%7E?hub.mode=mine&token=%2Fx+y&empty="

    async with hub_and_subscriber(tmp_path) as (hub, reader):
        form = f"hub.mode=subscribe&hub.topic={quote(TOPIC)}&hub.callback="
        taken = await hub.post((form + quote(reader.url(path), safe="")).encode())
        assert taken.status_code == 202
        await wait_until(hub.list_subscriptions)
        target = reader.receiver.requests[0].target
        assert target.startswith(f"{path}&hub.mode=subscribe&hub.topic=")
        await hub.publish(2)
        await wait_for_deliveries(reader, 1)
        assert reader.deliveries[0].target == path


@pytest.mark.slow
async def test_percent_encoded_unreserved_characters_are_equal(tmp_path: pathlib.Path) -> None:
    """5.1.1: a topic with %7E is the one with a tilde, in a form and in a URL."""
    async with hub_and_subscriber(tmp_path) as (hub, reader):
        encoded = TOPIC.replace("all", "%61ll")
        await hub.subscribe(reader.url(), encoded)
        assert reader.verifications[0]["hub.topic"] == encoded
        form = f"hub%2Emode=subscribe&hub.topic={quote(TOPIC).replace('a', '%61')}&hub.callback="
        assert (await hub.post((form + reader.url("/b")).encode())).status_code == 202
        await wait_until(lambda: len(reader.verifications) == 2)
        assert reader.verifications[1]["hub.topic"] == TOPIC
        await wait_until(hub.is_verified)
        await hub.publish(2)
        await wait_for_deliveries(reader, 2)
        assert all(
            f'<{TOPIC}>; rel="self"' in request.headers["link"] for request in reader.deliveries
        )
