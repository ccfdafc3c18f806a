"""Signatures, verified with the library of Standard Webhooks, and invalid ones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from syndicate.errors import UsageError
from syndicate.model.webhook_signature import Secret, active_secrets, sign, verification_error

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
OLD = Secret(key=b"o" * 32)
NEW = Secret(key=b"n" * 32)

keys = st.binary(min_size=24, max_size=64)


def headers(signature: str, *, at: datetime = NOW) -> dict[str, str]:
    """Return the three headers of a request signed at ``at``."""
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def test_signature_equals_the_example_of_the_specification() -> None:
    """To the letter."""
    secret = Secret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    signature = sign(
        [secret], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, body=b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(key=keys, body=st.text())
def test_reference_library_verifies_signatures(key: bytes, body: str) -> None:
    """For any secret and body."""
    at = datetime.now(UTC)
    secret = Secret(key=key)
    signature = sign([secret], message_id="evt_1", at=at, body=body.encode())
    Webhook(secret.text).verify(body, headers(signature, at=at), json_parse=False)


def test_old_and_new_secret_sign_during_rotation() -> None:
    """Receivers with either accept a request, receivers with another secret do not."""
    at = datetime.now(UTC)
    signature = sign([NEW, OLD], message_id="evt_1", at=at, body=b"{}")
    for secret in (NEW, OLD):
        Webhook(secret.text).verify("{}", headers(signature, at=at))
    with pytest.raises(WebhookVerificationError):
        Webhook(Secret(key=b"x" * 32).text).verify("{}", headers(signature, at=at))


def test_replaced_secret_stops_signing_on_time() -> None:
    """Active until its time, and not at that time."""
    leaving = Secret(key=OLD.key, valid_until=NOW)
    assert active_secrets([NEW, leaving], NOW - timedelta(seconds=1)) == (NEW, leaving)
    assert active_secrets([NEW, leaving], NOW) == (NEW,)


@given(keys)
def test_secret_round_trips_through_text(key: bytes) -> None:
    """With or without padding."""
    secret = Secret(key=key)
    assert Secret.parse(secret.text) == secret
    assert Secret.parse(secret.text.rstrip("=")) == secret


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_c2hvcnQ=",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa__",
        "whsec_é",
        Secret(key=b"k" * 65).text,
    ],
)
def test_malformed_secret_is_refused_without_its_text(text: str) -> None:
    """The error does not repeat the secret."""
    with pytest.raises(UsageError) as refusal:
        Secret.parse(text)
    assert refusal.value.code == "malformed-secret"
    assert (
        text.removeprefix("whsec_") not in f"{refusal.value.message} {refusal.value.hint}".split()
    )


def test_repr_hides_the_key() -> None:
    """No part of the key is in it."""
    assert repr(NEW) == "Secret(valid_until=None)"


def test_signed_request_is_verified() -> None:
    """If it was signed with a known secret a moment ago."""
    signature = sign([OLD], message_id="evt_1", at=NOW, body=b"{}")
    later = NOW + timedelta(minutes=5)
    assert verification_error([NEW, OLD], headers=headers(signature), body=b"{}", now=later) == ""


@pytest.mark.parametrize(
    ("change", "body", "what"),
    [
        ({"webhook-id": "evt_2"}, b"{}", "no signature"),
        ({}, b"{ }", "no signature"),
        ({"webhook-signature": "v1,é v2,\udc80"}, b"{}", "no signature"),
        ({"webhook-signature": ""}, b"{}", "webhook-signature is missing"),
        ({"webhook-timestamp": "x"}, b"{}", "not a number"),
        ({"webhook-timestamp": "9" * 5000}, b"{}", "differs too much"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) - 301)}, b"{}", "differs too much"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 301)}, b"{}", "differs too much"),
    ],
)
def test_modified_request_has_a_verification_error(
    change: dict[str, str], body: bytes, what: str
) -> None:
    """Another id, body, signature or time is named."""
    signature = sign([OLD], message_id="evt_1", at=NOW, body=b"{}")
    assert what in verification_error(
        [OLD], headers=headers(signature) | change, body=body, now=NOW
    )
