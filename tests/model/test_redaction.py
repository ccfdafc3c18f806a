"""Results of the operator's DNS are hidden from partners."""

from dataclasses import replace

import pytest

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.errors import Refused
from syndicate.model.delivery import Attempt, Delivery, DeliveryId
from syndicate.model.event import EventId
from syndicate.model.redaction import (
    NOT_REACHABLE,
    redact_attempt,
    redact_delivery,
    redact_subscription,
    redact_text,
)
from syndicate.model.subscription import Subscription, SubscriptionId
from tests import samples

TEXTS = (
    ("no request may go to priv.example: 10.0.0.1 is not public: private use. x", NOT_REACHABLE),
    (
        "3 consecutive attempts failed: fd00::1 is not public: y",
        f"3 consecutive attempts failed: {NOT_REACHABLE}",
    ),
    ("64:ff9b::a00:1, which embeds 10.0.0.1, is not public: y", NOT_REACHABLE),
    ("the name cannot be resolved: Name or service not known", NOT_REACHABLE),
    ("the name priv.example cannot be resolved: no response in time", NOT_REACHABLE),
    ("Connect call failed ('10.1.1.1', 443)", "Connect call failed ('(IP address)', 443)"),
    (
        "Connect call failed ('fe80::1', 443, 0, 0)",
        "Connect call failed ('(IP address)', 443, 0, 0)",
    ),
    ("no route to 2001:db8::7.", "no route to (IP address)."),
    ("no complete response within 1.5 s", "no complete response within 1.5 s"),
    ("the response status was 503 at 12:30:15", "the response status was 503 at 12:30:15"),
    ("", ""),
)


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_text_loses_ip_addresses_and_lookup_results(text: str, shown: str) -> None:
    """Other numbers stay."""
    assert redact_text(text) == shown


@pytest.mark.parametrize("literal", ["10.0.0.1", "[::1]", "[64:ff9b::a00:1]", "169.254.169.254"])
def test_refusals_of_the_ssrf_guard_are_recognized(literal: str) -> None:
    """The texts come from the guard itself, not from a copy."""
    with pytest.raises(Refused) as caught:
        SsrfGuard().check(f"https://{literal}/")

    assert redact_text(caught.value.message) == NOT_REACHABLE


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://reader.example/hook", ""),
        ("https://10.0.0.1.example/hook", ""),
        ("https://10.0.0.1:444/hook", "10.0.0.1"),
    ],
)
def test_attempt_hides_the_ip_address_of_a_host_name(url: str, shown: str) -> None:
    """An IP address in the owner's own URL stays."""
    attempt = Attempt(
        number=1,
        trigger="schedule",
        started=samples.NOW,
        took_ms=5,
        ip_address="10.0.0.1",
        status=500,
        error="the response status was 500",
    )
    assert redact_attempt(attempt, url) == replace(attempt, ip_address=shown)


def test_delivery_and_subscription_hide_lookup_results() -> None:
    """In the last error and in the reason of a state."""
    subscription = Subscription(
        id=SubscriptionId("sub_1"), url="https://x/", state_reason=TEXTS[0][0]
    )
    delivery = Delivery(
        id=DeliveryId("d"),
        subscription=subscription.id,
        event=EventId("evt_1"),
        seq=1,
        body=b"",
        trigger="schedule",
        due=samples.NOW,
        last_error=TEXTS[0][0],
    )
    assert redact_subscription(subscription) == replace(subscription, state_reason=NOT_REACHABLE)
    assert redact_delivery(delivery) == replace(delivery, last_error=NOT_REACHABLE)
