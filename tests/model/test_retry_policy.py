"""Effects of attempts on a delivery and its subscription, alone and in sequence."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.delivery import (
    UNFINISHED,
    Attempt,
    Delivery,
    DeliveryId,
    FailureCause,
    claim,
    lost_attempt,
    unsent_attempt,
)
from syndicate.model.event import EventId
from syndicate.model.retry_policy import (
    DEFAULT_SCHEDULE,
    MAX_PAUSE,
    AttemptContext,
    AttemptResult,
    OperatorAlert,
    apply_attempt,
    retry_after,
)
from syndicate.model.subscription import UNDECRYPTABLE_REASON, Subscription, SubscriptionId, pause
from tests import samples

NOW = samples.NOW
DAY = timedelta(days=1)
TIMEOUT = timedelta(seconds=15)
SUBSCRIPTION = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")


def delivery(seq: int = 1, *, due: datetime = NOW) -> Delivery:
    """Return a delivery without attempts."""
    return Delivery(
        id=DeliveryId(f"dlv_{seq}"),
        subscription=SUBSCRIPTION.id,
        event=EventId(f"evt_{seq}"),
        seq=seq,
        body=b"{}",
        due=due,
    )


def attempt(
    of: Delivery,
    *,
    status: int | None = 500,
    cause: FailureCause = "status",
    at: datetime = NOW,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Attempt:
    """Return an attempt at a delivery; by default it failed with 500."""
    return Attempt(
        number=of.attempts + 1,
        trigger=of.trigger,
        started=at,
        took_ms=1,
        status=status,
        cause=cause,
        headers=tuple(headers.items()),
    )


@dataclass
class Endpoint:
    """One subscription with successive deliveries; its clock advances to the next due time."""

    subscription: Subscription = SUBSCRIPTION
    delivery: Delivery = field(default_factory=delivery)
    now: datetime = NOW
    chance: float = 0.0
    notices: tuple[OperatorAlert, ...] = ()
    made: tuple[datetime, ...] = ()

    def fail(self, times: int = 1, **headers: str) -> Subscription:
        """Let ``times`` attempts fail, each as soon as it may be made."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        for _ in range(times):
            self.ready()
            self.settle(attempt(self.delivery, at=self.now, headers=said))
        return self.subscription

    def succeed(self, **headers: str) -> Subscription:
        """Let an attempt succeed as soon as it may be made."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        self.ready()
        self.settle(attempt(self.delivery, status=204, cause="", at=self.now, headers=said))
        return self.subscription

    def ready(self) -> None:
        """Go to the moment of the next attempt; a finished delivery is followed by another."""
        if self.delivery.state not in UNFINISHED:
            self.delivery = delivery(self.delivery.seq + 1, due=self.now)
        self.now = max(self.now, self.delivery.due, self.subscription.not_before or self.now)

    def settle(self, attempt: Attempt) -> AttemptResult:
        """Apply ``attempt``."""
        leased = claim(self.delivery, lease_token="token", now=self.now, timeout=TIMEOUT)
        result = apply_attempt(
            leased, self.subscription, attempt, AttemptContext(now=self.now, jitter=self.chance)
        )
        self.delivery, self.subscription = result.delivery, result.subscription
        self.notices += result.alerts
        self.made += (self.now,)
        return result


def test_default_schedule_is_as_documented() -> None:
    """Eleven attempts; the last pause starts 75 h 36 min 5 s after the first attempt."""
    endpoint = Endpoint()
    endpoint.fail(11)
    waits = [
        later - earlier for earlier, later in zip(endpoint.made, endpoint.made[1:], strict=False)
    ]
    assert tuple(waits) == DEFAULT_SCHEDULE.steps[1:]
    assert endpoint.delivery.state == "exhausted"
    assert endpoint.now - NOW == timedelta(days=3, hours=3, minutes=36, seconds=5)


@given(st.floats(0, 1), st.integers(0, 30))
def test_jitter_adds_at_most_a_fifth(chance: float, step: int) -> None:
    """To the step, or after the end of the schedule to its last step."""
    bare = AttemptContext(now=NOW).pause_before(step)
    assert bare == DEFAULT_SCHEDULE.steps[min(step, 10)]
    assert bare <= AttemptContext(now=NOW, jitter=chance).pause_before(step) <= bare * 1.2


def test_success_ends_a_delivery() -> None:
    """Any 2xx response is a delivery; the attempt is recorded."""
    endpoint = Endpoint()
    endpoint.fail()
    endpoint.succeed()
    done = endpoint.delivery
    assert (done.state, done.attempts, done.last_status, done.lease_by) == ("delivered", 2, 204, "")
    assert endpoint.subscription == SUBSCRIPTION
    assert endpoint.notices == ()


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("86401", DAY),
        ("9" * 5000, DAY),
        ("-5", timedelta(0)),
        ("1.5", timedelta(0)),
        ("soon", timedelta(0)),
        ("", timedelta(0)),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        (format_datetime(NOW - timedelta(minutes=3), usegmt=True), timedelta(0)),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), DAY),
        ("Saturday, 01-Jun-24 12:01:00 GMT", timedelta(minutes=1)),
        ("Sat Jun  1 12:01:00 2024", timedelta(minutes=1)),
    ],
)
def test_retry_after_forms(text: str, wait: timedelta) -> None:
    """Seconds and three forms of a date, at most a day; an invalid value is no pause."""
    assert retry_after(text, NOW) == wait


@given(st.text() | st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,5} [0-9:+ -]*\Z"))
def test_any_retry_after_is_at_most_a_day(text: str) -> None:
    """For any text."""
    assert timedelta(0) <= retry_after(text, NOW) <= MAX_PAUSE


@pytest.mark.parametrize(("asked", "wait"), [("3600", 3600), ("1", 5), ("999999", 86400)])
def test_retry_after_pauses_the_whole_subscription(asked: str, wait: int) -> None:
    """The longer of step and header counts, at most a day; other deliveries wait as well."""
    endpoint = Endpoint()
    endpoint.fail(retry_after=asked)
    assert endpoint.delivery.due == NOW + timedelta(seconds=wait)
    pause = retry_after(asked, NOW)
    assert endpoint.subscription.not_before == NOW + pause
    assert endpoint.subscription.state == "active"


def test_status_410_disables_the_subscription() -> None:
    """At once, for the delivery and for those after it."""
    endpoint = Endpoint()
    endpoint.settle(attempt(delivery(), status=410))
    assert endpoint.delivery.state == "gone"
    assert endpoint.subscription.state == "disabled"
    assert endpoint.subscription.state_reason == "the endpoint unsubscribed: status 410"
    assert endpoint.notices == ("subscription.disabled",)


def test_webhook_delivery_header_disables_the_subscription() -> None:
    """``webhook-delivery: disable`` on a failure means gone; a success is a delivery."""
    failed, accepted = Endpoint(), Endpoint()
    failed.fail(webhook_delivery="Disable")
    accepted.succeed(webhook_delivery="disable")
    assert (failed.delivery.state, accepted.delivery.state) == ("gone", "delivered")
    assert failed.subscription.state == accepted.subscription.state == "disabled"


def test_alerts_after_four_failures_and_after_recovery() -> None:
    """One alert at the fourth failure, one at the next success."""
    endpoint = Endpoint()
    received = []
    for happen in (endpoint.fail, endpoint.fail, endpoint.fail, endpoint.fail, endpoint.succeed):
        happen()
        received.append(endpoint.notices)
    alerts: tuple[OperatorAlert, ...] = ("subscription.failing", "subscription.recovered")
    assert received == [(), (), (), alerts[:1], alerts]


def test_suspended_subscription_sends_one_request_per_step() -> None:
    """After five consecutive failures the whole subscription waits for the next step."""
    endpoint = Endpoint()
    assert endpoint.fail(4).state == "active"
    suspended = endpoint.fail()
    assert suspended.state == "suspended"
    assert suspended.state_reason == "5 consecutive attempts failed: status 500"
    assert suspended.not_before == endpoint.now + timedelta(hours=2)
    assert endpoint.fail().not_before == endpoint.now + timedelta(hours=5)


def test_suspension_continues_with_the_next_delivery() -> None:
    """After an exhausted delivery the next one does not use the short steps."""
    endpoint = Endpoint()
    endpoint.fail(12)
    assert endpoint.delivery.seq == 2
    assert endpoint.made[11] - endpoint.made[10] == DAY
    assert endpoint.subscription.not_before == endpoint.now + DAY


def test_success_ends_a_suspension() -> None:
    """Waiting deliveries continue at once."""
    endpoint = Endpoint()
    endpoint.fail(7)
    endpoint.succeed()
    assert endpoint.subscription == SUBSCRIPTION


def test_five_days_of_failures_disable_a_subscription() -> None:
    """Not before five days, and its last delivery is cancelled."""
    endpoint = Endpoint()
    while endpoint.subscription.state != "disabled":
        endpoint.fail()
    assert endpoint.now - NOW >= timedelta(days=5)
    assert endpoint.made[-2] - NOW < timedelta(days=5)
    assert endpoint.delivery.state == "cancelled"
    assert endpoint.notices == ("subscription.failing", "subscription.disabled")


def test_few_failures_do_not_disable_a_subscription() -> None:
    """Nine failures in a month are not enough."""
    since = replace(SUBSCRIPTION, fail_streak=8, failing_since=NOW - 30 * DAY)
    endpoint = Endpoint(subscription=since)
    assert endpoint.fail().state == "suspended"
    assert endpoint.fail().state == "disabled"


def test_failures_do_not_end_a_websub_subscription() -> None:
    """It ends with its lease (W3C WebSub section 7), or by 410."""
    endpoint = Endpoint(subscription=replace(SUBSCRIPTION, kind="websub"))
    assert endpoint.fail(30).state == "suspended"
    assert endpoint.now - NOW > timedelta(days=15)
    assert endpoint.settle(attempt(endpoint.delivery, status=410)).subscription.state == "disabled"


def test_attempt_leaves_a_paused_subscription_paused() -> None:
    """If the owner pauses during the request."""
    endpoint = Endpoint(
        subscription=pause(replace(SUBSCRIPTION, fail_streak=20, failing_since=NOW - 9 * DAY))
    )
    assert endpoint.fail().state == "paused"
    assert endpoint.delivery.state == "pending"
    assert endpoint.succeed().state == "paused"


def test_attempt_leaves_a_disabled_subscription_disabled() -> None:
    """The attempt is recorded, and is the last one unless it succeeded."""
    disabled = replace(SUBSCRIPTION, state="disabled", state_reason="the endpoint wants no more")
    failed, done = Endpoint(subscription=disabled), Endpoint(subscription=disabled)
    failed.fail()
    done.succeed()
    assert (failed.delivery.state, done.delivery.state) == ("cancelled", "delivered")
    assert failed.subscription == done.subscription == disabled
    assert failed.notices == done.notices == ()


def test_lost_attempt_is_repeated_at_once() -> None:
    """The receiver is not to blame: no step, no failure, but a line in the log."""
    endpoint = Endpoint()
    result = endpoint.settle(lost_attempt(delivery(), now=NOW))
    assert result.attempt is not None
    assert result.delivery.state == "pending"
    assert (result.delivery.attempts, result.delivery.step, result.delivery.due) == (1, 0, NOW)
    assert result.subscription == SUBSCRIPTION


def test_deferred_delivery_records_nothing() -> None:
    """No connection was free, so nothing was sent."""
    result = Endpoint().settle(attempt(delivery(), status=None, cause="busy"))
    assert result.attempt is None
    assert result.delivery == replace(delivery(), due=NOW + timedelta(seconds=1))
    assert result.subscription == SUBSCRIPTION


def test_deferred_deliveries_do_not_come_back_together() -> None:
    """The jitter spreads them over a second."""
    busy = attempt(delivery(), status=None, cause="busy")
    context = AttemptContext(now=NOW, jitter=0.5)
    result = apply_attempt(delivery(), SUBSCRIPTION, busy, context)
    assert result.delivery.due == NOW + timedelta(seconds=1.5)


def test_unreadable_secret_suspends_the_subscription() -> None:
    """With one alert; the first delivery that can be signed again ends the suspension."""
    endpoint = Endpoint()
    for number in range(3):
        result = endpoint.settle(unsent_attempt(delivery(), now=NOW, reason=UNDECRYPTABLE_REASON))
        assert (result.attempt, result.delivery) == (None, delivery())
        held = result.subscription
        assert (held.state, held.state_reason) == ("suspended", UNDECRYPTABLE_REASON)
        assert held.not_before == NOW + timedelta(minutes=1)
        assert result.alerts == (() if number else ("subscription.failing",))
    result = endpoint.settle(attempt(delivery(), status=204, cause=""))
    assert result.subscription == SUBSCRIPTION
    assert result.alerts == ("subscription.recovered",)


def test_reason_changes_once_the_secret_is_readable() -> None:
    """The reason is the new error; the recovery alert comes with the first success."""
    endpoint = Endpoint()
    endpoint.settle(unsent_attempt(delivery(), now=NOW, reason=UNDECRYPTABLE_REASON))
    failed = endpoint.settle(attempt(delivery(), status=500)).subscription
    assert (failed.state, failed.state_reason) == ("suspended", "status 500")
    result = endpoint.settle(attempt(delivery(), status=204, cause=""))
    assert result.subscription == SUBSCRIPTION
    assert result.alerts == ("subscription.recovered",)


def test_unsent_attempt_leaves_a_paused_subscription_paused() -> None:
    """If the owner pauses in the meantime."""
    endpoint = Endpoint(subscription=pause(SUBSCRIPTION))
    result = endpoint.settle(unsent_attempt(delivery(), now=NOW, reason=UNDECRYPTABLE_REASON))
    assert result == AttemptResult(
        delivery=delivery(), subscription=pause(SUBSCRIPTION), attempt=None
    )
