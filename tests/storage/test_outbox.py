"""The outbox: claimed once and in order, completed by the lease holder, never lost."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from syndicate.model.delivery import Backlog, lost_attempt, unsent_attempt
from syndicate.model.retry_policy import (
    SUSPENDED_AFTER_ATTEMPTS,
    UNREADABLE_SECRET_PAUSE,
    AttemptContext,
    RetrySchedule,
)
from syndicate.model.subscription import (
    UNDECRYPTABLE_REASON,
    SubscriptionState,
    pause,
    resume,
)
from syndicate.storage.outbox import Claim, FinishedAttempt, Outbox
from syndicate.storage.secret_store import SecretStore
from tests.storage.outbox_fixture import (
    LEASE,
    NOW,
    SECRET,
    OutboxFixture,
    finished_attempt,
    open_outbox,
    subscriber,
)

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)


async def test_claim_has_all_that_sending_needs(address: str) -> None:
    """The body names its recipient; secrets are decrypted."""
    async with open_outbox(address, key="passphrase") as outbox_fixture:
        await outbox_fixture.subscribe("a", events=(1,))
        (claim,) = await outbox_fixture.claim("token")
        delivery = claim.delivery
        assert delivery.body == (
            b'{"type":"post.updated","timestamp":"t",'
            b'"data":{"subscription":"sub_a","seq":1,"cursor":"c1"}}'
        )
        assert (delivery.state, delivery.lease_by) == ("leased", "token")
        assert delivery.lease_until == NOW + LEASE
        assert claim.subscription.secrets == (SECRET,)


async def test_only_the_oldest_of_each_subscription_is_claimed(
    outbox_fixture: OutboxFixture,
) -> None:
    """The next one follows when it is finished, not while it is being sent or waits."""
    await outbox_fixture.subscribe("a", events=(1, 2))
    await outbox_fixture.subscribe("b", events=(1,))
    claims = await outbox_fixture.claim("one")
    assert [claim.delivery.id for claim in claims] == ["sub_a.1", "sub_b.1"]
    assert await outbox_fixture.claim("two") == ()
    await outbox_fixture.outbox.complete([finished_attempt(claims[0].delivery, 500)])
    assert await outbox_fixture.claim("three") == ()
    (again,) = await outbox_fixture.claim("four", now=NOW + 6 * SECOND)
    assert (again.delivery.id, again.delivery.attempts) == ("sub_a.1", 1)
    await outbox_fixture.outbox.complete([finished_attempt(again.delivery)])
    (second,) = await outbox_fixture.claim("five")
    assert second.delivery.id == "sub_a.2"


async def test_claim_respects_its_limit(outbox_fixture: OutboxFixture) -> None:
    """What has been due longest comes first."""
    await outbox_fixture.subscribe("a", "b", "c", events=(1,))
    first = await outbox_fixture.claim("one", limit=2)
    second = await outbox_fixture.claim("two", limit=2)
    assert [len(first), len(second)] == [2, 1]


async def test_paused_and_waiting_subscriptions_are_not_claimed(
    outbox_fixture: OutboxFixture,
) -> None:
    """They continue later where they stopped."""
    await outbox_fixture.subscribe("a", "b", events=(1,))
    await outbox_fixture.change("sub_a", pause)
    wait = NOW + 9 * SECOND
    await outbox_fixture.change("sub_b", lambda one: replace(one, not_before=wait))
    assert await outbox_fixture.claim("one") == ()
    assert await outbox_fixture.outbox.next_due(NOW) == wait
    await outbox_fixture.change("sub_a", resume)
    assert await outbox_fixture.outbox.next_due(NOW) == NOW
    assert [claim.delivery.id for claim in await outbox_fixture.claim("two")] == ["sub_a.1"]
    assert len(await outbox_fixture.claim("three", now=wait)) == 1


async def test_worker_with_an_expired_lease_changes_nothing(outbox_fixture: OutboxFixture) -> None:
    """Another one has the delivery now."""
    await outbox_fixture.subscribe("a", events=(1,))
    (late,) = await outbox_fixture.claim("late")
    after_lease = NOW + LEASE + SECOND
    (taken,) = await outbox_fixture.outbox.reclaim(
        AttemptContext(now=after_lease), ended_before=after_lease
    )
    assert (taken.delivery.state, taken.attempt) == (
        "pending",
        lost_attempt(late.delivery, now=after_lease),
    )
    assert await outbox_fixture.outbox.complete([finished_attempt(late.delivery)]) == ()
    (next_one,) = await outbox_fixture.claim("next", now=after_lease)
    assert await outbox_fixture.outbox.complete([finished_attempt(late.delivery)]) == ()
    (after,) = await outbox_fixture.outbox.complete([finished_attempt(next_one.delivery)])
    assert after.delivery.state == "delivered"
    assert [one.number for one in (await outbox_fixture.delivery_log.find("sub_a.1"))[1]] == [1, 2]


async def test_reclaimed_delivery_is_due_by_the_clock_of_its_host(
    outbox_fixture: OutboxFixture,
) -> None:
    """The clock of the database server, which leases are measured by, is an hour ahead."""
    await outbox_fixture.subscribe("a", events=(1,))
    ahead = NOW + timedelta(hours=1)
    (claim,) = await outbox_fixture.claim("one", now=ahead)
    context = AttemptContext(now=NOW)
    assert await outbox_fixture.outbox.reclaim(context, ended_before=ahead + LEASE) == ()
    (taken,) = await outbox_fixture.outbox.reclaim(context, ended_before=ahead + LEASE + SECOND)
    assert taken.attempt == lost_attempt(claim.delivery, now=NOW)
    assert taken.delivery.due < ahead


async def test_leases_of_dead_processes_are_reclaimed_at_once(
    outbox_fixture: OutboxFixture,
) -> None:
    """Others are left until they expire."""
    await outbox_fixture.subscribe("a", "b", events=(1,))
    await outbox_fixture.claim("dead", limit=1)
    await outbox_fixture.claim("alive", limit=1)
    assert await outbox_fixture.outbox.lease_tokens() == {"dead", "alive"}
    context = AttemptContext(now=NOW)
    assert await outbox_fixture.outbox.reclaim(context, ended_before=NOW) == ()
    (taken,) = await outbox_fixture.outbox.reclaim(context, ended_before=NOW, dead_tokens=["dead"])
    assert taken.delivery.id == "sub_a.1"
    assert await outbox_fixture.outbox.lease_tokens() == {"alive"}


async def test_released_delivery_can_be_claimed_at_once(outbox_fixture: OutboxFixture) -> None:
    """No attempt is logged."""
    await outbox_fixture.subscribe("a", events=(1,))
    (claim,) = await outbox_fixture.claim("one")
    await outbox_fixture.outbox.release([])
    await outbox_fixture.outbox.release([replace(claim.delivery, lease_by="another")])
    assert await outbox_fixture.claim("two") == ()
    await outbox_fixture.outbox.release([claim.delivery])
    (again,) = await outbox_fixture.claim("three")
    assert again.delivery.attempts == 0
    assert (await outbox_fixture.delivery_log.find("sub_a.1"))[1] == ()


async def test_deliveries_of_a_disabled_subscription_are_cancelled(
    outbox_fixture: OutboxFixture,
) -> None:
    """And no new ones are enqueued."""
    await outbox_fixture.subscribe("a", events=(1, 2))
    (claim,) = await outbox_fixture.claim("one")
    (after,) = await outbox_fixture.outbox.complete([finished_attempt(claim.delivery, 410)])
    assert (after.subscription.state, after.alerts) == (
        "disabled",
        ("subscription.disabled",),
    )
    assert (await outbox_fixture.subscriptions.find("sub_a")) == after.subscription
    found = await outbox_fixture.delivery_log.list(after.subscription.id)
    assert [delivery.state for delivery in found] == ["cancelled", "gone"]
    assert await outbox_fixture.outbox.next_due(NOW) is None


async def test_failures_are_counted_by_subscription(outbox_fixture: OutboxFixture) -> None:
    """The breaker opens after as many as the model says, whichever worker stores them."""
    await outbox_fixture.subscribe("a", events=(1, 2))
    now = NOW
    for count in range(SUSPENDED_AFTER_ATTEMPTS):
        now += timedelta(days=1)
        (claim,) = await outbox_fixture.claim(f"token {count}", now=now)
        await outbox_fixture.outbox.complete([finished_attempt(claim.delivery, 500, now)])
    subscription = await outbox_fixture.subscriptions.find("sub_a")
    assert (subscription.state, subscription.fail_streak) == (
        "suspended",
        SUSPENDED_AFTER_ATTEMPTS,
    )
    assert await outbox_fixture.outbox.next_due(now) == subscription.not_before


async def test_unsent_delivery_is_no_attempt(outbox_fixture: OutboxFixture) -> None:
    """It is tried again soon, and nothing is logged."""
    await outbox_fixture.subscribe("a", events=(1,))
    (claim,) = await outbox_fixture.claim("one")
    never = finished_attempt(claim.delivery)
    busy = replace(never, attempt=replace(never.attempt, status=None, cause="busy"))
    (after,) = await outbox_fixture.outbox.complete([busy])
    assert after.delivery.due > NOW
    assert (await outbox_fixture.delivery_log.find("sub_a.1"))[1] == ()
    assert len(await outbox_fixture.claim("two", now=after.delivery.due)) == 1


async def test_next_due_includes_the_end_of_leases(
    outbox_fixture: OutboxFixture,
) -> None:
    """It is never a time in the past."""
    assert await outbox_fixture.outbox.next_due(NOW) is None
    assert await outbox_fixture.outbox.backlog() == Backlog()
    await outbox_fixture.subscribe("a", events=(1,))
    assert await outbox_fixture.outbox.backlog() == Backlog(waiting=1, oldest_due=NOW)
    assert await outbox_fixture.outbox.next_due(NOW + SECOND) == NOW + SECOND
    await outbox_fixture.claim("one")
    assert await outbox_fixture.outbox.next_due(NOW) == NOW + LEASE


@pytest.mark.parametrize("state", ["paused", "disabled"])
async def test_deliveries_that_are_not_sent_on_purpose_are_not_overdue(
    outbox_fixture: OutboxFixture, state: SubscriptionState
) -> None:
    """The alert on overdue deliveries is about those that should have been sent."""
    await outbox_fixture.subscribe("a", "b", events=(1,))
    await outbox_fixture.change("sub_a", lambda found: replace(found, state=state))
    assert await outbox_fixture.outbox.backlog() == Backlog(waiting=2, oldest_due=NOW)
    await outbox_fixture.change("sub_b", lambda found: replace(found, state=state))
    assert await outbox_fixture.outbox.backlog() == Backlog(waiting=2)


async def test_unsignable_delivery_waits_and_blocks_no_other(address: str) -> None:
    """Its subscription is suspended until the key is back; the secret stays as stored."""
    async with open_outbox(address, key="right") as outbox_fixture:
        await outbox_fixture.subscribe("a", events=(1, 2))
        wrong = Outbox(outbox_fixture.database, SecretStore("wrong"))
        others = replace(subscriber("b"), secrets=())
        await outbox_fixture.subscriptions.add(others, NOW)
        await outbox_fixture.enqueue("b", 1)
        sealed, fine = await wrong.claim(5, token="one", now=NOW, lease=LEASE)
        assert (sealed.subscription.secrets, fine.subscription) == ((), others)
        assert sealed.subscription.status_reason == UNDECRYPTABLE_REASON
        attempt = unsent_attempt(sealed.delivery, now=NOW, reason=UNDECRYPTABLE_REASON)
        over = FinishedAttempt(
            delivery=sealed.delivery, attempt=attempt, context=AttemptContext(now=NOW)
        )
        (after,) = await wrong.complete([over])
        assert after.alerts == ("subscription.failing",)
        assert await outbox_fixture.claim("two") == ()
        assert await outbox_fixture.outbox.next_due(NOW) == NOW + LEASE
        await outbox_fixture.outbox.complete([finished_attempt(fine.delivery)])
        assert await outbox_fixture.outbox.next_due(NOW) == NOW + UNREADABLE_SECRET_PAUSE
        (first,) = await outbox_fixture.claim("three", now=NOW + UNREADABLE_SECRET_PAUSE)
        assert (first.delivery.id, first.delivery.attempts) == ("sub_a.1", 0)
        assert first.subscription.secrets == (SECRET,)
        await outbox_fixture.outbox.complete([finished_attempt(first.delivery)])
        assert await outbox_fixture.subscriptions.find("sub_a") == subscriber("a")
        assert len(await outbox_fixture.claim("four")) == 1


@dataclass(slots=True)
class Workers:
    """Workers that share a clock and check that no subscription is claimed twice."""

    outbox_fixture: OutboxFixture
    dice: random.Random
    now: datetime = NOW
    sent: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    in_hand: set[str] = field(default_factory=set)

    async def work(self, name: str) -> None:
        """Claim, handle and complete deliveries until none is left."""
        turn = 0
        while await self.outbox_fixture.outbox.next_due(self.now) is not None:
            turn += 1
            self.now += SECOND
            claims = await self.outbox_fixture.claim(
                f"{name} {turn}", self.dice.randint(1, 5), self.now
            )
            for claim in claims:
                assert claim.subscription.id not in self.in_hand
                self.in_hand.add(claim.subscription.id)
            await asyncio.sleep(0)
            finished = [one for claim in claims for one in self.handle(claim)]
            self.in_hand -= {claim.subscription.id for claim in claims}
            await self.outbox_fixture.outbox.complete(finished)
            await self.outbox_fixture.outbox.release(claim.delivery for claim in claims)

    def handle(self, claim: Claim) -> Iterator[FinishedAttempt]:
        """Yield the attempt: delivered, failed, or none."""
        fate = self.dice.random()
        moment = AttemptContext(now=self.now, schedule=RetrySchedule(steps=(timedelta(0),) * 1_000))
        if fate < 0.2:
            yield replace(finished_attempt(claim.delivery, 500, self.now), context=moment)
        elif fate < 0.9:
            self.sent[claim.subscription.id].append(claim.delivery.seq)
            yield replace(finished_attempt(claim.delivery, 204, self.now), context=moment)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_many_workers_send_everything_once_and_in_order(
    outbox_fixture: OutboxFixture, seed: int
) -> None:
    """Six workers that sometimes fail or release, and twelve subscriptions."""
    names = [f"{number:02}" for number in range(12)]
    await outbox_fixture.subscribe(*names, events=range(1, 7))
    dice = random.Random(seed)  # noqa: S311 — to repeat what failed
    crowd = Workers(outbox_fixture, dice)
    await asyncio.gather(*(crowd.work(f"worker {number}") for number in range(6)))
    assert crowd.sent == {f"sub_{name}": [1, 2, 3, 4, 5, 6] for name in names}
