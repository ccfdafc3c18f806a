"""WebSub requests as a subscriber sees them."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from syndicate.channels import CHANNELS, websub
from syndicate.channels.transport import Transport
from syndicate.model.delivery import Delivery, DeliveryId
from syndicate.model.event import EventId
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret
from tests.channels.receiver import Behaviour, never_respond, respond, run_receiver

pytestmark = pytest.mark.anyio

TOPIC = "https://feeds.example.gov/feeds/all.json?limit=10&category=TTS"
SELF = "https://feeds.example.gov/feeds/all.json?category=tts&limit=10"
CHALLENGE = "a-random-challenge"
SUBSCRIPTION = Subscription(
    id=SubscriptionId("sub_1"), kind="websub", url="", topic=TOPIC, state="verifying"
)
DELIVERY = Delivery(
    id=DeliveryId("dlv_1"),
    subscription=SUBSCRIPTION.id,
    event=EventId("evt_1"),
    seq=1,
    body=b'{"version":"https://jsonfeed.org/version/1.1"}',
    media_type="application/feed+json",
    topic=SELF,
    due=datetime.now(UTC),
)
NOW = datetime.now(UTC)
send = CHANNELS["websub"]


async def test_content_is_sent_as_served(transport: Transport) -> None:
    """Body and type of the topic, one Link header with self and hub, unsigned without a secret."""
    async with run_receiver(respond()) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url("/callback?token=1"))
        attempt = await send(transport, at, DELIVERY, NOW)
    received = receiver.requests[0]
    assert attempt.outcome == "delivered"
    assert (received.method, received.target) == ("POST", "/callback?token=1")
    assert received.body == DELIVERY.body
    assert received.headers["content-type"] == "application/feed+json"
    assert received.headers["link"] == (
        f'<https://feeds.example.gov/hub>; rel="hub", <{SELF}>; rel="self"'
    )
    assert "x-hub-signature" not in received.headers
    assert not any(name.startswith("webhook-") for name in received.headers)


async def test_content_is_signed_with_the_subscribers_secret(transport: Transport) -> None:
    """HMAC-SHA256 of the body in hexadecimal, with a secret of any form."""
    secret = Secret(key="geheimnis é".encode())
    async with run_receiver(respond()) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url(), secrets=(secret,))
        await send(transport, at, DELIVERY, NOW)
    expected = hmac.new(secret.key, DELIVERY.body, hashlib.sha256).hexdigest()
    assert receiver.requests[0].headers["x-hub-signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [200, 202])
async def test_request_is_confirmed_by_the_exact_challenge(
    transport: Transport, status: int
) -> None:
    """Mode, topic, challenge and lease are appended to the query of the callback."""
    async with run_receiver(respond(status, CHALLENGE.encode())) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url("/callback?hub.mode=mine&token=%2F1"))
        fault = await websub.verify(
            transport, at, "subscribe", challenge=CHALLENGE, lease_seconds=864_000
        )
    received = receiver.requests[0]
    assert fault == ""
    assert received.method == "GET"
    assert received.target.startswith("/callback?hub.mode=mine&token=%2F1&")
    assert parse_qsl(urlsplit(received.target).query) == [
        ("hub.mode", "mine"),
        ("token", "/1"),
        ("hub.mode", "subscribe"),
        ("hub.topic", TOPIC),
        ("hub.challenge", CHALLENGE),
        ("hub.lease_seconds", "864000"),
    ]


async def test_unsubscribe_is_verified_without_a_lease(transport: Transport) -> None:
    """A lease has no meaning there."""
    async with run_receiver(respond(200, CHALLENGE.encode())) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url())
        fault = await websub.verify(
            transport, at, "unsubscribe", challenge=CHALLENGE, lease_seconds=864_000
        )
    asked = dict(parse_qsl(urlsplit(receiver.requests[0].target).query))
    assert fault == ""
    assert asked == {
        "hub.mode": "unsubscribe",
        "hub.topic": TOPIC,
        "hub.challenge": CHALLENGE,
    }


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (respond(200, b"something else"), "the response does not repeat the challenge"),
        (respond(200, CHALLENGE.encode() + b"\n"), "the response does not repeat the challenge"),
        (respond(204), "the response does not repeat the challenge"),
        (respond(404, CHALLENGE.encode()), "the response status was 404"),
        (respond(500, CHALLENGE.encode()), "the response status was 500"),
        (
            respond(302, CHALLENGE.encode(), location="/elsewhere"),
            "the response status was 302; redirects are not followed",
        ),
        (never_respond, "no complete response within 0.3 s"),
    ],
)
async def test_other_responses_do_not_confirm(
    transport: Transport, behaviour: Behaviour, why: str
) -> None:
    """Another body, another status and no response change nothing, and give a reason."""
    async with run_receiver(behaviour) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url())
        fault = await websub.verify(
            transport, at, "subscribe", challenge=CHALLENGE, lease_seconds=3_600
        )
    assert fault == why


async def test_denial_is_sent(transport: Transport) -> None:
    """With its reason."""
    async with run_receiver(respond(200), respond(500)) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url("/callback?token=1"))
        assert await websub.deny(transport, at, reason="this feed is no more") == ""
        assert await websub.deny(transport, at, reason="") == "the response status was 500"
    assert receiver.requests[0].method == "GET"
    assert parse_qsl(urlsplit(receiver.requests[0].target).query) == [
        ("token", "1"),
        ("hub.mode", "denied"),
        ("hub.topic", TOPIC),
        ("hub.reason", "this feed is no more"),
    ]


@pytest.mark.parametrize(
    ("callback", "address"),
    [
        ("https://a.example", "https://a.example?x=1"),
        ("https://a.example/cb", "https://a.example/cb?x=1"),
        ("https://a.example/cb?", "https://a.example/cb?x=1"),
        ("https://a.example/cb?y=2", "https://a.example/cb?y=2&x=1"),
        ("https://a.example/cb?y=2&", "https://a.example/cb?y=2&x=1"),
        ("https://a.example/cb?x=%41%2f", "https://a.example/cb?x=%41%2f&x=1"),
    ],
)
def test_callback_keeps_its_query(callback: str, address: str) -> None:
    """Our parameters are appended and overwrite nothing."""
    assert websub.callback_url(callback, {"x": "1"}) == address


async def test_unsigned_content_is_not_sent(transport: Transport) -> None:
    """If the secret cannot be decrypted any more."""
    async with run_receiver(respond()) as receiver:
        at = replace(SUBSCRIPTION, url=receiver.url(), unreadable_secret="x")
        attempt = await send(transport, at, DELIVERY, NOW)
        assert receiver.requests == []
    assert attempt.outcome == "withheld"
