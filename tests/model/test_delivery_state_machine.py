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
FORTUNES: dict[str, tuple[int | None, FailureCause]] = {
    "ok": (204, ""),
    "status": (500, "status"),
    "timeout": (None, "timeout"),
    "gone": (410, "status"),
    "busy": (None, "busy"),
    "sealed": (None, "sealed"),
    "lost": (None, "lost"),
}
fortunes = st.sampled_from(sorted(FORTUNES))
wishes = st.sampled_from(["", "30", "99999999"])


@dataclass
class Story:
    """State of one subscription and its deliveries."""

    now: datetime = NOW
    subscription: Subscription = SUBSCRIPTION
    deliveries: tuple[Delivery, ...] = ()

    @property
    def head(self) -> Delivery | None:
        """The head of the queue: the oldest unfinished delivery."""
        unfinished = (one for one in self.deliveries if one.state in UNFINISHED)
        return next(unfinished, None) if self.subscription.state in DELIVERABLE_STATES else None

    def put(self, changed: Delivery) -> None:
        """Store a new or changed delivery."""
        others = tuple(one for one in self.deliveries if one.seq != changed.seq)
        self.deliveries = tuple(sorted((*others, changed), key=lambda one: one.seq))

    def send(self, head: Delivery, fortune: str, *, chance: float = 1.0, wish: str = "") -> None:
        """Claim ``head`` when it is due, and apply the result of the attempt."""
        self.now = max(self.now, head.due, self.subscription.not_before or self.now)
        leased = claim(head, lease_token="token", now=self.now, timeout=TIMEOUT)
        status, cause = FORTUNES[fortune]
        attempt = replace(
            lost_attempt(leased, now=self.now),
            status=status,
            cause=cause,
            headers=(("retry-after", wish),),
        )
        moment = AttemptContext(now=self.now, jitter=chance, schedule=SHORT)
        result = apply_attempt(leased, self.subscription, attempt, moment)
        self.subscription = result.subscription
        self.put(result.delivery)

    def tell(self) -> None:
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


class Life(RuleBasedStateMachine):
    """Deliveries of one subscription with random results."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()

    @precondition(lambda self: self.story.subscription.state != "disabled")
    @rule()
    def happen(self) -> None:
        """An event is enqueued."""
        self.story.tell()

    @precondition(lambda self: self.story.head is not None)
    @rule(fortune=fortunes, chance=st.floats(0, 1), wish=wishes)
    def send(self, fortune: str, chance: float, wish: str) -> None:
        """The head of the queue is attempted."""
        assert self.story.head is not None
        self.story.send(self.story.head, fortune, chance=chance, wish=wish)

    @rule(paused=st.booleans())
    def own(self, *, paused: bool) -> None:
        """The owner pauses or resumes."""
        self.story.subscription = (pause if paused else resume)(self.story.subscription)

    @precondition(lambda self: self.story.deliveries)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """A delivery is replayed."""
        chosen = data.draw(st.sampled_from(self.story.deliveries))
        self.story.put(replay(chosen, now=self.story.now))

    @invariant()
    def nothing_stays_leased(self) -> None:
        """No delivery is leased after its attempt."""
        assert not any(one.state == "leased" or one.lease_by for one in self.story.deliveries)

    @invariant()
    def no_wait_is_longer_than_a_day_and_its_jitter(self) -> None:
        """Whatever receivers request, the next attempt is within a day."""
        moments = [one.due for one in self.story.deliveries if one.state == "pending"]
        moments.append(self.story.subscription.not_before or self.story.now)
        assert max(moments) - self.story.now <= MAX_PAUSE * 1.2

    @invariant()
    def every_delivery_can_end(self) -> None:
        """If all further attempts fail, or all succeed, every delivery ends."""
        for fortune in ("ok", "status"):
            story = replace(self.story, subscription=resume(self.story.subscription))
            for _ in range(len(SHORT.steps) * len(story.deliveries)):
                if story.head is not None:
                    story.send(story.head, fortune)
            assert story.head is None


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
