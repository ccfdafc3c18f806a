"""States of a delivery: claimed, released, lost, cancelled, replayed."""

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


def test_lease_lasts_four_seconds_longer_than_the_request() -> None:
    """So there is time to record the response before another worker may send."""
    assert LEASED.state == "leased"
    assert LEASED.lease_by == "token"
    assert LEASED.lease_until == samples.NOW + timedelta(seconds=19)


def test_release_undoes_a_claim() -> None:
    """A graceful stop returns what it claimed and uses no attempt."""
    assert release(LEASED) == PENDING


def test_lost_attempt_has_the_next_number() -> None:
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
def test_cancel_changes_unfinished_deliveries_only(
    state: DeliveryState, after: DeliveryState
) -> None:
    """Finished deliveries keep their state; a cancelled one has no lease."""
    cancelled = cancel(replace(LEASED, state=state))
    assert cancelled.state == after
    assert after != "cancelled" or state == after or cancelled.lease_until is None


@pytest.mark.parametrize("state", ["pending", "delivered", "exhausted", "gone", "cancelled"])
def test_replay_restarts_the_schedule(state: DeliveryState) -> None:
    """Due now, triggered manually, with the same id; attempts continue to be numbered."""
    later = samples.NOW + timedelta(days=1)
    again = replay(replace(PENDING, state=state), now=later)
    assert (again.state, again.trigger, again.step, again.due) == ("pending", "manual", 0, later)
    assert (again.event, again.attempts) == (PENDING.event, PENDING.attempts)


def test_leased_delivery_is_not_replayed() -> None:
    """It belongs to the worker that leases it."""
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
def test_outcome_follows_from_status_and_cause(
    status: int | None, cause: FailureCause, outcome: AttemptOutcome
) -> None:
    """Only a complete 2xx response is a delivery."""
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
