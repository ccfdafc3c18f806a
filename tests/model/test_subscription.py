"""What a subscription wants to hear of, and what its owner may do with it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model.signature import Secret
from syndicate.model.subscription import (
    CLAIMABLE,
    EVENT_TYPES,
    OVERLAP,
    SEALED,
    EventType,
    State,
    Subscription,
    SubscriptionId,
    pause,
    resume,
    rotate,
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


def test_a_secret_that_was_replaced_signs_for_a_day_more() -> None:
    """Beside the new one, which is the first; rotating again does not give the oldest more time."""
    one, two, three = (Secret(key=letter * 24) for letter in (b"1", b"2", b"3"))
    at, soon = samples.NOW, samples.NOW + timedelta(hours=1)
    once = rotate(replace(SUBSCRIPTION, secrets=(one,)), two, at)
    assert once.secrets == (two, replace(one, until=at + OVERLAP))
    twice = rotate(once, three, soon)
    assert twice.secrets == (three, replace(two, until=soon + OVERLAP), once.secrets[1])
    assert rotate(twice, one, soon + OVERLAP).secrets[:1] == (one,)
    assert len(rotate(twice, one, soon + OVERLAP).secrets) == 2


@pytest.mark.parametrize(("kept", "signing"), [(0, 1), (1, 2), (2, 3), (5, 6)])
def test_rotation_keeps_no_more_old_secrets_than_allowed(kept: int, signing: int) -> None:
    """The newest of them, however often a secret is replaced within a day."""
    keys = [Secret(key=bytes([65 + number]) * 24) for number in range(8)]
    rotated = SUBSCRIPTION
    for key in keys:
        rotated = rotate(rotated, key, samples.NOW, old_secrets=kept)
    assert [one.key for one in rotated.secrets] == [one.key for one in keys[: -signing - 1 : -1]]


def test_three_secrets_sign_by_default() -> None:
    """The current one and two old ones."""
    rotated = SUBSCRIPTION
    for number in range(5):
        rotated = rotate(rotated, Secret(key=bytes([65 + number]) * 24), samples.NOW)
    assert len(rotated.secrets) == 3


@pytest.mark.parametrize(("state", "after"), [("suspended", "active"), ("paused", "paused")])
def test_a_new_secret_takes_the_place_of_one_that_cannot_be_opened(
    state: State, after: State
) -> None:
    """It is sent to again, unless its owner paused it."""
    sealed = replace(SUBSCRIPTION, secrets=(), sealed="x", state=state, state_reason="r")
    assert sealed.trouble == SEALED
    new = Secret(key=b"n" * 24)
    rotated = rotate(sealed, new, samples.NOW)
    assert (rotated.secrets, rotated.sealed, rotated.state) == ((new,), "", after)
