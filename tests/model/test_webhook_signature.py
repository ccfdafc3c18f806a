"""Signatures that the library of Standard Webhooks accepts, and those that nobody may."""

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


def test_a_signature_is_the_one_of_the_standard() -> None:
    """The example of the specification's reference libraries comes out to the letter."""
    secret = Secret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    signature = sign(
        [secret], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, body=b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(key=keys, body=st.text())
def test_the_standard_library_accepts_what_we_sign(key: bytes, body: str) -> None:
    """Any secret and body: the reference implementation verifies the signature."""
    at = datetime.now(UTC)
    secret = Secret(key=key)
    signature = sign([secret], message_id="evt_1", at=at, body=body.encode())
    Webhook(secret.text).verify(body, headers(signature, at=at), json_parse=False)


def test_both_secrets_sign_while_one_replaces_the_other() -> None:
    """Old and new receivers accept a request during rotation, a stranger does not."""
    at = datetime.now(UTC)
    signature = sign([NEW, OLD], message_id="evt_1", at=at, body=b"{}")
    for secret in (NEW, OLD):
        Webhook(secret.text).verify("{}", headers(signature, at=at))
    with pytest.raises(WebhookVerificationError):
        Webhook(Secret(key=b"x" * 32).text).verify("{}", headers(signature, at=at))


def test_a_replaced_secret_stops_signing_on_time() -> None:
    """Until its moment a replaced secret is live, at that moment no more."""
    leaving = Secret(key=OLD.key, valid_until=NOW)
    assert active_secrets([NEW, leaving], NOW - timedelta(seconds=1)) == (NEW, leaving)
    assert active_secrets([NEW, leaving], NOW) == (NEW,)


@given(keys)
def test_a_secret_survives_its_text(key: bytes) -> None:
    """Writing and reading a secret gives the same secret, with or without padding."""
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
def test_what_is_no_secret_is_refused_without_being_shown(text: str) -> None:
    """A malformed secret is refused by name; the error does not repeat it."""
    with pytest.raises(UsageError) as refusal:
        Secret.parse(text)
    assert refusal.value.code == "malformed-secret"
    assert (
        text.removeprefix("whsec_") not in f"{refusal.value.message} {refusal.value.hint}".split()
    )


def test_a_secret_does_not_show_itself() -> None:
    """The repr of a secret holds no part of its key."""
    assert repr(NEW) == "Secret(until=None)"


def test_a_signed_request_is_without_fault() -> None:
    """What was signed with a known secret a moment ago passes."""
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
        ({"webhook-timestamp": "9" * 5000}, b"{}", "too far"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) - 301)}, b"{}", "too far"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 301)}, b"{}", "too far"),
    ],
)
def test_a_request_that_was_touched_is_at_fault(
    change: dict[str, str], body: bytes, what: str
) -> None:
    """Another id, body, signature or time is found, and said."""
    signature = sign([OLD], message_id="evt_1", at=NOW, body=b"{}")
    assert what in verification_error(
        [OLD], headers=headers(signature) | change, body=body, now=NOW
    )
