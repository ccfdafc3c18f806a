"""The outbox: what is claimed to be sent, and what came of it.

Nothing waits inside a transaction for anybody's answer. What is claimed belongs to its claimer for
as long as the lease lasts; after that, what it writes down changes nothing. Subscriptions are
locked before deliveries, in the order of their ids, so that no two wait for each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.delivery import UNFINISHED as UNDER_WAY
from syndicate.model.delivery import Attempt, Delivery, lost
from syndicate.model.retry import After, Moment, after
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage import turn, unreadable_rows
from syndicate.storage.database import Database, is_unavailable
from syndicate.storage.ledger import millis, moment
from syndicate.storage.rows import (
    CLAIMED,
    Said,
    attempt_values,
    check_number,
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

_FARTHEST: Final = timedelta(days=1)
"""How far ahead it is said when something is due; by then it is asked again."""

_KNOWN: Final = 4_096
"""How many subscriptions are remembered as they were read."""

_log = telemetry.logger("outbox")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    """To whom deliveries are leased, until when, and when that is decided."""

    by: str
    until: datetime
    now: datetime


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
        try:
            return await self._exchange(done, most, by=by, now=now, lease=lease)
        except Exception as error:
            if not done or is_unavailable(error):
                raise
            _log.exception("attempts stored one by one")
        afters = await self._complete_each(done)
        _, claims = await self._exchange((), most, by=by, now=now, lease=lease)
        return afters, claims

    async def _exchange(
        self, done: Sequence[Done], most: int, *, by: str, now: datetime, lease: timedelta
    ) -> tuple[tuple[After, ...], tuple[Claim, ...]]:
        until = now + lease
        async with self._database.write() as connection:
            afters = await self._settle(connection, done) if done else ()
            found = await turn.due(connection, millis(now), most)
            said = await _said(connection, {row.event_id for row in found})
            grant = _Grant(by=by, until=until, now=now)
            claims: list[Claim] = []
            for row in found:
                await self._claim(connection, row, said, grant, claims)
            leases = [
                (one.delivery.subscription, one.delivery.seq, by, millis(until)) for one in claims
            ]
            await turn.LEASE.execute(connection, leases)
        return afters, tuple(claims)

    async def _claim(
        self,
        connection: AsyncConnection,
        row: Row[*tuple[Any, ...]],
        said: Mapping[str, Said | str],
        grant: _Grant,
        claims: list[Claim],
    ) -> None:
        """Add the claim of a row of `turn.due`, or set aside what cannot be read of it."""
        subscription_id, seq = row[0], row[1]
        try:
            claims.append(self._decoded(row, said, grant))
        except StorageError as error:
            await unreadable_rows.suspend(connection, subscription_id, error.what, grant.now)
        except (ValueError, TypeError, ArithmeticError) as error:
            await unreadable_rows.exhaust(connection, subscription_id, seq, str(error), grant.now)

    def _decoded(
        self, row: Row[*tuple[Any, ...]], said: Mapping[str, Said | str], grant: _Grant
    ) -> Claim:
        """Return the claim of a row; a `StorageError` is about its subscription."""
        subscription = self._read(tuple(row[_CLAIMED:]))
        event = said.get(row.event_id, "its event is missing")
        if isinstance(event, str):
            raise ValueError(event)  # noqa: TRY004 — one kind of error for all that is unreadable
        delivery = leased(row[:_CLAIMED], event, by=grant.by, until=grant.until)
        return Claim(delivery=delivery, subscription=subscription)

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
        stored = await self._store(done)
        return await self._complete_each(done) if stored is None else stored

    async def _store(self, done: Sequence[Done]) -> tuple[After, ...] | None:
        """Do what `complete` does; None, and nothing, where one of them cannot be stored."""
        try:
            async with self._database.write() as connection:
                return await self._settle(connection, done)
        except Exception as error:
            if is_unavailable(error):
                raise
            _log.exception("attempts not stored", deliveries=len(done))
            return None

    async def _complete_each(self, done: Sequence[Done]) -> tuple[After, ...]:
        """Store what came of each attempt by itself; one that cannot be stored is set aside."""
        afters: list[After] = []
        for one in done:
            stored = await self._store([one])
            if stored is None:
                of, seq, by = (
                    one.delivery.subscription,
                    one.delivery.seq,
                    one.delivery.lease_by,
                )
                await self._exhaust(of, seq, by, "its attempt cannot be stored", one.moment)
            else:
                afters += stored
        return tuple(afters)

    async def _exhaust(
        self, subscription_id: str, seq: int, lease_by: str, reason: str, moment: Moment
    ) -> None:
        async with self._database.write() as connection:
            await unreadable_rows.exhaust(
                connection, subscription_id, seq, reason, moment.now, lease_by=lease_by
            )

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
        asked = deliveries(without_event=True).where(LEASED, over).limit(_MOST_LOST)
        async with self._database.read() as connection:
            rows = (await connection.execute(asked)).mappings().all()
        done: list[Done] = []
        for row in rows:
            try:
                check_number("attempts", row["attempts"])
                check_number("step", row["step"])
                one = delivery(row)
            except (ValueError, TypeError, ArithmeticError) as error:
                of, seq, by = row["subscription_id"], row["seq"], row["lease_by"]
                await self._exhaust(of, seq, by, str(error), moment)
            else:
                done.append(Done(delivery=one, attempt=lost(one, now=moment.now), moment=moment))
        return await self.complete(done)

    async def mend(self, now: datetime) -> None:
        """Let whoever's turn it is have it, should a program of before have forgotten that.

        What waits for a time or a state that does not exist is repaired.
        """
        async with self._database.write() as connection:
            await unreadable_rows.repair(connection, now)
            await turn.advance(connection)

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there is something to claim or to take back; None if there never is."""
        async with self._database.read() as connection:
            given = {"now_ms": millis(now)}
            found = [
                (await connection.execute(asked, given)).scalar()
                for asked in (turn.NEXT_TURN, turn.NEXT_END)
            ]
        moments = [min(one, millis(now + _FARTHEST)) for one in found if isinstance(one, int)]
        return moment(max(min(moments), millis(now))) if moments else None

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
                result = _result(one, now.get(of))
                if of in now:
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
        """Return whom what is leased to ``tokens`` is for; nobody else changes them meanwhile.

        Those that cannot be read are left out.
        """
        given = {"tokens": list(tokens)}
        rows = (await connection.execute(turn.SUBSCRIPTIONS, given)).all()
        found: dict[SubscriptionId, Subscription] = {}
        for row in rows:
            try:
                one = self._read(tuple(row))
            except StorageError as error:
                _log.warning("subscription unreadable", reason=error.what)
            else:
                found[one.id] = one
        return found


