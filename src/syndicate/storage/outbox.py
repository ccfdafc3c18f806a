"""The outbox: what is claimed to be sent, and what came of it.

Nothing waits inside a transaction for anybody's answer. What is claimed belongs to its claimer for
as long as the lease lasts; after that, what it writes down changes nothing. Subscriptions are
locked before deliveries, in the order of their ids, so that no two wait for each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement, Select

from syndicate.model.delivery import Attempt, Delivery, lost
from syndicate.model.retry import After, Moment, after
from syndicate.model.subscription import CLAIMABLE, Subscription, SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis, moment
from syndicate.storage.rows import attempt_values, deliveries, delivery, perhaps_moment, progress
from syndicate.storage.safe import Safe
from syndicate.storage.schema import ATTEMPT, DELIVERY, LEASED, SUBSCRIPTION, UNFINISHED
from syndicate.storage.subscriptions import health, subscription
from syndicate.storage.topics import supersede

_MOST_LOST: Final = 200
"""How many leases that ran out are taken back in one transaction."""

_WHICH: Final = (
    DELIVERY.c.subscription_id == bindparam("of"),
    DELIVERY.c.seq == bindparam("number"),
)
_MOVING: Final = (
    "state",
    "trigger",
    "attempts",
    "step",
    "due_ms",
    "lease_by",
    "lease_until_ms",
    "last_status",
    "last_error",
    "settled_ms",
)
_NEW: Final[dict[str, ColumnElement[object]]] = {name: bindparam(f"new_{name}") for name in _MOVING}
_KEY: Final = tuple_(DELIVERY.c.subscription_id, DELIVERY.c.seq)
_OLDER: Final = DELIVERY.alias("older")
_BUSY: Final = DELIVERY.alias("busy")


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
        self._safe = safe

    async def claim(
        self, limit: int, *, by: str, now: datetime, lease: timedelta
    ) -> tuple[Claim, ...]:
        """Lease up to ``limit`` deliveries that are due, the oldest of each subscription only.

        ``by`` is a fresh token; ``lease`` is longer than a request takes. However many claim at
        the same time, each delivery is leased once.
        """
        head = _due(now).limit(limit).with_for_update(of=DELIVERY, skip_locked=True).cte("head")
        leasing = (
            update(DELIVERY)
            .where(_KEY.in_(select(head)), DELIVERY.c.state == "pending")
            .values(state="leased", lease_by=by, lease_until_ms=millis(now + lease))
        )
        async with self._database.write() as connection:
            if (await connection.execute(leasing)).rowcount == 0:
                return ()
            mine = deliveries().where(DELIVERY.c.lease_by == by, DELIVERY.c.state == "leased")
            found = [delivery(row) for row in (await connection.execute(mine)).mappings()]
            whose = await self._subscriptions(
                connection, {one.subscription for one in found}, lock=False
            )
        return tuple(
            Claim(delivery=one, subscription=whose[one.subscription])
            for one in sorted(found, key=lambda one: (one.due, one.id))
        )

    async def complete(self, done: Sequence[Done]) -> tuple[After, ...]:
        """Write down in one transaction what came of attempts; return what became of them.

        Those whose lease is not theirs any more change nothing and are left out.
        """
        async with self._database.write() as connection:
            return await self._settle(connection, done)

    async def give_back(self, claimed: Iterable[Delivery]) -> None:
        """Let others send at once what was claimed and not sent."""
        keys = [
            {"of": one.subscription, "number": one.seq, "token": one.lease_by} for one in claimed
        ]
        giving = (
            update(DELIVERY)
            .where(*_WHICH, DELIVERY.c.lease_by == bindparam("token"))
            .values(state="pending", lease_by="", lease_until_ms=None)
        )
        if keys:
            async with self._database.write() as connection:
                await connection.execute(giving, keys)

    async def holders(self) -> frozenset[str]:
        """Return the tokens that hold leases now."""
        asked = select(DELIVERY.c.lease_by).where(LEASED).distinct()
        async with self._database.read() as connection:
            return frozenset((await connection.execute(asked)).scalars())

    async def reclaim(self, moment: Moment, *, dead: Iterable[str] = ()) -> tuple[After, ...]:
        """Take back leases that have run out or belong to ``dead`` holders; they count as lost."""
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

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there is something to claim or to take back; None if there never is."""
        waiting = func.coalesce(SUBSCRIPTION.c.not_before_ms, 0)
        turn = case((waiting > DELIVERY.c.due_ms, waiting), else_=DELIVERY.c.due_ms)
        heads = _heads(now, turn.label("turn")).subquery()
        asked = (
            select(func.min(heads.c.turn)),
            select(func.min(DELIVERY.c.lease_until_ms)).where(LEASED),
        )
        async with self._database.read() as connection:
            found = [(await connection.execute(one)).scalar() for one in asked]
        moments = [one for one in found if one is not None]
        return max(moment(min(moments)), now) if moments else None

    async def depth(self) -> tuple[int, datetime | None]:
        """Return how many deliveries are unfinished, and since when the oldest of them is due."""
        asked = select(func.count(), func.min(DELIVERY.c.due_ms)).where(UNFINISHED)
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(asked)).one()
        return count, perhaps_moment(oldest)

    async def _settle(self, connection: AsyncConnection, done: Sequence[Done]) -> tuple[After, ...]:
        whose = await self._subscriptions(
            connection, {one.delivery.subscription for one in done}, lock=True
        )
        held = await _held(connection, done)
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
        for of, become in now.items():
            if become != whose[of]:
                await _write_health(connection, become, millis(settled[-1][1]))
        return tuple(result for result, _ in settled)

    async def _subscriptions(
        self, connection: AsyncConnection, ids: Iterable[SubscriptionId], *, lock: bool
    ) -> dict[SubscriptionId, Subscription]:
        asked = (
            select(SUBSCRIPTION).where(SUBSCRIPTION.c.id.in_(list(ids))).order_by(SUBSCRIPTION.c.id)
        )
        if lock:
            asked = asked.with_for_update()
        found = (
            subscription(row, self._safe) for row in (await connection.execute(asked)).mappings()
        )
        return {one.id: one for one in found}


