"""What an attempt does: to its delivery, to its subscription, and what the operator must know.

A pure decision: the clock and the dice are arguments.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal, Self

from syndicate.model.delivery import Attempt, Delivery, DeliveryState, release
from syndicate.model.subscription import DELIVERABLE_STATES, UNDECRYPTABLE_REASON, Subscription

OperatorAlert = Literal["subscription.failing", "subscription.recovered", "subscription.disabled"]

FAILING_AFTER_ATTEMPTS: Final = 4
"""Failures in a row after which the operator is told."""

SUSPENDED_AFTER_ATTEMPTS: Final = 5
"""Failures in a row after which the breaker lets only one request through per step."""

DISABLED_AFTER: Final = timedelta(days=5)
"""How long an endpoint may do nothing but fail."""

DISABLED_AFTER_ATTEMPTS: Final = 10
"""How often it must have failed in that time, at least."""

MAX_PAUSE: Final = timedelta(hours=24)
"""The longest that an endpoint may ask us to wait."""

BUSY_PAUSE: Final = timedelta(seconds=1)
"""How long a delivery waits that found no free connection to its host."""

UNREADABLE_SECRET_PAUSE: Final = timedelta(minutes=1)
"""How long a subscription waits whose secret cannot be opened, before it is looked at again."""

MAX_JITTER: Final = 0.2
"""The most that is added to a step, as a part of it; so that retries do not come in step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """How long to wait before each attempt; there are as many attempts as ``steps``."""

    steps: tuple[timedelta, ...]

    @classmethod
    def from_seconds(cls, seconds: Iterable[float]) -> Self:
        """Make a schedule from the seconds of the settings."""
        return cls(steps=tuple(timedelta(seconds=step) for step in seconds))


