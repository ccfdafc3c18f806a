"""The outbox: claimed once and in order, completed by whoever holds it, lost by nobody."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from syndicate.model.delivery import lost_attempt, unsent_attempt
from syndicate.model.retry_policy import (
    SUSPENDED_AFTER_ATTEMPTS,
    UNREADABLE_SECRET_PAUSE,
    AttemptContext,
    RetrySchedule,
)
from syndicate.model.subscription import UNDECRYPTABLE_REASON, pause, resume
from syndicate.storage.outbox import Claim, FinishedAttempt, Outbox
from syndicate.storage.secret_store import SecretStore
from tests.storage.outbox_fixture import (
    LEASE,
    NOW,
    SECRET,
    OutboxFixture,
    finished_attempt,
    run_with_outbox,
    subscriber,
)

SECOND = timedelta(seconds=1)


def test_a_claim_says_all_that_sending_takes(address: str) -> None:
    """The body is addressed to its subscriber; secrets are readable."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        (claim,) = await mailroom.claim("token")
        delivery = claim.delivery
        assert delivery.body == (
            b'{"type":"post.updated","timestamp":"t",'
            b'"data":{"subscription":"sub_a","seq":1,"cursor":"c1"}}'
        )
        assert (delivery.state, delivery.lease_by) == ("leased", "token")
        assert delivery.lease_until == NOW + LEASE
        assert claim.subscription.secrets == (SECRET,)

    run_with_outbox(address, work, key="passphrase")


def test_only_the_oldest_of_each_subscription_is_claimed(address: str) -> None:
    """The next one follows when it is done, and not while it is being sent or waits."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2))
        await mailroom.subscribe("b", events=(1,))
        claims = await mailroom.claim("one")
        assert [one.delivery.id for one in claims] == ["sub_a.1", "sub_b.1"]
        assert await mailroom.claim("two") == ()
        await mailroom.outbox.complete([finished_attempt(claims[0].delivery, 500)])
        assert await mailroom.claim("three") == ()
        (again,) = await mailroom.claim("four", now=NOW + 6 * SECOND)
        assert (again.delivery.id, again.delivery.attempts) == ("sub_a.1", 1)
        await mailroom.outbox.complete([finished_attempt(again.delivery)])
        (second,) = await mailroom.claim("five")
        assert second.delivery.id == "sub_a.2"

    run_with_outbox(address, work)


def test_no_more_is_claimed_than_asked_for(address: str) -> None:
    """What is due longest comes first."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", "c", events=(1,))
        first = await mailroom.claim("one", limit=2)
        second = await mailroom.claim("two", limit=2)
        assert [len(first), len(second)] == [2, 1]

    run_with_outbox(address, work)


def test_what_is_paused_or_must_wait_is_not_claimed(address: str) -> None:
    """And goes on later where it stopped."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", events=(1,))
        await mailroom.change("sub_a", pause)
        wait = NOW + 9 * SECOND
        await mailroom.change("sub_b", lambda one: replace(one, not_before=wait))
        assert await mailroom.claim("one") == ()
        assert await mailroom.outbox.next_due(NOW) == wait
        await mailroom.change("sub_a", resume)
        assert await mailroom.outbox.next_due(NOW) == NOW
        assert [one.delivery.id for one in await mailroom.claim("two")] == ["sub_a.1"]
        assert len(await mailroom.claim("three", now=wait)) == 1

    run_with_outbox(address, work)


def test_a_late_worker_changes_nothing(address: str) -> None:
    """Its lease ran out, somebody else holds the delivery now."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        (late,) = await mailroom.claim("late")
        after_lease = NOW + LEASE + SECOND
        (taken,) = await mailroom.outbox.reclaim(AttemptContext(now=after_lease))
        assert (taken.delivery.state, taken.attempt) == (
            "pending",
            lost_attempt(late.delivery, now=after_lease),
        )
        assert await mailroom.outbox.complete([finished_attempt(late.delivery)]) == ()
        (next_one,) = await mailroom.claim("next", now=after_lease)
        assert await mailroom.outbox.complete([finished_attempt(late.delivery)]) == ()
        (after,) = await mailroom.outbox.complete([finished_attempt(next_one.delivery)])
        assert after.delivery.state == "delivered"
        assert [one.number for one in (await mailroom.delivery_log.find("sub_a.1"))[1]] == [1, 2]

    run_with_outbox(address, work)