def _heads(
    now: datetime, *columns: ColumnElement[int] | ColumnElement[str]
) -> Select[*tuple[object, ...]]:
    """Ask for the oldest unfinished delivery of each subscription that is sent to at all now.

    None of a subscription of which another is being sent: an older one may be back by a replay.
    """
    older = select(func.min(_OLDER.c.seq)).where(
        _OLDER.c.subscription_id == SUBSCRIPTION.c.id,
        text("older.state IN ('pending', 'leased')"),
    )
    busy = exists().where(
        _BUSY.c.subscription_id == SUBSCRIPTION.c.id, text("busy.state = 'leased'")
    )
    return (
        select(*columns)
        .join_from(SUBSCRIPTION, DELIVERY, DELIVERY.c.subscription_id == SUBSCRIPTION.c.id)
        .where(
            SUBSCRIPTION.c.state.in_(sorted(CLAIMABLE)),
            or_(
                SUBSCRIPTION.c.lease_until_ms.is_(None), SUBSCRIPTION.c.lease_until_ms > millis(now)
            ),
            DELIVERY.c.seq == older.scalar_subquery(),
            DELIVERY.c.state == "pending",
            ~busy,
        )
    )


def _due(now: datetime) -> Select[*tuple[object, ...]]:
    waiting = SUBSCRIPTION.c.not_before_ms
    return (
        _heads(now, DELIVERY.c.subscription_id, DELIVERY.c.seq)
        .where(or_(waiting.is_(None), waiting <= millis(now)), DELIVERY.c.due_ms <= millis(now))
        .order_by(DELIVERY.c.due_ms, DELIVERY.c.subscription_id)
    )


async def _held(connection: AsyncConnection, done: Sequence[Done]) -> Mapping[tuple[str, int], str]:
    """Return who leases those deliveries now, and keep it so until the transaction ends."""
    tokens = sorted({one.delivery.lease_by for one in done})
    asked = (
        select(DELIVERY.c.subscription_id, DELIVERY.c.seq, DELIVERY.c.lease_by)
        .where(LEASED, DELIVERY.c.lease_by.in_(tokens))
        .order_by(DELIVERY.c.subscription_id, DELIVERY.c.seq)
        .with_for_update()
    )
    found = await connection.execute(asked)
    return {(row.subscription_id, row.seq): row.lease_by for row in found}


async def _write_deliveries(
    connection: AsyncConnection, settled: Sequence[tuple[After, datetime]]
) -> None:
    rows = [
        {
            "of": become.delivery.subscription,
            "number": become.delivery.seq,
            **{f"new_{name}": value for name, value in progress(become.delivery).items()},
            "new_settled_ms": _settled(become.delivery, over),
        }
        for become, over in settled
    ]
    moving = update(DELIVERY).where(*_WHICH).values(_NEW)
    await connection.execute(moving, rows)
    attempts = [attempt_values(one.delivery, one.attempt) for one, _ in settled if one.attempt]
    if attempts:
        await connection.execute(insert(ATTEMPT), attempts)


async def _write_health(
    connection: AsyncConnection, subscription: Subscription, now_ms: int
) -> None:
    """Write how a subscription is now; what was on its way to a disabled one is cancelled."""
    which = subscription.id
    changing = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == which)
    await connection.execute(changing.values(health(subscription)))
    if subscription.state == "disabled":
        cancelling = (
            update(DELIVERY)
            .where(DELIVERY.c.subscription_id == which, UNFINISHED)
            .values(state="cancelled", lease_by="", lease_until_ms=None, settled_ms=now_ms)
        )
        await connection.execute(cancelling)


def _settled(delivery: Delivery, over: datetime) -> int | None:
    return None if delivery.state in ("pending", "leased") else millis(over)