DEFAULT_SCHEDULE: Final = RetrySchedule.from_seconds(
    (0, 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptContext:
    """When an attempt is over, and what the dice and the settings say then.

    ``chance`` is from 0 to 1, drawn anew for each attempt.
    """

    now: datetime
    jitter: float = 0.0
    schedule: RetrySchedule = DEFAULT_SCHEDULE

    def pause_before(self, step: int) -> timedelta:
        """Return the wait before the attempt that follows ``step`` others, with its jitter.

        Beyond the end of the schedule it is the last one's.
        """
        steps = self.schedule.steps
        return steps[min(step, len(steps) - 1)] * (1 + MAX_JITTER * self.jitter)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """How things stand after an attempt; ``attempt`` is None if there was none to record.

    If the subscription is disabled now, its other unfinished deliveries are to be cancelled.
    """

    delivery: Delivery
    subscription: Subscription
    attempt: Attempt | None
    alerts: tuple[OperatorAlert, ...] = ()


def retry_after(text: str, now: datetime) -> timedelta:
    """Return the wait that a ``Retry-After`` asks for (RFC 9110 section 10.2.3), at most a day.

    Seconds or a date; zero for a date that has passed, and for anything that is neither, such as
    a date whose numbers no calendar has.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), MAX_PAUSE)
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, LookupError):
        return timedelta(0)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return min(max(time - now, timedelta(0)), MAX_PAUSE)


def apply_attempt(
    delivery: Delivery, subscription: Subscription, attempt: Attempt, context: AttemptContext
) -> AttemptResult:
    """Return how a leased delivery and its subscription stand once ``attempt`` is over.

    ``subscription`` is as it is now: its owner may have changed it while the request was made.
    """
    if attempt.outcome == "deferred":
        waiting = replace(release(delivery), due=context.now + BUSY_PAUSE)
        return AttemptResult(delivery=waiting, subscription=subscription, attempt=None)
    if attempt.outcome == "withheld":
        return _after_unsent(delivery, subscription, attempt, context)
    step = delivery.step + (attempt.outcome == "failed")
    updated, alerts = _updated_health(subscription, attempt, context)
    state, wait = _next_state(attempt, context, step)
    if updated.state == "disabled" and state == "pending":
        state = "cancelled"
    finished = replace(
        delivery,
        state=state,
        attempts=attempt.number,
        step=step,
        due=context.now + wait,
        lease_by="",
        lease_until=None,
        last_status=attempt.status,
        last_error=attempt.error,
    )
    return AttemptResult(delivery=finished, subscription=updated, attempt=attempt, alerts=alerts)


def _after_unsent(
    delivery: Delivery, subscription: Subscription, attempt: Attempt, context: AttemptContext
) -> AttemptResult:
    """Let a subscription wait as a whole; the operator is told once."""
    waiting = release(delivery)
    if subscription.state not in DELIVERABLE_STATES:
        return AttemptResult(delivery=waiting, subscription=subscription, attempt=None)
    suspended = replace(
        subscription,
        state="suspended",
        state_reason=attempt.error,
        not_before=context.now + UNREADABLE_SECRET_PAUSE,
    )
    is_new = subscription.state_reason != attempt.error
    alerts: tuple[OperatorAlert, ...] = ("subscription.failing",) if is_new else ()
    return AttemptResult(delivery=waiting, subscription=suspended, attempt=None, alerts=alerts)


def _next_state(
    attempt: Attempt, context: AttemptContext, step: int
) -> tuple[DeliveryState, timedelta]:
    """Return what becomes of a delivery, and how long it waits if it is tried again."""
    match attempt.outcome:
        case "failed" if step >= len(context.schedule.steps):
            return "exhausted", timedelta(0)
        case "failed":
            return "pending", max(
                context.pause_before(step), _requested_pause(attempt, context.now)
            )
        case "delivered" | "gone" as outcome:
            return outcome, timedelta(0)
        case _:
            # lost: due at once: nobody knows whether the receiver was asked at all
            return "pending", timedelta(0)


def _requested_pause(attempt: Attempt, now: datetime) -> timedelta:
    return retry_after(attempt.header("retry-after"), now)


def _updated_health(
    subscription: Subscription, attempt: Attempt, context: AttemptContext
) -> tuple[Subscription, tuple[OperatorAlert, ...]]:
    if subscription.state == "disabled" or attempt.outcome == "lost":
        return subscription, ()
    if attempt.is_opt_out:
        return _disabled(subscription, f"the endpoint wants no more: {_failure_text(attempt)}")
    if attempt.outcome == "delivered":
        return _recovered(subscription)
    failing = replace(
        subscription,
        fail_streak=subscription.fail_streak + 1,
        failing_since=subscription.failing_since or attempt.started,
    )
    if _should_disable(failing, context.now):
        return _disabled(failing, f"nothing but failures for days: {_failure_text(attempt)}")
    return _failing(failing, attempt, context)


def _recovered(subscription: Subscription) -> tuple[Subscription, tuple[OperatorAlert, ...]]:
    was_healthy = not (
        subscription.fail_streak or subscription.failing_since or subscription.not_before
    )
    if was_healthy and subscription.state != "suspended":
        return subscription, ()
    alerts: tuple[OperatorAlert, ...] = ()
    if subscription.fail_streak >= FAILING_AFTER_ATTEMPTS or subscription.state == "suspended":
        alerts = ("subscription.recovered",)
    healthy = replace(subscription, fail_streak=0, failing_since=None, not_before=None)
    if healthy.state == "suspended":
        healthy = replace(healthy, state="active", state_reason="")
    return healthy, alerts


def _failing(
    failing: Subscription, attempt: Attempt, context: AttemptContext
) -> tuple[Subscription, tuple[OperatorAlert, ...]]:
    streak = failing.fail_streak
    pause = _requested_pause(attempt, context.now)
    if failing.state_reason == UNDECRYPTABLE_REASON:  # its secret was opened this time
        failing = replace(failing, state_reason=_failure_text(attempt))
    if streak >= SUSPENDED_AFTER_ATTEMPTS:
        pause = max(pause, context.pause_before(streak))
        if failing.state == "active":
            reason = f"{streak} attempts failed in a row: {_failure_text(attempt)}"
            failing = replace(failing, state="suspended", state_reason=reason)
    alerts: tuple[OperatorAlert, ...] = (
        ("subscription.failing",) if streak == FAILING_AFTER_ATTEMPTS else ()
    )
    return replace(failing, not_before=context.now + pause if pause else None), alerts


def _disabled(
    subscription: Subscription, reason: str
) -> tuple[Subscription, tuple[OperatorAlert, ...]]:
    return replace(subscription, state="disabled", state_reason=reason), ("subscription.disabled",)


def _should_disable(failing: Subscription, now: datetime) -> bool:
    """Tell whether to give an endpoint up; WebSub keeps a subscription to the end of its lease."""
    return (
        failing.kind == "webhook"
        and failing.state in DELIVERABLE_STATES
        and failing.fail_streak >= DISABLED_AFTER_ATTEMPTS
        and failing.failing_since is not None
        and now - failing.failing_since >= DISABLED_AFTER
    )


def _failure_text(attempt: Attempt) -> str:
    return attempt.error or f"status {attempt.status}"
