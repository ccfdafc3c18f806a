"""The heads of queues are recorded whatever happens, and found by indexes."""

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
from tests.storage.outbox_fixture import NOW, OutboxFixture, finished_attempt, open_outbox

pytestmark = pytest.mark.anyio

Given = tuple[object, ...] | list[tuple[object, ...]]
"""The parameters of a statement, or of each time that it is executed."""


@contextmanager
def executed_statements() -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Collect every statement that is executed meanwhile, with its parameters."""
    executed: list[tuple[str, tuple[object, ...]]] = []

    def record(_: Connection, __: object, text: str, given: Given, *___: object) -> None:
        executed.append((text, given[0] if isinstance(given, list) else given))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield executed
    finally:
        event.remove(Engine, "before_cursor_execute", record)


@pytest.mark.slow
async def test_no_statement_scans_all_deliveries(tmp_path: pathlib.Path) -> None:
    """Only leased deliveries are scanned; the rest is found by index."""
    async with open_outbox(f"sqlite:///{tmp_path / 'syndicate.db'}") as outbox_fixture:
        await outbox_fixture.subscribe("a", "b", events=(1, 2))
        with executed_statements() as executed:
            claims = await outbox_fixture.claim("one")
            await outbox_fixture.outbox.complete([finished_attempt(claims[0].delivery)])
            await outbox_fixture.outbox.release([claims[1].delivery])
            await outbox_fixture.claim("two")
            await outbox_fixture.outbox.next_due(NOW)
            await outbox_fixture.outbox.backlog()
            context = AttemptContext(now=NOW)
            await outbox_fixture.outbox.reclaim(context, ended_before=NOW, dead_tokens=["two"])
            await outbox_fixture.outbox.repair_heads(NOW)
            await outbox_fixture.enqueue("a", 3)
            await outbox_fixture.delivery_log.replay("sub_a.1", NOW)
        statements = [(text, given) for text, given in executed if not text.startswith("BEGIN")]
        assert len(statements) > 15
        async with outbox_fixture.database.read() as connection:
            for text, given in statements:
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                steps = [str(row["detail"]) for row in found.mappings()]
                through = [step for step in steps if step.startswith("SCAN delivery")]
                indexes = ("delivery_leased", "delivery_unfinished")
                assert [step for step in through if not step.endswith(indexes)] == [], text


COUNT_MISSING_HEADS = """
SELECT count(*) FROM delivery WHERE state = 'pending' AND NOT is_head AND NOT EXISTS (
    SELECT 1 FROM delivery AS older WHERE older.subscription_id = delivery.subscription_id
    AND older.seq < delivery.seq AND older.state IN ('pending', 'leased')
)
"""
"""How many would never be sent: the oldest unfinished ones that have not their turn."""


async def missing_heads(outbox_fixture: OutboxFixture) -> int:
    """Return how many deliveries would never be sent."""
    async with outbox_fixture.database.read() as connection:
        return int((await connection.exec_driver_sql(COUNT_MISSING_HEADS)).scalar_one())


@dataclass(slots=True)
class RandomOperations:
    """Operations on an outbox, in random order."""

    outbox_fixture: OutboxFixture
    dice: random.Random
    names: tuple[str, ...] = ("a", "b", "c")
    enqueued: int = 0
    claimed: list[Delivery] = field(default_factory=list)

    async def enqueue(self) -> None:
        """Enqueue one or two events for a subscription."""
        first, self.enqueued = self.enqueued, self.enqueued + self.dice.randint(1, 2)
        await self.outbox_fixture.enqueue(
            self.dice.choice(self.names), *range(first, self.enqueued)
        )

    async def claim(self) -> None:
        """Claim some deliveries."""
        claims = await self.outbox_fixture.claim(f"{self.dice.random()}", self.dice.randint(1, 2))
        self.claimed.extend(claim.delivery for claim in claims)

    async def finish(self) -> None:
        """Complete a delivery: success, failure, or 410."""
        if self.claimed:
            one = self.claimed.pop(self.dice.randrange(len(self.claimed)))
            status = self.dice.choices((204, 500, 410), (7, 2, 1))[0]
            await self.outbox_fixture.outbox.complete([finished_attempt(one, status)])

    async def replay(self) -> None:
        """Replay a delivery."""
        log = await self.outbox_fixture.delivery_log.list(self._anybody())
        if log:
            await self.outbox_fixture.delivery_log.replay(self.dice.choice(log).id, NOW)

    async def recover(self) -> None:
        """Resume a subscription and requeue all its deliveries."""
        which = self._anybody()
        await self.outbox_fixture.change(which, resume)
        await self.outbox_fixture.requeue_since(which, NOW)

    async def pause(self) -> None:
        """Pause a subscription."""
        await self.outbox_fixture.change(self._anybody(), pause)

    def _anybody(self) -> SubscriptionId:
        return SubscriptionId(f"sub_{self.dice.choice(self.names)}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_no_queue_is_without_its_head(outbox_fixture: OutboxFixture, seed: int) -> None:
    """Whatever is enqueued, sent, replayed, recovered and paused, in whatever order."""
    operations = RandomOperations(outbox_fixture, random.Random(seed))  # noqa: S311 — to repeat what failed
    await outbox_fixture.subscribe(*operations.names)
    events = (
        operations.enqueue,
        operations.claim,
        operations.claim,
        operations.finish,
        operations.finish,
        operations.replay,
    )
    for _ in range(60):
        await operations.dice.choice((*events, *events, operations.recover, operations.pause))()
        assert await missing_heads(outbox_fixture) == 0


async def test_missing_head_is_repaired(outbox_fixture: OutboxFixture) -> None:
    """As after a version without heads completed deliveries."""
    await outbox_fixture.subscribe("a", "b", events=(1, 2))
    async with outbox_fixture.database.write() as connection:
        await connection.exec_driver_sql("UPDATE delivery SET is_head = (1 = 0)")
    assert await outbox_fixture.claim("one") == ()
    await outbox_fixture.outbox.repair_heads(NOW)
    claims = await outbox_fixture.claim("two")
    assert [claim.delivery.id for claim in claims] == ["sub_a.1", "sub_b.1"]


async def test_deliveries_of_an_older_version_keep_their_order(
    outbox_fixture: OutboxFixture,
) -> None:
    """All are heads, and are claimed one after the other all the same."""
    await outbox_fixture.subscribe("a", events=(1, 2, 3))
    async with outbox_fixture.database.write() as connection:
        await connection.exec_driver_sql("UPDATE delivery SET is_head = (1 = 1)")
    for seq in (1, 2, 3):
        (claim,) = await outbox_fixture.claim(f"{seq}")
        assert claim.delivery.seq == seq
        assert await outbox_fixture.claim("none") == ()
        await outbox_fixture.outbox.complete([finished_attempt(claim.delivery)])
