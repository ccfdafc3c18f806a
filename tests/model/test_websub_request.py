"""WebSub requests and lease limits."""

from datetime import UTC, datetime, timedelta

import pytest

from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import LeaseLimits, WebSubRequest

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LEASES = LeaseLimits(minimum=3_600, default=864_000, maximum=2_592_000)


@pytest.mark.parametrize(
    ("requested", "lease_seconds"),
    [
        (None, 864_000),
        (1, 3_600),
        (3_600, 3_600),
        (7_200, 7_200),
        (2_592_000, 2_592_000),
        (10**30, 2_592_000),
    ],
)
def test_lease_is_clamped_to_its_limits(requested: int | None, lease_seconds: int) -> None:
    """Never unlimited, never too short for a renewal."""
    assert LEASES.clamp(requested) == timedelta(seconds=lease_seconds)


def test_request_becomes_a_subscription() -> None:
    """The secret is the subscriber's own, of any length, and not in the repr."""
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
