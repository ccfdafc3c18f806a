"""The journal of deliveries."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from syndicate.errors import UnknownName
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.journal import ANSWERS_KEPT, DELIVERED_KEPT, OTHERS_KEPT
from syndicate.storage.posting import post_to
from syndicate.storage.schema import DELIVERY
from tests.storage.mailroom import NOW, Mailroom, done, letter, within

A = SubscriptionId("sub_a")
SECOND = timedelta(seconds=1)


async def deliver(mailroom: Mailroom, *statuses: int) -> None:
    """Let receivers answer what is due with ``statuses``, one after the other."""
    for number, status in enumerate(statuses):
        (claim,) = await mailroom.claim(f"token {number}")
        await mailroom.outbox.complete([done(claim.delivery, status, content_type="text/plain")])


def test_deliveries_are_listed_newest_first(address: str) -> None:
    """Page by page, and by state."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", letters=(1, 2, 3))
        await deliver(mailroom, 204)
        journal = mailroom.journal
        assert [one.seq for one in await journal.list(A, limit=2)] == [3, 2]
        assert [one.seq for one in await journal.list(A, before=2)] == [1]
        assert [one.seq for one in await journal.list(A, state="pending")] == [3, 2]
        assert await journal.pending([A, SubscriptionId("sub_b")]) == {A: 2}

    within(address, work)


def test_a_delivery_is_shown_with_every_attempt(address: str) -> None:
    """Exactly as they were written down."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", letters=(1,))
        assert await mailroom.journal.last_attempt(A) is None
        (claim,) = await mailroom.claim("one")
        failed = done(claim.delivery, 500, content_type="text/plain")
        await mailroom.outbox.complete([failed])
        delivery, attempts = await mailroom.journal.find("sub_a.1")
        assert attempts == (failed.attempt,)
        assert await mailroom.journal.last_attempt(A) == failed.attempt
        assert (delivery.attempts, delivery.last_status) == (1, 500)

    within(address, work)


@pytest.mark.parametrize(
    "which",
    ["", "sub_a", "sub_a.", "sub_a.9", "sub_a.x", "sub_a." + "9" * 40, "\x00.1", "\udcff.1"],
)
def test_what_is_no_delivery_is_not_found(address: str, which: str) -> None:
    """Whatever was asked for."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", letters=(1,))
        for ask in (mailroom.journal.find(which), mailroom.journal.replay(which, NOW)):
            with pytest.raises(UnknownName):
                await ask

    within(address, work)


def test_a_replay_is_the_same_delivery_again(address: str) -> None:
    """Before what is younger; one that is being sent is left alone."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", letters=(1, 2))
        await deliver(mailroom, 204)
        replayed = await mailroom.journal.replay("sub_a.1", NOW)
        assert (replayed.state, replayed.trigger, replayed.step) == ("pending", "manual", 0)
        (claim,) = await mailroom.claim("one")
        assert (claim.delivery.id, claim.delivery.trigger) == ("sub_a.1", "manual")
        assert (await mailroom.journal.replay("sub_a.1", NOW)).state == "leased"
        await mailroom.outbox.complete([done(claim.delivery)])
        (second,) = await mailroom.claim("two")
        await mailroom.journal.replay("sub_a.1", NOW)
        assert await mailroom.claim("three") == ()
        await mailroom.outbox.complete([done(second.delivery)])
        assert [one.delivery.id for one in await mailroom.claim("four")] == ["sub_a.1"]

    within(address, work)


def test_recovering_sends_all_again_since_a_time(address: str) -> None:
    """In order, whatever became of it; to this subscription alone."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", "b", letters=(1, 2))
        for number in range(2):
            claims = await mailroom.claim(f"token {number}")
            await mailroom.outbox.complete([done(one.delivery) for one in claims])
        assert await mailroom.journal.recover(A, NOW + SECOND, NOW) == 0
        assert await mailroom.journal.recover(A, NOW, NOW) == 2
        assert [one.delivery.id for one in await mailroom.claim("again")] == ["sub_a.1"]

    within(address, work)


def test_what_was_told_later_is_sent_again_though_noticed_before(address: str) -> None:
    """A moment passes between noticing and telling, in which something else may be told."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a")
        for number, at in enumerate((NOW - 2 * SECOND, NOW, NOW - SECOND)):
            async with mailroom.database.write() as connection:
                await post_to(connection, A, [letter(number, at)], NOW)
        assert await mailroom.journal.recover(A, NOW, NOW) == 2

    within(address, work)


def test_nobody_recovers_who_is_not_there(address: str) -> None:
    """The id is named."""

    async def work(mailroom: Mailroom) -> None:
        with pytest.raises(UnknownName, match="sub_a"):
            await mailroom.journal.recover(A, None, NOW)

    within(address, work)


def test_what_is_too_old_is_forgotten(address: str) -> None:
    """First the answers, then what was delivered with its event, then what was not."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", letters=(1, 2, 3))
        await deliver(mailroom, 204, 204)
        journal = mailroom.journal
        (last,) = await mailroom.claim("last")
        exhausted = replace(last.delivery, step=99)
        await mailroom.outbox.complete([done(exhausted, 500)])

        async def pruned(ages: Iterable[timedelta]) -> list[int]:
            return [await journal.prune(NOW + age) for age in ages]

        assert await pruned([timedelta(0), ANSWERS_KEPT, ANSWERS_KEPT + SECOND]) == [0, 0, 3]
        _, (attempt,) = await journal.find("sub_a.1")
        assert (attempt.answer, attempt.status) == ("", 204)
        assert await pruned([DELIVERED_KEPT + SECOND] * 2) == [2 + 2 + 2, 0]
        assert [one.seq for one in await journal.list(A)] == [3]
        assert await pruned([OTHERS_KEPT + SECOND] * 2) == [3, 0]
        assert await journal.list(A) == ()

    within(address, work)


def test_what_is_sent_again_meanwhile_is_kept(address: str) -> None:
    """However old it is: whoever asked for it was told that it is on its way."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", letters=(1,))
        await deliver(mailroom, 204)
        late = NOW + DELIVERED_KEPT + SECOND
        async with mailroom.database.write() as connection:
            await connection.execute(update(DELIVERY).values(state="pending", completed_ms=None))
            pruning = asyncio.create_task(mailroom.journal.prune(late))
            await asyncio.wait({pruning}, timeout=0.5)  # on SQLite it waits for us
        await pruning
        assert [one.state for one in await mailroom.journal.list(A)] == ["pending"]

    within(address, work)
