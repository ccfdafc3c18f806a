"""The delivery log."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from syndicate.errors import UnknownName
from syndicate.model.delivery import DeliverySearch
from syndicate.model.retention import DEFAULT_RETENTION
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.publish import enqueue_for
from syndicate.storage.schema import DELIVERY
from tests.storage.outbox_fixture import (
    NOW,
    OutboxFixture,
    finished_attempt,
    stored_event,
)

pytestmark = pytest.mark.anyio

A = SubscriptionId("sub_a")
SECOND = timedelta(seconds=1)


async def deliver(outbox_fixture: OutboxFixture, *statuses: int) -> None:
    """Complete what is due with ``statuses``, one after the other."""
    for number, status in enumerate(statuses):
        (claim,) = await outbox_fixture.claim(f"token {number}")
        await outbox_fixture.outbox.complete(
            [finished_attempt(claim.delivery, status, content_type="text/plain")]
        )


async def test_deliveries_are_listed_newest_first(outbox_fixture: OutboxFixture) -> None:
    """Page by page, and by state."""
    await outbox_fixture.subscribe("a", events=(1, 2, 3))
    await deliver(outbox_fixture, 204)
    log = outbox_fixture.delivery_log
    assert [delivery.seq for delivery in await log.list(A, limit=2)] == [3, 2]
    assert [delivery.seq for delivery in await log.list(A, before=2)] == [1]
    assert [
        delivery.seq for delivery in await log.list(A, search=DeliverySearch(state="pending"))
    ] == [3, 2]
    for post in ("a\x00", "\udcff"):  # PostgreSQL takes no such text
        assert await log.list(A, search=DeliverySearch(post=post)) == ()
    assert await log.pending_counts([A, SubscriptionId("sub_b")]) == {A: 2}


async def test_delivery_is_found_with_every_attempt(outbox_fixture: OutboxFixture) -> None:
    """Exactly as they were stored."""
    await outbox_fixture.subscribe("a", events=(1,))
    assert await outbox_fixture.delivery_log.last_attempt(A) is None
    (claim,) = await outbox_fixture.claim("one")
    failed = finished_attempt(claim.delivery, 500, content_type="text/plain")
    await outbox_fixture.outbox.complete([failed])
    delivery, attempts = await outbox_fixture.delivery_log.find("sub_a.1")
    assert attempts == (failed.attempt,)
    assert await outbox_fixture.delivery_log.last_attempt(A) == failed.attempt
    assert (delivery.attempts, delivery.last_status) == (1, 500)


@pytest.mark.parametrize(
    "which",
    ["", "sub_a", "sub_a.", "sub_a.9", "sub_a.x", "sub_a." + "9" * 40, "\x00.1", "\udcff.1"],
)
async def test_unknown_delivery_is_not_found(outbox_fixture: OutboxFixture, which: str) -> None:
    """Whatever the id looks like."""
    await outbox_fixture.subscribe("a", events=(1,))
    for call in (
        outbox_fixture.delivery_log.find(which),
        outbox_fixture.delivery_log.replay(which, NOW),
    ):
        with pytest.raises(UnknownName):
            await call


async def test_replay_requeues_the_same_delivery(outbox_fixture: OutboxFixture) -> None:
    """Before younger ones; one that is being sent stays as it is."""
    await outbox_fixture.subscribe("a", events=(1, 2))
    await deliver(outbox_fixture, 204)
    replayed = await outbox_fixture.delivery_log.replay("sub_a.1", NOW)
    assert (replayed.state, replayed.trigger, replayed.step) == ("pending", "manual", 0)
    (claim,) = await outbox_fixture.claim("one")
    assert (claim.delivery.id, claim.delivery.trigger) == ("sub_a.1", "manual")
    assert (await outbox_fixture.delivery_log.replay("sub_a.1", NOW)).state == "leased"
    await outbox_fixture.outbox.complete([finished_attempt(claim.delivery)])
    (second,) = await outbox_fixture.claim("two")
    await outbox_fixture.delivery_log.replay("sub_a.1", NOW)
    assert await outbox_fixture.claim("three") == ()
    await outbox_fixture.outbox.complete([finished_attempt(second.delivery)])
    assert [claim.delivery.id for claim in await outbox_fixture.claim("four")] == ["sub_a.1"]


async def test_recovery_requeues_all_since_a_time(outbox_fixture: OutboxFixture) -> None:
    """In order, whatever became of them; for this subscription alone."""
    await outbox_fixture.subscribe("a", "b", events=(1, 2))
    for number in range(2):
        claims = await outbox_fixture.claim(f"token {number}")
        await outbox_fixture.outbox.complete([finished_attempt(claim.delivery) for claim in claims])
    assert await outbox_fixture.requeue_since(A, NOW + SECOND) == 0
    assert await outbox_fixture.requeue_since(A, NOW) == 2
    assert [claim.delivery.id for claim in await outbox_fixture.claim("again")] == ["sub_a.1"]


async def test_recovery_requeues_what_was_enqueued_later_though_noticed_before(
    outbox_fixture: OutboxFixture,
) -> None:
    """Between noticing and enqueueing an event, another may be enqueued."""
    await outbox_fixture.subscribe("a")
    for number, at in enumerate((NOW - 2 * SECOND, NOW, NOW - SECOND)):
        async with outbox_fixture.database.write() as connection:
            await enqueue_for(connection, A, [stored_event(number, at)], NOW)
    assert await outbox_fixture.requeue_since(A, NOW) == 2


async def test_recovery_of_an_unknown_subscription_is_an_error(
    outbox_fixture: OutboxFixture,
) -> None:
    """The error names the id."""
    with pytest.raises(UnknownName, match="sub_a"):
        await outbox_fixture.requeue_since(A, None)


async def test_old_rows_are_deleted(outbox_fixture: OutboxFixture) -> None:
    """First response bodies, then delivered events, then undelivered ones."""
    await outbox_fixture.subscribe("a", events=(1, 2, 3))
    await deliver(outbox_fixture, 204, 204)
    log = outbox_fixture.delivery_log
    (last,) = await outbox_fixture.claim("last")
    exhausted = replace(last.delivery, step=99)
    await outbox_fixture.outbox.complete([finished_attempt(exhausted, 500)])

    async def pruned(ages: Iterable[timedelta]) -> list[int]:
        return [await log.prune(NOW + age) for age in ages]

    responses = DEFAULT_RETENTION.responses
    assert await pruned([timedelta(0), responses, responses + SECOND]) == [0, 0, 3]
    _, (attempt,) = await log.find("sub_a.1")
    assert (attempt.response, attempt.status) == ("", 204)
    assert await pruned([DEFAULT_RETENTION.deliveries + SECOND] * 2) == [2 + 2 + 2, 0]
    assert [delivery.seq for delivery in await log.list(A)] == [3]
    assert await pruned([DEFAULT_RETENTION.undelivered + SECOND] * 2) == [3, 0]
    assert await log.list(A) == ()


async def test_replayed_delivery_is_not_deleted(outbox_fixture: OutboxFixture) -> None:
    """However old it is: its owner expects it."""
    await outbox_fixture.subscribe("a", events=(1,))
    await deliver(outbox_fixture, 204)
    late = NOW + DEFAULT_RETENTION.deliveries + SECOND
    async with outbox_fixture.database.write() as connection:
        await connection.execute(update(DELIVERY).values(state="pending", completed_ms=None))
        pruning = asyncio.create_task(outbox_fixture.delivery_log.prune(late))
        await asyncio.wait({pruning}, timeout=0.5)  # on SQLite it waits for us
    await pruning
    assert [delivery.state for delivery in await outbox_fixture.delivery_log.list(A)] == ["pending"]