def _result(one: Done, subscription: Subscription | None) -> After:
    """Return what an attempt comes to, whatever is wrong with it.

    Without a subscription that can be read, the delivery alone is decided about. An answer that
    makes the rules fail counts as a failed attempt: no other delivery may depend on it.
    """
    whose = subscription or Subscription(id=one.delivery.subscription, url="")
    try:
        return after(one.delivery, whose, one.attempt, one.moment)
    except Exception as error:  # noqa: BLE001 — whatever it is, the other deliveries go on
        _log.exception("attempt not evaluated", delivery=one.delivery.id)
        text = f"the service failed to evaluate the answer: {type(error).__name__}"
        failed = replace(one.attempt, headers=(), cause="internal", error=text)
        return after(one.delivery, whose, failed, one.moment)


async def _said(connection: AsyncConnection, ids: Iterable[str]) -> Mapping[str, Said | str]:
    """Return what is to be sent, by event: each letter is read once for all who are sent it.

    For one that cannot be read it says why not.
    """
    found = (await connection.execute(turn.LETTERS, {"ids": list(ids)})).mappings()
    said: dict[str, Said | str] = {}
    for letter in found:
        try:
            said[letter["id"]] = Said.of(letter)
        except ValueError as error:
            said[letter["id"]] = f"its event: {error}"
    return said


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
            .values(state="cancelled", lease_by="", lease_until_ms=None, completed_ms=now_ms)
        )
        await connection.execute(cancelling)
