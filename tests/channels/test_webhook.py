"""Webhooks as a receiver sees them that verifies with the library of Standard Webhooks."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from syndicate.channels import CHANNELS
from syndicate.channels.transport import Transport
from syndicate.model.delivery import Delivery, DeliveryId
from syndicate.model.event import EventId, make_test_body
from syndicate.model.retry_policy import AttemptContext, apply_attempt
from syndicate.model.subscription import UNDECRYPTABLE_REASON, Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret
from tests.channels.receiver import (
    Behaviour,
    Receiver,
    hang_up,
    never_respond,
    respond,
    respond_endlessly,
    respond_raw,
    run_receiver,
)

pytestmark = pytest.mark.anyio

OLD, NEW, STRANGER = (Secret(key=letter * 32) for letter in (b"o", b"n", b"x"))
DELIVERY = Delivery(
    id=DeliveryId("dlv_1"),
    subscription=SubscriptionId("sub_1"),
    event=EventId("evt_0123456789abcdef"),
    seq=17,
    body='{"type":"post.published","data":{"title":"Año"}}'.encode(),
    due=datetime.now(UTC),
    attempts=2,
)
send = CHANNELS["webhook"]


def subscription(receiver: Receiver, *secrets: Secret) -> Subscription:
    """Return a subscription of ``receiver``."""
    return Subscription(id=SubscriptionId("sub_1"), url=receiver.url(), secrets=secrets or (NEW,))


async def test_request_has_exactly_the_documented_headers(transport: Transport) -> None:
    """And the body byte for byte."""
    now = datetime.now(UTC)
    async with run_receiver(respond()) as receiver:
        await send(transport, subscription(receiver), DELIVERY, now)
    received = receiver.requests[0]
    assert received.body == DELIVERY.body
    assert set(received.headers) == {
        "host",
        "content-length",
        "content-type",
        "accept",
        "accept-encoding",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "syndicate-subscription",
    }
    assert received.headers["content-type"] == "application/json"
    assert received.headers["webhook-id"] == DELIVERY.event
    assert received.headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert received.headers["syndicate-subscription"] == "sub_1"
    assert received.headers["user-agent"] == "syndicate/0.1.0 (+https://feeds.example.gov/about)"


async def test_header_fields_of_the_subscriber_are_added(transport: Transport) -> None:
    """They replace none of the documented ones."""
    headers = (("X-Api-Key", "0123"), ("Webhook-Id", "forged"), ("Authorization", "Bearer a"))
    async with run_receiver(respond()) as receiver:
        with_headers = replace(subscription(receiver), headers=headers)
        await send(transport, with_headers, DELIVERY, datetime.now(UTC))
    received = receiver.requests[0].headers
    assert (received["x-api-key"], received["authorization"]) == ("0123", "Bearer a")
    assert received["webhook-id"] == DELIVERY.event


async def test_header_values_in_a_response_are_not_kept(transport: Transport) -> None:
    """A page for debugging may repeat the request."""
    behaviour = respond(500, body=b"you sent X-Api-Key: 0123456789")
    async with run_receiver(behaviour) as receiver:
        with_headers = replace(subscription(receiver), headers=(("X-Api-Key", "0123456789"),))
        attempt = await send(transport, with_headers, DELIVERY, datetime.now(UTC))
    assert attempt.response == "you sent X-Api-Key: (redacted)"


async def test_old_and_new_secret_verify_during_rotation(transport: Transport) -> None:
    """Receivers with either secret accept each attempt, with another one none."""
    now = datetime.now(UTC)
    leaving = replace(OLD, valid_until=now + timedelta(hours=24))
    async with run_receiver(respond(500), respond()) as receiver:
        for moment in (now, now + timedelta(seconds=5), now + timedelta(seconds=60)):
            await send(transport, subscription(receiver, NEW, leaving), DELIVERY, moment)
    assert len({received.headers["webhook-signature"] for received in receiver.requests}) == 3
    for received in receiver.requests:
        for secret in (OLD, NEW):
            verified = Webhook(secret.text).verify(received.body, received.headers)
            assert verified == json.loads(DELIVERY.body)
        with pytest.raises(WebhookVerificationError):
            Webhook(STRANGER.text).verify(received.body, received.headers)


async def test_old_secret_stops_signing_after_rotation(transport: Transport) -> None:
    """After its time only the new secret signs."""
    now = datetime.now(UTC)
    async with run_receiver(respond()) as receiver:
        secrets = (NEW, replace(OLD, valid_until=now))
        await send(transport, subscription(receiver, *secrets), DELIVERY, now)
    received = receiver.requests[0]
    Webhook(NEW.text).verify(received.body, received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD.text).verify(received.body, received.headers)


async def test_attempt_records_the_response(transport: Transport) -> None:
    """Number, times, IP address, status, recorded headers and the beginning of the body."""
    now = datetime.now(UTC)
    said = b"no\x00thing \xff works\n" + b"x" * 5_000
    async with run_receiver(respond(503, said, retry_after="9")) as receiver:
        attempt = await send(transport, subscription(receiver), DELIVERY, now)
    assert (attempt.number, attempt.trigger, attempt.started) == (3, "schedule", now)
    assert (attempt.status, attempt.cause, attempt.outcome) == (503, "status", "failed")
    assert (attempt.ip_address, attempt.header("retry-after")) == ("127.0.0.1", "9")
    assert attempt.response.startswith(
        "no\N{REPLACEMENT CHARACTER}thing \N{REPLACEMENT CHARACTER} w"
    )
    assert len(attempt.response) == 1_000


async def test_missing_response_is_recorded(transport: Transport) -> None:
    """With the reason."""
    async with run_receiver(never_respond) as receiver:
        attempt = await send(transport, subscription(receiver), DELIVERY, datetime.now(UTC))
    assert (attempt.status, attempt.response, attempt.cause) == (None, "", "timeout")
    assert attempt.took_ms >= 300


async def test_410_and_disable_header_are_gone(transport: Transport) -> None:
    """Status 410, or the header of Standard Webhooks."""
    async with run_receiver(respond(410), respond(503, webhook_delivery="disable")) as receiver:
        for _ in range(2):
            attempt = await send(transport, subscription(receiver), DELIVERY, datetime.now(UTC))
            assert attempt.outcome == "gone"


async def test_test_request_is_signed(transport: Transport) -> None:
    """An owner who tests an endpoint gets a request that verifies."""
    now = datetime.now(UTC)
    trial = replace(DELIVERY, body=make_test_body(SubscriptionId("sub_1"), now))
    async with run_receiver(respond()) as receiver:
        await send(transport, subscription(receiver), trial, now)
    received = receiver.requests[0]
    verified = Webhook(NEW.text).verify(received.body, received.headers)
    assert verified["type"] == "subscription.test"


@pytest.mark.parametrize(
    ("behaviour", "delivery_state", "subscription_state", "wait"),
    [
        (respond(200, b"ok"), "delivered", "active", 0),
        (respond_endlessly, "delivered", "active", 0),
        (respond(500), "pending", "active", 5),
        (respond(429, retry_after="120"), "pending", "active", 120),
        (respond(503, retry_after="999999"), "pending", "active", 86_400),
        (respond(302, location="https://elsewhere.example/"), "pending", "active", 5),
        (never_respond, "pending", "active", 5),
        (hang_up, "pending", "active", 5),
        (respond_raw(b"SSH-2.0-x\r\n", close=True), "pending", "active", 5),
        (respond(410), "gone", "disabled", 0),
        (respond(503, webhook_delivery="disable"), "gone", "disabled", 0),
        (respond(200, webhook_delivery="disable"), "delivered", "disabled", 0),
    ],
)
async def test_response_decides_the_state_of_a_delivery(
    transport: Transport,
    behaviour: Behaviour,
    delivery_state: str,
    subscription_state: str,
    wait: int,
) -> None:
    """Delivered, retried when the receiver says, or ended."""
    now = datetime.now(UTC)
    first = replace(DELIVERY, attempts=0)
    async with run_receiver(behaviour) as receiver:
        attempt = await send(transport, subscription(receiver), first, now)
        result = apply_attempt(first, subscription(receiver), attempt, AttemptContext(now=now))
    assert result.delivery.state == delivery_state
    assert result.subscription.state == subscription_state
    assert result.delivery.due == now + timedelta(seconds=wait)


async def test_recovered_receiver_gets_its_delivery(transport: Transport) -> None:
    """Seven failures suspend a subscription, the eighth attempt succeeds and resumes it."""
    now, delivery = datetime.now(UTC), replace(DELIVERY, attempts=0)
    async with run_receiver(*[respond(500)] * 7, respond()) as receiver:
        stands = subscription(receiver)
        states = []
        for _ in range(8):
            attempt = await send(transport, stands, delivery, now)
            result = apply_attempt(delivery, stands, attempt, AttemptContext(now=now))
            delivery, stands, now = result.delivery, result.subscription, result.delivery.due
            states.append(stands.state)
    assert states == ["active"] * 4 + ["suspended"] * 3 + ["active"]
    assert (delivery.state, delivery.attempts) == ("delivered", 8)
    assert len({received.headers["webhook-id"] for received in receiver.requests}) == 1


async def test_unsigned_webhook_is_not_sent(transport: Transport) -> None:
    """The attempt names the setting to correct."""
    async with run_receiver(respond()) as receiver:
        sealed = replace(subscription(receiver), secrets=(), unreadable_secret="x")
        attempt = await send(transport, sealed, DELIVERY, datetime.now(UTC))
        assert receiver.requests == []
    assert (attempt.outcome, attempt.status, attempt.error) == (
        "withheld",
        None,
        UNDECRYPTABLE_REASON,
    )
