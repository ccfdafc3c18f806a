"""The outbox: what is claimed to be sent, and what came of it.

Nothing waits inside a transaction for anybody's answer. What is claimed belongs to its claimer for
as long as the lease lasts; after that, what it writes down changes nothing. Subscriptions are
locked before deliveries, in the order of their ids, so that no two wait for each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.model.delivery import UNFINISHED as UNDER_WAY
from syndicate.model.delivery import Attempt, Delivery, lost
from syndicate.model.retry import After, Moment, after
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage import turn
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis, moment
from syndicate.storage.rows import (
    CLAIMED,
    Said,
    attempt_values,
    deliveries,
    delivery,
    leased,
    moved,
    perhaps_moment,
)
from syndicate.storage.safe import Safe
from syndicate.storage.schema import DELIVERY, LEASED, SUBSCRIPTION, UNFINISHED
from syndicate.storage.subscriptions import health, subscription
from syndicate.storage.topics import supersede

_MOST_LOST: Final = 200
"""How many leases that ran out are taken back in one transaction."""

_KNOWN: Final = 4_096
"""How many subscriptions are remembered as they were read."""

_CLAIMED: Final = len(CLAIMED)
_SUBSCRIPTION: Final = tuple(SUBSCRIPTION.c.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that is ours to send for the length of its lease, and to whom."""

    delivery: Delivery
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An attempt that is over, of a delivery that was claimed, and when it was."""

    delivery: Delivery
    attempt: Attempt
    moment: Moment


class Outbox:
    """What is on its way, in a database. Every method may raise `StorageError`.

    Args:
        database: Where it is.
        safe: Keeps the secrets of the subscriptions.
    """

    def __init__(self, database: Database, safe: Safe) -> None:
        self._database = database
        self._read = lru_cache(_KNOWN)(partial(_read, safe))
        """Makes a subscription of what a row holds: most are as they were the last time."""

    async def exchange(
        self, done: Sequence[Done], most: int, *, by: str, now: datetime, lease: timedelta
    ) -> tuple[tuple[After, ...], tuple[Claim, ...]]:
        """Do what `complete` and `claim` do, in one transaction: it costs half as much."""
        until = now + lease
        async with self._database.write() as connection:
            afters = await self._settle(connection, done) if done else ()
            found = await turn.due(connection, millis(now), most)
            leases = [(row[0], row[1], by, millis(until)) for row in found]
            await turn.LEASE.execute(connection, leases)
            said = await _said(connection, {row.event_id for row in found})
        claims = (
            Claim(
                delivery=leased(row[:_CLAIMED], said[row.event_id], by=by, until=until),
                subscription=self._read(row[_CLAIMED:]),
            )
            for row in found
        )
        return afters, tuple(claims)

    async def claim(
        self, limit: int, *, by: str, now: datetime, lease: timedelta
    ) -> tuple[Claim, ...]:
        """Lease up to ``limit`` deliveries that are due, the oldest of each subscription only.

        ``by`` is a fresh token; ``lease`` is longer than a request takes. However many claim at
        the same time, each delivery is leased once.
        """
        _, claims = await self.exchange((), limit, by=by, now=now, lease=lease)
        return claims

    async def complete(self, done: Sequence[Done]) -> tuple[After, ...]:
        """Write down in one transaction what came of attempts; return what became of them.

        Those whose lease is not theirs any more change nothing and are left out.
        """
        if not done:
            return ()
        async with self._database.write() as connection:
            return await self._settle(connection, done)

    async def give_back(self, claimed: Iterable[Delivery]) -> None:
        """Let others send at once what was claimed and not sent."""
        keys = [
            {"of": one.subscription, "number": one.seq, "token": one.lease_by} for one in claimed
        ]
        if keys:
            async with self._database.write() as connection:
                await connection.execute(turn.GIVE_BACK, keys)

    async def release(self, by: str) -> None:
        """Let others send at once whatever the token ``by`` holds; nothing where it is empty."""
        if by:
            freeing = update(DELIVERY).where(LEASED, DELIVERY.c.lease_by == by)
            freed = freeing.values(state="pending", lease_by="", lease_until_ms=None)
            async with self._database.write() as connection:
                await connection.execute(freed)

    async def holders(self) -> frozenset[str]:
        """Return the tokens that hold leases now."""
        asked = select(DELIVERY.c.lease_by).where(LEASED).distinct()
        async with self._database.read() as connection:
            return frozenset((await connection.execute(asked)).scalars())

    async def reclaim(self, moment: Moment, *, dead: Iterable[str] = ()) -> tuple[After, ...]:
        """Take back some leases that have run out or belong to ``dead`` holders.

        They count as lost; where there are more, the next time takes them.
        """
        over = or_(
            DELIVERY.c.lease_until_ms < millis(moment.now), DELIVERY.c.lease_by.in_(list(dead))
        )
        asked = deliveries().where(LEASED, over).limit(_MOST_LOST)
        async with self._database.read() as connection:
            found = [delivery(row) for row in (await connection.execute(asked)).mappings()]
        if not found:
            return ()
        return await self.complete(
            [Done(delivery=one, attempt=lost(one, now=moment.now), moment=moment) for one in found]
        )

    async def mend(self) -> None:
        """Let whoever's turn it is have it, should a program of before have forgotten that."""
        async with self._database.write() as connection:
            await turn.advance(connection)

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there is something to claim or to take back; None if there never is."""
        async with self._database.read() as connection:
            given = {"now_ms": millis(now)}
            found = [
                (await connection.execute(asked, given)).scalar()
                for asked in (turn.NEXT_TURN, turn.NEXT_END)
            ]
        moments = [one for one in found if one is not None]
        return max(moment(min(moments)), now) if moments else None

    async def depth(self) -> tuple[int, datetime | None]:
        """Return how many deliveries are unfinished, and since when the oldest of them is due."""
        asked = select(func.count(), func.min(DELIVERY.c.due_ms)).where(UNFINISHED)
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(asked)).one()
        return count, perhaps_moment(oldest)

    async def _settle(self, connection: AsyncConnection, done: Sequence[Done]) -> tuple[After, ...]:
        tokens = {one.delivery.lease_by for one in done}
        whose = await self._subscriptions(connection, tokens)
        held = await _held(connection, tokens)
        now = dict(whose)
        settled: list[tuple[After, datetime]] = []
        for one in done:
            of = one.delivery.subscription
            if held.get((of, one.delivery.seq)) == one.delivery.lease_by:
                result = after(one.delivery, now[of], one.attempt, one.moment)
                now[of] = result.subscription
                settled.append((result, one.moment.now))
        if settled:
            await _write_deliveries(connection, settled)
            topical = [of for of, one in whose.items() if one.kind == "websub"]
            if topical:
                await supersede(connection, topical, settled[-1][1])
            changed = [become for of, become in now.items() if become != whose[of]]
            await _write_health(connection, changed, millis(settled[-1][1]))
        return tuple(result for result, _ in settled)

    async def _subscriptions(
        self, connection: AsyncConnection, tokens: Iterable[str]
    ) -> dict[SubscriptionId, Subscription]:
        """Return whom what is leased to ``tokens`` is for; nobody else changes them meanwhile."""
        given = {"tokens": list(tokens)}
        rows = (await connection.execute(turn.SUBSCRIPTIONS, given)).all()
        return {one.id: one for one in (self._read(tuple(row)) for row in rows)}


async def _said(connection: AsyncConnection, ids: Iterable[str]) -> Mapping[str, Said]:
    """Return what is to be sent, by event: each letter is read once for all who are sent it."""
    found = (await connection.execute(turn.LETTERS, {"ids": list(ids)})).mappings()
    return {letter["id"]: Said.of(letter) for letter in found}


async def _held(
    connection: AsyncConnection, tokens: Iterable[str]
) -> Mapping[tuple[str, int], str]:
    """Return who leases which deliveries now, and keep it so until the transaction ends."""
    found = await connection.execute(turn.HELD, {"tokens": list(tokens)})
    return {(which, seq): token for which, seq, token in found.all()}


def _read(safe: Safe, values: tuple[object, ...]) -> Subscription:
    return subscription(dict(zip(_SUBSCRIPTION, values, strict=True)), safe)


async def _write_deliveries(
    connection: AsyncConnection, settled: Sequence[tuple[After, datetime]]
) -> None:
    await turn.MOVE.execute(connection, [moved(one.delivery, over) for one, over in settled])
    attempts = [attempt_values(one.delivery, one.attempt) for one, _ in settled if one.attempt]
    await turn.LOG.execute(connection, attempts)
    over = [one.delivery for one, _ in settled if one.delivery.state not in UNDER_WAY]
    await turn.ADVANCE.execute(connection, [(one.subscription,) for one in over])


async def _write_health(
    connection: AsyncConnection, changed: Sequence[Subscription], now_ms: int
) -> None:
    """Write how subscriptions are now; what was on its way to disabled ones is cancelled."""
    await turn.HEAL.execute(connection, [(one.id, *health(one).values()) for one in changed])
    disabled = [one.id for one in changed if one.state == "disabled"]
    if disabled:
        cancelling = (
            update(DELIVERY)
            .where(DELIVERY.c.subscription_id.in_(disabled), UNFINISHED)
            .values(state="cancelled", lease_by="", lease_until_ms=None, settled_ms=now_ms)
        )
        await connection.execute(cancelling)