def test_leases_of_the_dead_are_taken_back_at_once(address: str) -> None:
    """Others are left alone until they run out."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", events=(1,))
        await mailroom.claim("dead", limit=1)
        await mailroom.claim("alive", limit=1)
        assert await mailroom.outbox.lease_tokens() == {"dead", "alive"}
        assert await mailroom.outbox.reclaim(AttemptContext(now=NOW)) == ()
        (taken,) = await mailroom.outbox.reclaim(AttemptContext(now=NOW), dead_tokens=["dead"])
        assert taken.delivery.id == "sub_a.1"
        assert await mailroom.outbox.lease_tokens() == {"alive"}

    run_with_outbox(address, work)


def test_what_is_given_back_is_as_if_never_claimed(address: str) -> None:
    """Somebody else may send it at once; nothing is logged."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        (claim,) = await mailroom.claim("one")
        await mailroom.outbox.release([])
        await mailroom.outbox.release([replace(claim.delivery, lease_by="another")])
        assert await mailroom.claim("two") == ()
        await mailroom.outbox.release([claim.delivery])
        (again,) = await mailroom.claim("three")
        assert again.delivery.attempts == 0
        assert (await mailroom.delivery_log.find("sub_a.1"))[1] == ()

    run_with_outbox(address, work)


def test_a_subscription_that_is_disabled_gets_nothing_more(address: str) -> None:
    """What was on its way to it is cancelled, and none is made any more."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2))
        (claim,) = await mailroom.claim("one")
        (after,) = await mailroom.outbox.complete([finished_attempt(claim.delivery, 410)])
        assert (after.subscription.state, after.alerts) == (
            "disabled",
            ("subscription.disabled",),
        )
        assert (await mailroom.subscriptions.find("sub_a")) == after.subscription
        found = await mailroom.delivery_log.list(after.subscription.id)
        assert [one.state for one in found] == ["cancelled", "gone"]
        assert await mailroom.outbox.next_due(NOW) is None

    run_with_outbox(address, work)


def test_failures_are_counted_by_subscription(address: str) -> None:
    """The breaker opens after as many as the model says, whoever writes them down."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2))
        now = NOW
        for count in range(SUSPENDED_AFTER_ATTEMPTS):
            now += timedelta(days=1)
            (claim,) = await mailroom.claim(f"token {count}", now=now)
            await mailroom.outbox.complete([finished_attempt(claim.delivery, 500, now)])
        subscription = await mailroom.subscriptions.find("sub_a")
        assert (subscription.state, subscription.fail_streak) == (
            "suspended",
            SUSPENDED_AFTER_ATTEMPTS,
        )
        assert await mailroom.outbox.next_due(now) == subscription.not_before

    run_with_outbox(address, work)


