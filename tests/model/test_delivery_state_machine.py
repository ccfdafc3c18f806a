"""State machine of deliveries: under any sequence of results, each delivery can end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from syndicate.model.delivery import (
    UNFINISHED,
    Delivery,
    DeliveryId,
    FailureCause,
    claim,
    lost_attempt,
    replay,
)
from syndicate.model.event import EventId
from syndicate.model.retry_policy import MAX_PAUSE, AttemptContext, RetrySchedule, apply_attempt
from syndicate.model.subscription import (
    DELIVERABLE_STATES,
    Subscription,
    SubscriptionId,
    pause,
    resume,
)
from tests import samples

NOW = samples.NOW
TIMEOUT = timedelta(seconds=15)
SUBSCRIPTION = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")
SHORT = RetrySchedule.from_seconds((0, 5, 60))
RESULTS: dict[str, tuple[int | None, FailureCause]] = {
    "ok": (204, ""),
    "status": (500, "status"),
    "timeout": (None, "timeout"),
    "gone": (410, "status"),
    "busy": (None, "busy"),
    "sealed": (None, "sealed"),
    "lost": (None, "lost"),
}
results = st.sampled_from(sorted(RESULTS))
retry_after_values = st.sampled_from(["", "30", "99999999"])


@dataclass
class Queue:
    """State of one subscription and its deliveries."""

    now: datetime = NOW
    subscription: Subscription = SUBSCRIPTION
    deliveries: tuple[Delivery, ...] = ()

    @property
    def head(self) -> Delivery | None:
        """The head of the queue: the oldest unfinished delivery."""
        unfinished = (delivery for delivery in self.deliveries if delivery.state in UNFINISHED)
        return next(unfinished, None) if self.subscription.state in DELIVERABLE_STATES else None

    def put(self, changed: Delivery) -> None:
        """Store a new or changed delivery."""
        others = tuple(delivery for delivery in self.deliveries if delivery.seq != changed.seq)
        self.deliveries = tuple(sorted((*others, changed), key=lambda delivery: delivery.seq))

    def send(
        self, head: Delivery, result_name: str, *, chance: float = 1.0, retry_after: str = ""
    ) -> None:
        """Claim ``head`` when it is due, and apply the result of the attempt."""
        self.now = max(self.now, head.due, self.subscription.not_before or self.now)
        leased = claim(head, lease_token="token", now=self.now, timeout=TIMEOUT)
        status, cause = RESULTS[result_name]
        attempt = replace(
            lost_attempt(leased, now=self.now),
            status=status,
            cause=cause,
            headers=(("retry-after", retry_after),),
        )
        moment = AttemptContext(now=self.now, jitter=chance, schedule=SHORT)
        result = apply_attempt(leased, self.subscription, attempt, moment)
        self.subscription = result.subscription
        self.put(result.delivery)

    def enqueue(self) -> None:
        """Create one more delivery."""
        seq = len(self.deliveries) + 1
        self.put(
            Delivery(
                id=DeliveryId(f"dlv_{seq}"),
                subscription=SUBSCRIPTION.id,
                event=EventId(f"evt_{seq}"),
                seq=seq,
                body=b"{}",
                due=self.now,
            )
        )


class DeliveryMachine(RuleBasedStateMachine):
    """Deliveries of one subscription with random results."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()

    @precondition(lambda self: self.queue.subscription.state != "disabled")
    @rule()
    def enqueue_event(self) -> None:
        """An event is enqueued."""
        self.queue.enqueue()

    @precondition(lambda self: self.queue.head is not None)
    @rule(result_name=results, chance=st.floats(0, 1), retry_after=retry_after_values)
    def send(self, result_name: str, chance: float, retry_after: str) -> None:
        """The head of the queue is attempted."""
        assert self.queue.head is not None
        self.queue.send(self.queue.head, result_name, chance=chance, retry_after=retry_after)

    @rule(paused=st.booleans())
    def pause_or_resume(self, *, paused: bool) -> None:
        """The owner pauses or resumes."""
        self.queue.subscription = (pause if paused else resume)(self.queue.subscription)

    @precondition(lambda self: self.queue.deliveries)
    @rule(data=st.data())
    def replay_delivery(self, data: st.DataObject) -> None:
        """A delivery is replayed."""
        chosen = data.draw(st.sampled_from(self.queue.deliveries))
        self.queue.put(replay(chosen, now=self.queue.now))

    @invariant()
    def nothing_stays_leased(self) -> None:
        """No delivery is leased after its attempt."""
        assert not any(
            delivery.state == "leased" or delivery.lease_by for delivery in self.queue.deliveries
        )

    @invariant()
    def no_wait_is_longer_than_a_day_and_its_jitter(self) -> None:
        """Whatever receivers request, the next attempt is within a day."""
        moments = [
            delivery.due for delivery in self.queue.deliveries if delivery.state == "pending"
        ]
        moments.append(self.queue.subscription.not_before or self.queue.now)
        assert max(moments) - self.queue.now <= MAX_PAUSE * 1.2

    @invariant()
    def every_delivery_can_end(self) -> None:
        """If all further attempts fail, or all succeed, every delivery ends."""
        for result_name in ("ok", "status"):
            queue = replace(self.queue, subscription=resume(self.queue.subscription))
            for _ in range(len(SHORT.steps) * len(queue.deliveries)):
                if queue.head is not None:
                    queue.send(queue.head, result_name)
            assert queue.head is None


TestDeliveryMachine = DeliveryMachine.TestCase
TestDeliveryMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
