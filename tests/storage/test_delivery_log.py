"""The journal of deliveries."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from syndicate.errors import UnknownName
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.delivery_log import (
    DELIVERED_RETENTION,
    RESPONSE_RETENTION,
    UNDELIVERED_RETENTION,
)
from syndicate.storage.enqueue import enqueue_for
from syndicate.storage.schema import DELIVERY
from tests.storage.outbox_fixture import (
    NOW,
    OutboxFixture,
    finished_attempt,
    run_with_outbox,
    stored_event,
)

A = SubscriptionId("sub_a")
SECOND = timedelta(seconds=1)


async def deliver(mailroom: OutboxFixture, *statuses: int) -> None:
    """Let receivers answer what is due with ``statuses``, one after the other."""
    for number, status in enumerate(statuses):
        (claim,) = await mailroom.claim(f"token {number}")
        await mailroom.outbox.complete(
            [finished_attempt(claim.delivery, status, content_type="text/plain")]
        )


def test_deliveries_are_listed_newest_first(address: str) -> None:
    """Page by page, and by state."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2, 3))
        await deliver(mailroom, 204)
        journal = mailroom.delivery_log
        assert [one.seq for one in await journal.list(A, limit=2)] == [3, 2]
        assert [one.seq for one in await journal.list(A, before=2)] == [1]
        assert [one.seq for one in await journal.list(A, state="pending")] == [3, 2]
        assert await journal.pending_counts([A, SubscriptionId("sub_b")]) == {A: 2}

    run_with_outbox(address, work)


def test_a_delivery_is_shown_with_every_attempt(address: str) -> None:
    """Exactly as they were written down."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        assert await mailroom.delivery_log.last_attempt(A) is None
        (claim,) = await mailroom.claim("one")
        failed = finished_attempt(claim.delivery, 500, content_type="text/plain")
        await mailroom.outbox.complete([failed])
        delivery, attempts = await mailroom.delivery_log.find("sub_a.1")
        assert attempts == (failed.attempt,)
        assert await mailroom.delivery_log.last_attempt(A) == failed.attempt
        assert (delivery.attempts, delivery.last_status) == (1, 500)

    run_with_outbox(address, work)


@pytest.mark.parametrize(
    "which",
    ["", "sub_a", "sub_a.", "sub_a.9", "sub_a.x", "sub_a." + "9" * 40, "\x00.1", "\udcff.1"],
)
def test_what_is_no_delivery_is_not_found(address: str, which: str) -> None:
    """Whatever was asked for."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        for ask in (mailroom.delivery_log.find(which), mailroom.delivery_log.replay(which, NOW)):
            with pytest.raises(UnknownName):
                await ask

    run_with_outbox(address, work)


def test_a_replay_is_the_same_delivery_again(address: str) -> None:
    """Before what is younger; one that is being sent is left alone."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2))
        await deliver(mailroom, 204)
        replayed = await mailroom.delivery_log.replay("sub_a.1", NOW)
        assert (replayed.state, replayed.trigger, replayed.step) == ("pending", "manual", 0)
        (claim,) = await mailroom.claim("one")
        assert (claim.delivery.id, claim.delivery.trigger) == ("sub_a.1", "manual")
        assert (await mailroom.delivery_log.replay("sub_a.1", NOW)).state == "leased"
        await mailroom.outbox.complete([finished_attempt(claim.delivery)])
        (second,) = await mailroom.claim("two")
        await mailroom.delivery_log.replay("sub_a.1", NOW)
        assert await mailroom.claim("three") == ()
        await mailroom.outbox.complete([finished_attempt(second.delivery)])
        assert [one.delivery.id for one in await mailroom.claim("four")] == ["sub_a.1"]

    run_with_outbox(address, work)


def test_recovering_sends_all_again_since_a_time(address: str) -> None:
    """In order, whatever became of it; to this subscription alone."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", events=(1, 2))
        for number in range(2):
            claims = await mailroom.claim(f"token {number}")
            await mailroom.outbox.complete([finished_attempt(one.delivery) for one in claims])
        assert await mailroom.requeue_since(A, NOW + SECOND) == 0
        assert await mailroom.requeue_since(A, NOW) == 2
        assert [one.delivery.id for one in await mailroom.claim("again")] == ["sub_a.1"]

    run_with_outbox(address, work)


def test_what_was_told_later_is_sent_again_though_noticed_before(address: str) -> None:
    """A moment passes between noticing and telling, in which something else may be told."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a")
        for number, at in enumerate((NOW - 2 * SECOND, NOW, NOW - SECOND)):
            async with mailroom.database.write() as connection:
                await enqueue_for(connection, A, [stored_event(number, at)], NOW)
        assert await mailroom.requeue_since(A, NOW) == 2

    run_with_outbox(address, work)


def test_nobody_recovers_who_is_not_there(address: str) -> None:
    """The id is named."""

    async def work(mailroom: OutboxFixture) -> None:
        with pytest.raises(UnknownName, match="sub_a"):
            await mailroom.requeue_since(A, None)

    run_with_outbox(address, work)


def test_what_is_too_old_is_forgotten(address: str) -> None:
    """First the answers, then what was delivered with its event, then what was not."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2, 3))
        await deliver(mailroom, 204, 204)
        journal = mailroom.delivery_log
        (last,) = await mailroom.claim("last")
        exhausted = replace(last.delivery, step=99)
        await mailroom.outbox.complete([finished_attempt(exhausted, 500)])

        async def pruned(ages: Iterable[timedelta]) -> list[int]:
            return [await journal.prune(NOW + age) for age in ages]

        assert await pruned([timedelta(0), RESPONSE_RETENTION, RESPONSE_RETENTION + SECOND]) == [
            0,
            0,
            3,
        ]
        _, (attempt,) = await journal.find("sub_a.1")
        assert (attempt.response, attempt.status) == ("", 204)
        assert await pruned([DELIVERED_RETENTION + SECOND] * 2) == [2 + 2 + 2, 0]
        assert [one.seq for one in await journal.list(A)] == [3]
        assert await pruned([UNDELIVERED_RETENTION + SECOND] * 2) == [3, 0]
        assert await journal.list(A) == ()

    run_with_outbox(address, work)


def test_what_is_sent_again_meanwhile_is_kept(address: str) -> None:
    """However old it is: whoever asked for it was told that it is on its way."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1,))
        await deliver(mailroom, 204)
        late = NOW + DELIVERED_RETENTION + SECOND
        async with mailroom.database.write() as connection:
            await connection.execute(update(DELIVERY).values(state="pending", completed_ms=None))
            pruning = asyncio.create_task(mailroom.delivery_log.prune(late))
            await asyncio.wait({pruning}, timeout=0.5)  # on SQLite it waits for us
        await pruning
        assert [one.state for one in await mailroom.delivery_log.list(A)] == ["pending"]

    run_with_outbox(address, work)