def test_what_found_no_connection_was_no_attempt(address: str) -> None:
    """It is tried again soon, and nothing is logged."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        (claim,) = await mailroom.claim("one")
        never = finished_attempt(claim.delivery)
        busy = replace(never, attempt=replace(never.attempt, status=None, cause="busy"))
        (after,) = await mailroom.outbox.complete([busy])
        assert after.delivery.due > NOW
        assert (await mailroom.delivery_log.find("sub_a.1"))[1] == ()
        assert len(await mailroom.claim("two", now=after.delivery.due)) == 1

    run_with_outbox(address, work)


def test_the_end_of_a_lease_is_something_to_wake_up_for(address: str) -> None:
    """Never a moment that has passed."""

    async def work(mailroom: OutboxFixture) -> None:
        assert await mailroom.outbox.next_due(NOW) is None
        assert await mailroom.outbox.backlog() == (0, None)
        await mailroom.subscribe("a", events=(1,))
        assert await mailroom.outbox.backlog() == (1, NOW)
        assert await mailroom.outbox.next_due(NOW + SECOND) == NOW + SECOND
        await mailroom.claim("one")
        assert await mailroom.outbox.next_due(NOW) == NOW + LEASE

    run_with_outbox(address, work)


def test_what_cannot_be_signed_waits_and_holds_up_nobody(address: str) -> None:
    """Its subscription stands still until the key is back; the secret stays as it was stored."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2))
        wrong = Outbox(mailroom.database, SecretStore("wrong"))
        others = replace(subscriber("b"), secrets=())
        await mailroom.subscriptions.add(others, NOW)
        await mailroom.enqueue("b", 1)
        sealed, fine = await wrong.claim(5, token="one", now=NOW, lease=LEASE)
        assert (sealed.subscription.secrets, fine.subscription) == ((), others)
        assert sealed.subscription.status_reason == UNDECRYPTABLE_REASON
        attempt = unsent_attempt(sealed.delivery, now=NOW, reason=UNDECRYPTABLE_REASON)
        over = FinishedAttempt(
            delivery=sealed.delivery, attempt=attempt, context=AttemptContext(now=NOW)
        )
        (after,) = await wrong.complete([over])
        assert after.alerts == ("subscription.failing",)
        assert await mailroom.claim("two") == ()
        assert await mailroom.outbox.next_due(NOW) == NOW + LEASE
        await mailroom.outbox.complete([finished_attempt(fine.delivery)])
        assert await mailroom.outbox.next_due(NOW) == NOW + UNREADABLE_SECRET_PAUSE
        (first,) = await mailroom.claim("three", now=NOW + UNREADABLE_SECRET_PAUSE)
        assert (first.delivery.id, first.delivery.attempts) == ("sub_a.1", 0)
        assert first.subscription.secrets == (SECRET,)
        await mailroom.outbox.complete([finished_attempt(first.delivery)])
        assert await mailroom.subscriptions.find("sub_a") == subscriber("a")
        assert len(await mailroom.claim("four")) == 1

    run_with_outbox(address, work, key="right")


@dataclass(slots=True)
class Crowd:
    """Workers that share a clock and see to it that nothing is in their hands twice."""

    mailroom: OutboxFixture
    dice: random.Random
    now: datetime = NOW
    sent: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    in_hand: set[str] = field(default_factory=set)

    async def work(self, name: str) -> None:
        """Claim, do something or other about it, and write it down, until nothing is left."""
        turn = 0
        while await self.mailroom.outbox.next_due(self.now) is not None:
            turn += 1
            self.now += SECOND
            claims = await self.mailroom.claim(f"{name} {turn}", self.dice.randint(1, 5), self.now)
            for claim in claims:
                assert claim.subscription.id not in self.in_hand
                self.in_hand.add(claim.subscription.id)
            await asyncio.sleep(0)
            finished = [one for claim in claims for one in self.handle(claim)]
            self.in_hand -= {claim.subscription.id for claim in claims}
            await self.mailroom.outbox.complete(finished)
            await self.mailroom.outbox.release(claim.delivery for claim in claims)

    def handle(self, claim: Claim) -> Iterator[FinishedAttempt]:
        """Yield what became of it: delivered, failed, or never sent."""
        fate = self.dice.random()
        moment = AttemptContext(now=self.now, schedule=RetrySchedule(steps=(timedelta(0),) * 1_000))
        if fate < 0.2:
            yield replace(finished_attempt(claim.delivery, 500, self.now), context=moment)
        elif fate < 0.9:
            self.sent[claim.subscription.id].append(claim.delivery.seq)
            yield replace(finished_attempt(claim.delivery, 204, self.now), context=moment)


@pytest.mark.parametrize("seed", range(2))
def test_however_many_work_everything_is_sent_once_and_in_order(address: str, seed: int) -> None:
    """Six workers that sometimes fail or give back, and twelve subscriptions."""

    async def work(mailroom: OutboxFixture) -> None:
        names = [f"{number:02}" for number in range(12)]
        await mailroom.subscribe(*names, events=range(1, 7))
        dice = random.Random(seed)  # noqa: S311 — to repeat what failed
        crowd = Crowd(mailroom, dice)
        await asyncio.gather(*(crowd.work(f"worker {number}") for number in range(6)))
        assert crowd.sent == {f"sub_{name}": [1, 2, 3, 4, 5, 6] for name in names}

    run_with_outbox(address, work)
