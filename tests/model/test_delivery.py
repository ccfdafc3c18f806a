"""A delivery's own steps: leased, given back, lost, cancelled, sent again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model.delivery import (
    Attempt,
    AttemptOutcome,
    Delivery,
    DeliveryId,
    DeliveryState,
    FailureCause,
    cancel,
    claim,
    lost_attempt,
    release,
    replay,
)
from syndicate.model.event import EventId
from syndicate.model.subscription import SubscriptionId
from tests import samples

PENDING = Delivery(
    id=DeliveryId("dlv_1"),
    subscription=SubscriptionId("sub_1"),
    event=EventId("evt_1"),
    seq=1,
    body=b"{}",
    due=samples.NOW,
    attempts=2,
    step=2,
)
LEASED = claim(PENDING, lease_token="token", now=samples.NOW, timeout=timedelta(seconds=15))


def test_a_lease_outlives_its_request_by_four_seconds() -> None:
    """There is time to write the answer down before anybody else may send."""
    assert LEASED.state == "leased"
    assert LEASED.lease_by == "token"
    assert LEASED.lease_until == samples.NOW + timedelta(seconds=19)


def test_what_was_not_sent_is_given_back_unchanged() -> None:
    """A graceful stop returns what it claimed, no attempt used."""
    assert release(LEASED) == PENDING


def test_a_lost_attempt_has_the_number_it_would_have_had() -> None:
    """The log shows that a sender died."""
    attempt = lost_attempt(LEASED, now=samples.NOW)
    assert (attempt.number, attempt.outcome) == (3, "lost")


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("pending", "cancelled"),
        ("leased", "cancelled"),
        ("delivered", "delivered"),
        ("exhausted", "exhausted"),
        ("gone", "gone"),
        ("cancelled", "cancelled"),
    ],
)
def test_only_the_unfinished_is_cancelled(state: DeliveryState, after: DeliveryState) -> None:
    """What has an end keeps it; what is cancelled holds no lease."""
    cancelled = cancel(replace(LEASED, state=state))
    assert cancelled.state == after
    assert after != "cancelled" or state == after or cancelled.lease_until is None


@pytest.mark.parametrize("state", ["pending", "delivered", "exhausted", "gone", "cancelled"])
def test_a_replay_begins_the_schedule_anew(state: DeliveryState) -> None:
    """Due now, by hand, under the same id; attempts go on being numbered."""
    later = samples.NOW + timedelta(days=1)
    again = replay(replace(PENDING, state=state), now=later)
    assert (again.state, again.trigger, again.step, again.due) == ("pending", "manual", 0, later)
    assert (again.event, again.attempts) == (PENDING.event, PENDING.attempts)


def test_what_is_being_sent_is_not_replayed() -> None:
    """A leased delivery is left to its sender."""
    assert replay(LEASED, now=samples.NOW) == LEASED


@pytest.mark.parametrize(
    ("status", "cause", "outcome"),
    [
        (200, "", "delivered"),
        (299, "", "delivered"),
        (500, "status", "failed"),
        (302, "status", "failed"),
        (200, "timeout", "failed"),
        (None, "connect", "failed"),
        (410, "status", "gone"),
        (410, "broken", "gone"),
        (None, "busy", "deferred"),
        (None, "sealed", "withheld"),
        (None, "lost", "lost"),
    ],
)
def test_an_attempt_knows_what_it_comes_to(
    status: int | None, cause: FailureCause, outcome: AttemptOutcome
) -> None:
    """Status and cause give the outcome: only a complete answer of 2xx is a delivery."""
    attempt = Attempt(
        number=1,
        trigger="schedule",
        started=samples.NOW,
        took_ms=1,
        status=status,
        cause=cause,
        headers=(("content-type", "text/plain"),),
    )
    assert attempt.outcome == outcome
    assert attempt.header("content-type") == "text/plain"
    assert attempt.header("retry-after") == ""
