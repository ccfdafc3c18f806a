"""Partners are not shown what the operator's DNS resolved."""

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
        "3 attempts failed in a row: fd00::1 is not public: y",
        f"3 attempts failed in a row: {NOT_REACHABLE}",
    ),
    ("64:ff9b::a00:1, which carries 10.0.0.1, is not public: y", NOT_REACHABLE),
    ("the name cannot be resolved: Name or service not known", NOT_REACHABLE),
    ("the name priv.example cannot be resolved: no answer in time", NOT_REACHABLE),
    ("Connect call failed ('10.1.1.1', 443)", "Connect call failed ('(IP address)', 443)"),
    (
        "Connect call failed ('fe80::1', 443, 0, 0)",
        "Connect call failed ('(IP address)', 443, 0, 0)",
    ),
    ("no route to 2001:db8::7.", "no route to (IP address)."),
    ("no complete answer within 1.5 s", "no complete answer within 1.5 s"),
    ("the answer was 503 at 12:30:15", "the answer was 503 at 12:30:15"),
    ("", ""),
)


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_text_loses_ip_addresses_and_lookup_results(text: str, shown: str) -> None:
    """Numbers that are no IP addresses stay."""
    assert redact_text(text) == shown


@pytest.mark.parametrize("literal", ["10.0.0.1", "[::1]", "[64:ff9b::a00:1]", "169.254.169.254"])
def test_refusals_of_the_guard_are_recognized(literal: str) -> None:
    """Their wording is not copied here: the guard itself is asked."""
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
def test_attempt_is_shown_without_the_ip_address_of_a_name(url: str, shown: str) -> None:
    """Where the owner wrote the IP address it stays, and so does the rest."""
    attempt = Attempt(
        number=1,
        trigger="schedule",
        started=samples.NOW,
        took_ms=5,
        ip_address="10.0.0.1",
        status=500,
        error="the answer was 500",
    )
    assert redact_attempt(attempt, url) == replace(attempt, ip_address=shown)


def test_delivery_and_subscription_are_shown_without_lookup_results() -> None:
    """What failed last, and why a subscription is in its state."""
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
