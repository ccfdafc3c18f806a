"""What an attempt changes: the delivery, the subscription, and the alerts for the operator.

Pure: time and randomness are arguments.
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
"""Consecutive failures after which the operator gets an alert."""

SUSPENDED_AFTER_ATTEMPTS: Final = 5
"""Consecutive failures after which one request per step is sent (circuit breaker)."""

DISABLED_AFTER: Final = timedelta(days=5)
"""How long an endpoint may fail without a success before its subscription is disabled."""

DISABLED_AFTER_ATTEMPTS: Final = 10
"""Minimum number of failures in that time."""

MAX_PAUSE: Final = timedelta(hours=24)
"""Longest pause that an endpoint may request."""

BUSY_PAUSE: Final = timedelta(seconds=1)
"""How long a delivery waits at least if no request to its host may begin; twice as long at most."""

UNREADABLE_SECRET_PAUSE: Final = timedelta(minutes=1)
"""How long a subscription waits whose secret cannot be decrypted, before the next look."""

MAX_JITTER: Final = 0.2
"""Largest part of a step that is added to it, so that retries do not coincide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """Pauses before each attempt; there are as many attempts as ``steps``."""

    steps: tuple[timedelta, ...]

    @classmethod
    def from_seconds(cls, seconds: Iterable[float]) -> Self:
        """Return the schedule with the pauses of the settings, in seconds."""
        return cls(steps=tuple(timedelta(seconds=step) for step in seconds))


DEFAULT_SCHEDULE: Final = RetrySchedule.from_seconds(
    (0, 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptContext:
    """Time of the end of an attempt, with the schedule and the jitter for the next one.

    ``jitter`` is random from 0 to 1, drawn for each attempt.
    """

    now: datetime
    jitter: float = 0.0
    schedule: RetrySchedule = DEFAULT_SCHEDULE

    def pause_before(self, step: int) -> timedelta:
        """Return the pause before the attempt that follows ``step`` others, with jitter.

        After the end of the schedule, that of its last step.
        """
        steps = self.schedule.steps
        return steps[min(step, len(steps) - 1)] * (1 + MAX_JITTER * self.jitter)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """State of delivery and subscription after an attempt.

    ``attempt`` is None if there is nothing to record. If the subscription is disabled now, its
    other unfinished deliveries must be cancelled.
    """

    delivery: Delivery
    subscription: Subscription
    attempt: Attempt | None
    alerts: tuple[OperatorAlert, ...] = ()


def retry_after(text: str, now: datetime) -> timedelta:
    """Return the pause that ``Retry-After`` requests (RFC 9110 section 10.2.3), at most a day.

    Accepts seconds or a date. Zero for a date in the past and for an invalid value.
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
    """Return the state of a leased delivery and its subscription after ``attempt``.

    ``subscription`` is its current state: its owner may have changed it during the request.
    """
    if attempt.outcome == "deferred":
        waiting = replace(release(delivery), due=context.now + BUSY_PAUSE * (1 + context.jitter))
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
    """Suspend the whole subscription; the operator gets one alert."""
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
    """Return the next state of a delivery, and the pause before the next attempt."""
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
            # lost: due at once, since the request may not have been sent
            return "pending", timedelta(0)


def _requested_pause(attempt: Attempt, now: datetime) -> timedelta:
    return retry_after(attempt.header("retry-after"), now)


def _updated_health(
    subscription: Subscription, attempt: Attempt, context: AttemptContext
) -> tuple[Subscription, tuple[OperatorAlert, ...]]:
    if subscription.state == "disabled" or attempt.outcome == "lost":
        return subscription, ()
    if attempt.is_opt_out:
        return _disabled(subscription, f"the endpoint unsubscribed: {_failure_text(attempt)}")
    if attempt.outcome == "delivered":
        return _recovered(subscription)
    failing = replace(
        subscription,
        fail_streak=subscription.fail_streak + 1,
        failing_since=subscription.failing_since or attempt.started,
    )
    if _should_disable(failing, context.now):
        return _disabled(failing, f"no success for days: {_failure_text(attempt)}")
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
    if failing.state_reason == UNDECRYPTABLE_REASON:  # the secret is readable again
        failing = replace(failing, state_reason=_failure_text(attempt))
    if streak >= SUSPENDED_AFTER_ATTEMPTS:
        pause = max(pause, context.pause_before(streak))
        if failing.state == "active":
            reason = f"{streak} consecutive attempts failed: {_failure_text(attempt)}"
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
    """Return whether to disable a subscription; WebSub ones live to the end of their lease."""
    return (
        failing.kind == "webhook"
        and failing.state in DELIVERABLE_STATES
        and failing.fail_streak >= DISABLED_AFTER_ATTEMPTS
        and failing.failing_since is not None
        and now - failing.failing_since >= DISABLED_AFTER
    )


def _failure_text(attempt: Attempt) -> str:
    return attempt.error or f"status {attempt.status}"
