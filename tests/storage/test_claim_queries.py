"""Whose turn it is is written down whatever happens, and found by indexes."""

import pathlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection, Engine, event

from syndicate.model.delivery import Delivery
from syndicate.model.retry_policy import AttemptContext
from syndicate.model.subscription import SubscriptionId, pause, resume
from tests.storage.outbox_fixture import NOW, OutboxFixture, finished_attempt, run_with_outbox

Given = tuple[object, ...] | list[tuple[object, ...]]
"""The parameters of a statement, or of each time that it is executed."""


@contextmanager
def overheard() -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Give every statement that is executed meanwhile, with its parameters."""
    heard: list[tuple[str, tuple[object, ...]]] = []

    def hear(_: Connection, __: object, text: str, given: Given, *___: object) -> None:
        heard.append((text, given[0] if isinstance(given, list) else given))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def test_nothing_goes_through_all_that_was_ever_delivered(tmp_path: pathlib.Path) -> None:
    """Only what is being sent is gone through; the rest is looked up."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", events=(1, 2))
        with overheard() as heard:
            claims = await mailroom.claim("one")
            await mailroom.outbox.complete([finished_attempt(claims[0].delivery)])
            await mailroom.outbox.release([claims[1].delivery])
            await mailroom.claim("two")
            await mailroom.outbox.next_due(NOW)
            await mailroom.outbox.backlog()
            await mailroom.outbox.reclaim(AttemptContext(now=NOW), dead_tokens=["two"])
            await mailroom.outbox.repair_heads(NOW)
            await mailroom.enqueue("a", 3)
            await mailroom.delivery_log.replay("sub_a.1", NOW)
        statements = [(text, given) for text, given in heard if not text.startswith("BEGIN")]
        assert len(statements) > 15
        async with mailroom.database.read() as connection:
            for text, given in statements:
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                steps = [str(row["detail"]) for row in found.mappings()]
                through = [step for step in steps if step.startswith("SCAN delivery")]
                indexes = ("delivery_leased", "delivery_unfinished")
                assert [step for step in through if not step.endswith(indexes)] == [], text

    run_with_outbox(f"sqlite:///{tmp_path / 'syndicate.db'}", work)


FORGOTTEN = """
SELECT count(*) FROM delivery WHERE state = 'pending' AND NOT is_head AND NOT EXISTS (
    SELECT 1 FROM delivery AS older WHERE older.subscription_id = delivery.subscription_id
    AND older.seq < delivery.seq AND older.state IN ('pending', 'leased')
)
"""
"""How many would never be sent: the oldest unfinished ones that have not their turn."""


async def forgotten(mailroom: OutboxFixture) -> int:
    """Return how many deliveries would never be sent."""
    async with mailroom.database.read() as connection:
        return int((await connection.exec_driver_sql(FORGOTTEN)).scalar_one())


@dataclass(slots=True)
class Day:
    """What may happen in a mailroom, in any order."""

    mailroom: OutboxFixture
    dice: random.Random
    names: tuple[str, ...] = ("a", "b", "c")
    told: int = 0
    hands: list[Delivery] = field(default_factory=list)

    async def tell(self) -> None:
        """One or two letters more for somebody."""
        first, self.told = self.told, self.told + self.dice.randint(1, 2)
        await self.mailroom.enqueue(self.dice.choice(self.names), *range(first, self.told))

    async def claim(self) -> None:
        """Somebody begins to send."""
        claims = await self.mailroom.claim(f"{self.dice.random()}", self.dice.randint(1, 2))
        self.hands.extend(one.delivery for one in claims)

    async def finish(self) -> None:
        """An answer comes: yes, not now, or never again."""
        if self.hands:
            one = self.hands.pop(self.dice.randrange(len(self.hands)))
            status = self.dice.choices((204, 500, 410), (7, 2, 1))[0]
            await self.mailroom.outbox.complete([finished_attempt(one, status)])

    async def replay(self) -> None:
        """An owner wants one again."""
        log = await self.mailroom.delivery_log.list(self._anybody())
        if log:
            await self.mailroom.delivery_log.replay(self.dice.choice(log).id, NOW)

    async def recover(self) -> None:
        """An owner wants all again, and to hear of more from now on."""
        which = self._anybody()
        await self.mailroom.change(which, resume)
        await self.mailroom.requeue_since(which, NOW)

    async def pause(self) -> None:
        """An owner wants nothing for a while."""
        await self.mailroom.change(self._anybody(), pause)

    def _anybody(self) -> SubscriptionId:
        return SubscriptionId(f"sub_{self.dice.choice(self.names)}")


@pytest.mark.parametrize("seed", range(3))
def test_nobodys_turn_is_forgotten(address: str, seed: int) -> None:
    """Whatever is told, sent, replayed, recovered and paused, in whatever order."""

    async def work(mailroom: OutboxFixture) -> None:
        day = Day(mailroom, random.Random(seed))  # noqa: S311 — to repeat what failed
        await mailroom.subscribe(*day.names)
        events = (day.tell, day.claim, day.claim, day.finish, day.finish, day.replay)
        for _ in range(60):
            await day.dice.choice((*events, *events, day.recover, day.pause))()
            assert await forgotten(mailroom) == 0

    run_with_outbox(address, work)


def test_a_turn_that_was_forgotten_is_given_back(address: str) -> None:
    """As by a program of before the turns, that completes what newer ones have put in."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b", events=(1, 2))
        async with mailroom.database.write() as connection:
            await connection.exec_driver_sql("UPDATE delivery SET is_head = (1 = 0)")
        assert await mailroom.claim("one") == ()
        await mailroom.outbox.repair_heads(NOW)
        claims = await mailroom.claim("two")
        assert [one.delivery.id for one in claims] == ["sub_a.1", "sub_b.1"]

    run_with_outbox(address, work)


def test_what_does_not_know_of_turns_bends_no_order(address: str) -> None:
    """Everything it puts in has its turn, and is claimed one after the other all the same."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", events=(1, 2, 3))
        async with mailroom.database.write() as connection:
            await connection.exec_driver_sql("UPDATE delivery SET is_head = (1 = 1)")
        for seq in (1, 2, 3):
            (claim,) = await mailroom.claim(f"{seq}")
            assert claim.delivery.seq == seq
            assert await mailroom.claim("none") == ()
            await mailroom.outbox.complete([finished_attempt(claim.delivery)])

    run_with_outbox(address, work)
