"""What an attempt does: to its delivery, to its subscription, and what the operator must know.

A pure decision: the clock and the dice are arguments.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal, Self

from syndicate.model.delivery import Attempt, Delivery, State, give_back
from syndicate.model.subscription import CLAIMABLE, SEALED, Subscription

Notice = Literal["subscription.failing", "subscription.recovered", "subscription.disabled"]

FAILING_AFTER: Final = 4
"""Failures in a row after which the operator is told."""

SUSPENDED_AFTER: Final = 5
"""Failures in a row after which the breaker lets only one request through per step."""

DISABLED_AFTER: Final = timedelta(days=5)
"""How long an endpoint may do nothing but fail."""

DISABLED_ATTEMPTS: Final = 10
"""How often it must have failed in that time, at least."""

LONGEST_PAUSE: Final = timedelta(hours=24)
"""The longest that an endpoint may ask us to wait."""

BUSY_PAUSE: Final = timedelta(seconds=1)
"""How long a delivery waits that found no free connection to its host."""

SEALED_PAUSE: Final = timedelta(minutes=1)
"""How long a subscription waits whose secret cannot be opened, before it is looked at again."""

JITTER: Final = 0.2
"""The most that is added to a step, as a part of it; so that retries do not come in step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to wait before each attempt; there are as many attempts as ``steps``."""

    steps: tuple[timedelta, ...]

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self:
        """Make a schedule from the seconds of the settings."""
        return cls(steps=tuple(timedelta(seconds=step) for step in seconds))


DEFAULT_SCHEDULE: Final = Schedule.of(
    (0, 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When an attempt is over, and what the dice and the settings say then.

    ``chance`` is from 0 to 1, drawn anew for each attempt.
    """

    now: datetime
    chance: float = 0.0
    schedule: Schedule = DEFAULT_SCHEDULE

    def wait(self, step: int) -> timedelta:
        """Return the wait before the attempt that follows ``step`` others, with its jitter.

        Beyond the end of the schedule it is the last one's.
        """
        steps = self.schedule.steps
        return steps[min(step, len(steps) - 1)] * (1 + JITTER * self.chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """How things stand after an attempt; ``attempt`` is None if there was none to record.

    If the subscription is disabled now, its other unfinished deliveries are to be cancelled.
    """

    delivery: Delivery
    subscription: Subscription
    attempt: Attempt | None
    notices: tuple[Notice, ...] = ()


def retry_after(text: str, now: datetime) -> timedelta:
    """Return the wait that a ``Retry-After`` asks for (RFC 9110 section 10.2.3), at most a day.

    Seconds or a date; zero for a date that has passed, and for anything that is neither, such as
    a date whose numbers no calendar has.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, LookupError):
        return timedelta(0)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_PAUSE)


def after(
    delivery: Delivery, subscription: Subscription, attempt: Attempt, moment: Moment
) -> After:
    """Return how a leased delivery and its subscription stand once ``attempt`` is over.

    ``subscription`` is as it is now: its owner may have changed it while the request was made.
    """
    if attempt.outcome == "deferred":
        waiting = replace(give_back(delivery), due=moment.now + BUSY_PAUSE)
        return After(delivery=waiting, subscription=subscription, attempt=None)
    if attempt.outcome == "withheld":
        return _withheld(delivery, subscription, attempt, moment)
    step = delivery.step + (attempt.outcome == "failed")
    heard, notices = _heard(subscription, attempt, moment)
    state, wait = _fate(attempt, moment, step)
    if heard.state == "disabled" and state == "pending":
        state = "cancelled"
    settled = replace(
        delivery,
        state=state,
        attempts=attempt.number,
        step=step,
        due=moment.now + wait,
        lease_by="",
        lease_until=None,
        last_status=attempt.status,
        last_error=attempt.error,
    )
    return After(delivery=settled, subscription=heard, attempt=attempt, notices=notices)


def _withheld(
    delivery: Delivery, subscription: Subscription, attempt: Attempt, moment: Moment
) -> After:
    """Let a subscription wait as a whole; the operator is told once."""
    waiting = give_back(delivery)
    if subscription.state not in CLAIMABLE:
        return After(delivery=waiting, subscription=subscription, attempt=None)
    held = replace(
        subscription,
        state="suspended",
        state_reason=attempt.error,
        not_before=moment.now + SEALED_PAUSE,
    )
    is_news = subscription.state_reason != attempt.error
    notices: tuple[Notice, ...] = ("subscription.failing",) if is_news else ()
    return After(delivery=waiting, subscription=held, attempt=None, notices=notices)


def _fate(attempt: Attempt, moment: Moment, step: int) -> tuple[State, timedelta]:
    """Return what becomes of a delivery, and how long it waits if it is tried again."""
    match attempt.outcome:
        case "failed" if step >= len(moment.schedule.steps):
            return "exhausted", timedelta(0)
        case "failed":
            return "pending", max(moment.wait(step), _pause(attempt, moment.now))
        case "delivered" | "gone" as outcome:
            return outcome, timedelta(0)
        case _:
            # lost: due at once: nobody knows whether the receiver was asked at all
            return "pending", timedelta(0)


def _pause(attempt: Attempt, now: datetime) -> timedelta:
    return retry_after(attempt.header("retry-after"), now)


def _heard(
    subscription: Subscription, attempt: Attempt, moment: Moment
) -> tuple[Subscription, tuple[Notice, ...]]:
    if subscription.state == "disabled" or attempt.outcome == "lost":
        return subscription, ()
    if attempt.declines:
        return _disabled(subscription, f"the endpoint wants no more: {_said(attempt)}")
    if attempt.outcome == "delivered":
        return _recovered(subscription)
    failing = replace(
        subscription,
        fail_streak=subscription.fail_streak + 1,
        failing_since=subscription.failing_since or attempt.started,
    )
    if _is_hopeless(failing, moment.now):
        return _disabled(failing, f"nothing but failures for days: {_said(attempt)}")
    return _failing(failing, attempt, moment)


def _recovered(subscription: Subscription) -> tuple[Subscription, tuple[Notice, ...]]:
    was_well = not (
        subscription.fail_streak or subscription.failing_since or subscription.not_before
    )
    if was_well and subscription.state != "suspended":
        return subscription, ()
    notices: tuple[Notice, ...] = ()
    if subscription.fail_streak >= FAILING_AFTER or subscription.state == "suspended":
        notices = ("subscription.recovered",)
    well = replace(subscription, fail_streak=0, failing_since=None, not_before=None)
    if well.state == "suspended":
        well = replace(well, state="active", state_reason="")
    return well, notices


def _failing(
    failing: Subscription, attempt: Attempt, moment: Moment
) -> tuple[Subscription, tuple[Notice, ...]]:
    streak = failing.fail_streak
    wait = _pause(attempt, moment.now)
    if failing.state_reason == SEALED:  # its secret was opened this time
        failing = replace(failing, state_reason=_said(attempt))
    if streak >= SUSPENDED_AFTER:
        wait = max(wait, moment.wait(streak))
        if failing.state == "active":
            reason = f"{streak} attempts failed in a row: {_said(attempt)}"
            failing = replace(failing, state="suspended", state_reason=reason)
    notices: tuple[Notice, ...] = ("subscription.failing",) if streak == FAILING_AFTER else ()
    return replace(failing, not_before=moment.now + wait if wait else None), notices


def _disabled(subscription: Subscription, reason: str) -> tuple[Subscription, tuple[Notice, ...]]:
    return replace(subscription, state="disabled", state_reason=reason), ("subscription.disabled",)


def _is_hopeless(failing: Subscription, now: datetime) -> bool:
    """Tell whether to give an endpoint up; WebSub keeps a subscription to the end of its lease."""
    return (
        failing.kind == "webhook"
        and failing.state in CLAIMABLE
        and failing.fail_streak >= DISABLED_ATTEMPTS
        and failing.failing_since is not None
        and now - failing.failing_since >= DISABLED_AFTER
    )


def _said(attempt: Attempt) -> str:
    return attempt.error or f"status {attempt.status}"
