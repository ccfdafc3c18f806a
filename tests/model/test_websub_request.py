"""What is asked of the hub, as values."""

from datetime import UTC, datetime, timedelta

import pytest

from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import LeaseLimits, WebSubRequest

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LEASES = LeaseLimits(minimum=3_600, default=864_000, maximum=2_592_000)


@pytest.mark.parametrize(
    ("wish", "given"),
    [
        (None, 864_000),
        (1, 3_600),
        (3_600, 3_600),
        (7_200, 7_200),
        (2_592_000, 2_592_000),
        (10**30, 2_592_000),
    ],
)
def test_a_lease_is_as_wished_within_bounds(wish: int | None, given: int) -> None:
    """Never perpetual, never too short to be renewed in peace."""
    assert LEASES.clamp(wish) == timedelta(seconds=given)


def test_an_intent_says_what_would_be_subscribed() -> None:
    """The secret is the subscriber's own, whatever its length, and shown to nobody."""
    intent = WebSubRequest(
        id=SubscriptionId("sub_1"),
        mode="subscribe",
        topic="https://feeds.example.gov/feeds/all.json",
        callback="https://reader.example/1",
        secret=b"short",
        lease=timedelta(days=1),
    )
    begun = intent.to_subscription(NOW)
    assert (begun.kind, begun.owner, begun.state) == ("websub", "", "active")
    assert (begun.url, begun.topic) == (intent.callback, intent.topic)
    assert [secret.key for secret in begun.secrets] == [b"short"]
    assert begun.lease_until == NOW + timedelta(days=1)
    assert "short" not in repr(intent)
