"""What a subscription wants to hear of, and what its owner may do with it."""

from dataclasses import replace

import pytest

from syndicate.model.subscription import (
    CLAIMABLE,
    EVENT_TYPES,
    EventType,
    Subscription,
    SubscriptionId,
    pause,
    resume,
)
from tests import samples

SUBSCRIPTION = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_everything_is_wanted_unless_said_otherwise(kind: EventType) -> None:
    """A subscription that says nothing hears all types, minor updates included."""
    assert SUBSCRIPTION.wants(kind, minor=True)
    assert not replace(SUBSCRIPTION, types=()).wants(kind, minor=False)


def test_minor_updates_can_be_declined() -> None:
    """Without minor ones, weighty updates still come."""
    strict = replace(SUBSCRIPTION, minor=False)
    assert not strict.wants("post.updated", minor=True)
    assert strict.wants("post.updated", minor=False)


def test_an_owner_pauses_and_resumes() -> None:
    """While paused nothing is sent; resuming forgets what failed before."""
    failing = replace(
        SUBSCRIPTION,
        state="suspended",
        state_reason="5 attempts failed in a row: status 500",
        fail_streak=5,
        failing_since=samples.NOW,
        not_before=samples.NOW,
    )
    assert pause(failing).state == "paused"
    assert pause(failing).state not in CLAIMABLE
    assert resume(pause(failing)) == SUBSCRIPTION
