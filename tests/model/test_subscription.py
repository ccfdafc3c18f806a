"""Event filters of a subscription, and changes by its owner."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model.subscription import (
    DELIVERABLE_STATES,
    EVENT_TYPES,
    SECRET_OVERLAP,
    UNDECRYPTABLE_REASON,
    EventType,
    Subscription,
    SubscriptionId,
    SubscriptionState,
    pause,
    resume,
    rotate_secret,
)
from syndicate.model.webhook_signature import Secret
from tests import samples

SUBSCRIPTION = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_subscription_accepts_all_events_by_default(kind: EventType) -> None:
    """Minor updates included."""
    assert SUBSCRIPTION.accepts(kind, is_minor=True)
    assert not replace(SUBSCRIPTION, types=()).accepts(kind, is_minor=False)


def test_minor_updates_can_be_excluded() -> None:
    """Major updates are still accepted."""
    strict = replace(SUBSCRIPTION, minor=False)
    assert not strict.accepts("post.updated", is_minor=True)
    assert strict.accepts("post.updated", is_minor=False)


def test_pause_and_resume() -> None:
    """Resuming forgets earlier failures."""
    failing = replace(
        SUBSCRIPTION,
        state="suspended",
        state_reason="5 consecutive attempts failed: status 500",
        fail_streak=5,
        failing_since=samples.NOW,
        not_before=samples.NOW,
    )
    assert pause(failing).state == "paused"
    assert pause(failing).state not in DELIVERABLE_STATES
    assert resume(pause(failing)) == SUBSCRIPTION


def test_replaced_secret_signs_for_one_more_day() -> None:
    """After the new one; another rotation does not extend that time."""
    first, second, third = (Secret(key=letter * 24) for letter in (b"1", b"2", b"3"))
    at, soon = samples.NOW, samples.NOW + timedelta(hours=1)
    once = rotate_secret(replace(SUBSCRIPTION, secrets=(first,)), second, at)
    assert once.secrets == (second, replace(first, valid_until=at + SECRET_OVERLAP))
    twice = rotate_secret(once, third, soon)
    assert twice.secrets == (
        third,
        replace(second, valid_until=soon + SECRET_OVERLAP),
        once.secrets[1],
    )
    assert rotate_secret(twice, first, soon + SECRET_OVERLAP).secrets[:1] == (first,)
    assert len(rotate_secret(twice, first, soon + SECRET_OVERLAP).secrets) == 2


@pytest.mark.parametrize(("kept", "signing"), [(0, 1), (1, 2), (2, 3), (5, 6)])
def test_rotation_keeps_at_most_the_allowed_old_secrets(kept: int, signing: int) -> None:
    """The newest of them, however often a secret is replaced within a day."""
    keys = [Secret(key=bytes([65 + number]) * 24) for number in range(8)]
    rotated = SUBSCRIPTION
    for key in keys:
        rotated = rotate_secret(rotated, key, samples.NOW, max_old_secrets=kept)
    assert [secret.key for secret in rotated.secrets] == [
        secret.key for secret in keys[: -signing - 1 : -1]
    ]


def test_three_secrets_sign_by_default() -> None:
    """The current one and two old ones."""
    rotated = SUBSCRIPTION
    for number in range(5):
        rotated = rotate_secret(rotated, Secret(key=bytes([65 + number]) * 24), samples.NOW)
    assert len(rotated.secrets) == 3


@pytest.mark.parametrize(("state", "after"), [("suspended", "active"), ("paused", "paused")])
def test_rotation_replaces_an_unreadable_secret(
    state: SubscriptionState, after: SubscriptionState
) -> None:
    """Sending resumes, unless the owner paused the subscription."""
    sealed = replace(SUBSCRIPTION, secrets=(), unreadable_secret="x", state=state, state_reason="r")
    assert sealed.status_reason == UNDECRYPTABLE_REASON
    new = Secret(key=b"n" * 24)
    rotated = rotate_secret(sealed, new, samples.NOW)
    assert (rotated.secrets, rotated.unreadable_secret, rotated.state) == ((new,), "", after)
