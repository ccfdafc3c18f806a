"""What was asked of the hub and waits to be verified; who confirms it subscribes or leaves."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model import intent as limits
from syndicate.model.intent import HUB_IS_FULL, HUB_LIMITS, HubLimits, Intent, Mode
from syndicate.model.subscription import SEALED, Subscription, SubscriptionId, resume
from syndicate.storage.database import Database
from syndicate.storage.ledger import Values, millis, moment
from syndicate.storage.posting import ring
from syndicate.storage.rows import check_choice
from syndicate.storage.safe import Safe
from syndicate.storage.schema import INTENT, SUBSCRIPTION
from syndicate.storage.subscriptions import forget, hold, identity, subscription, values

_WAITING: Final = INTENT.c.state == "waiting"
_FAILED: Final = INTENT.c.state == "failed"
_LONGEST_LEASE: Final = timedelta(days=1)
"""A lease that ends later was not stored by this program."""

_log = telemetry.logger("storage")

_ADD_LOCK: Final = 5_941_023_377_214_016
"""Any number that nobody else in the same PostgreSQL database locks (cf. `database`)."""


class Intents:
    """What waits to be verified, in a database. Every method may raise `StorageError`.

    Args:
        database: Where it is.
        safe: Keeps the secrets of subscribers.
        limits: How many requests may wait and how many subscriptions there may be.
    """

    def __init__(self, database: Database, safe: Safe, limits: HubLimits = HUB_LIMITS) -> None:
        self._database = database
        self._safe = safe
        self._limits = limits

    async def add(self, intent: Intent, now: datetime, *, count_failures: bool = True) -> timedelta:
        """Let ``intent`` be verified and return zero; or return how long to wait before asking.

        It takes the place of what was asked of the same callback and topic and waits still.
        Requests are counted and stored one at a time, so that two cannot share the last place.
        With ``count_failures`` false, failed verifications of the callback's host do not matter.
        """
        async with self._database.write() as connection:
            await _serialize(connection)
            wait = await self._wait(connection, intent, now, count_failures=count_failures)
            if not wait:
                await put(connection, intent, self._safe, now)
                await ring(connection)
        return wait

    async def is_subscribed(self, callback: str, topic: str) -> bool:
        """Tell whether there is a subscription, or a request for one that waits."""
        asked = select(INTENT.c.id).where(_of(callback, topic), _WAITING)
        async with self._database.read() as connection:
            if await _is_known(connection, callback, topic):
                return True
            return (await connection.execute(asked)).first() is not None

    async def claim(
        self, limit: int, *, by: str, now: datetime, lease: timedelta
    ) -> tuple[Intent, ...]:
        """Lease up to ``limit`` intents, the oldest first; however many claim, each once.

        One whose secret cannot be opened has failed: nobody would be subscribed unsigned.
        """
        ends = INTENT.c.lease_until_ms
        free = (
            select(INTENT.c.id)
            .where(_WAITING, or_(ends <= millis(now), ends > millis(now + _LONGEST_LEASE)))
            .order_by(INTENT.c.state_since_ms, INTENT.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("free")
        )
        leasing = (
            update(INTENT)
            .where(INTENT.c.id.in_(select(free.c.id)))
            .values(lease_by=by, lease_until_ms=millis(now + lease))
            .returning(*INTENT.c)
        )
        async with self._database.write() as connection:
            found = (await connection.execute(leasing)).mappings().all()
            intents: list[Intent] = []
            for row in found:
                try:
                    intents.append(self._intent(row))
                except (StorageError, ValueError, TypeError, ArithmeticError) as error:
                    reason = SEALED if isinstance(error, StorageError) else _unreadable(row, error)
                    failing = update(INTENT).where(INTENT.c.id == row["id"])
                    await connection.execute(
                        failing.values(state="failed", reason=reason, state_since_ms=millis(now))
                    )
        return tuple(intents)

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there is something to claim; None if there never is."""
        asked = select(func.min(INTENT.c.lease_until_ms)).where(_WAITING)
        async with self._database.read() as connection:
            due = (await connection.execute(asked)).scalar()
        return moment(max(due, millis(now))) if isinstance(due, int) else None

    async def settle(self, intent: Intent, fault: str, *, by: str, now: datetime) -> None:
        """Do what an intent says if it was confirmed, which it was not if there is a ``fault``.

        Nothing happens if it is not leased to ``by`` any more, or another took its place.
        """
        mine = (INTENT.c.id == intent.id, INTENT.c.lease_by == by, _WAITING)
        async with self._database.write() as connection:
            await hold(connection)
            asked = select(INTENT.c.id).where(*mine).with_for_update()
            if (await connection.execute(asked)).first() is None:
                return
            if fault and intent.mode != "denied":
                failing = update(INTENT).where(*mine)
                await connection.execute(
                    failing.values(state="failed", reason=fault, state_since_ms=millis(now))
                )
                return
            await connection.execute(delete(INTENT).where(*mine))
            await self._do(connection, intent, now)

    async def prune(self, now: datetime) -> None:
        """Forget what failed long enough ago."""
        old = delete(INTENT).where(
            _FAILED, INTENT.c.state_since_ms <= millis(now - limits.REMEMBERED)
        )
        async with self._database.write() as connection:
            await connection.execute(old)

    async def _do(self, connection: AsyncConnection, intent: Intent, now: datetime) -> None:
        fresh = intent.subscription(now)
        asked = select(SUBSCRIPTION).where(SUBSCRIPTION.c.identity == identity(fresh))
        found = (await connection.execute(asked.with_for_update())).mappings().first()
        if intent.mode == "unsubscribe" and found is not None:
            await forget(connection, [found["id"]])
        elif intent.mode == "subscribe" and found is None:
            if await self._is_full(connection, now):
                denial = replace(intent, mode="denied", secret=b"", reason=HUB_IS_FULL)
                await put(connection, denial, self._safe, now)
                await ring(connection)
                return
            made = {**values(fresh, self._safe), "last_seq": 0, "created_ms": millis(now)}
            await connection.execute(
                insert(SUBSCRIPTION).values(made | {"last_sent_tag": intent.heard})
            )
        elif intent.mode == "subscribe" and found is not None:
            renewed = self._renewed(found, fresh)
            changing = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == renewed.id)
            await connection.execute(changing.values(values(renewed, self._safe)))

    async def _wait(
        self, connection: AsyncConnection, intent: Intent, now: datetime, *, count_failures: bool
    ) -> timedelta:
        """Return how long to wait because too much waits, failed or is subscribed; else zero.

        A callback that confirmed once is not held responsible for what others ask of its host,
        and can be renewed whatever the limits are. A request that would be replaced by this one
        does not count.
        """
        failed = and_(_FAILED, INTENT.c.state_since_ms > millis(now - limits.REMEMBERED))
        pending = and_(
            _WAITING, INTENT.c.mode != "denied", not_(_of(intent.callback, intent.topic))
        )
        client = INTENT.c.client == intent.client
        host = INTENT.c.host == intent.host
        bounds = []
        if intent.client:
            bounds.append((limits.FAILED_PER_CLIENT, limits.REMEMBERED, and_(failed, client)))
            bounds.append((limits.WAITING_PER_CLIENT, limits.PATIENCE, and_(pending, client)))
        waits = [timedelta()]
        if not await _is_known(connection, intent.callback, intent.topic):
            bounds.append((self._limits.max_pending, limits.PATIENCE, pending))
            most = self._limits.max_pending_per_host
            bounds.append((most, limits.PATIENCE, and_(pending, host)))
            if count_failures:
                bounds.append((limits.FAILED_PER_HOST, limits.REMEMBERED, and_(failed, host)))
            if intent.mode == "subscribe" and await self._is_full(connection, now):
                waits.append(limits.REMEMBERED)
        for most, pause, which in bounds:
            asked = select(func.count(), func.min(INTENT.c.state_since_ms)).where(which)
            count, oldest = (await connection.execute(asked)).one()
            if count >= most:
                waits.append(max(moment(oldest or 0) + pause - now, timedelta(seconds=1)))
        return max(waits)

    async def _is_full(self, connection: AsyncConnection, now: datetime) -> bool:
        """Tell whether there are as many verified subscriptions as there may be."""
        asked = select(func.count()).where(
            SUBSCRIPTION.c.kind == "websub", SUBSCRIPTION.c.lease_until_ms > millis(now)
        )
        count = (await connection.execute(asked)).scalar_one()
        return count >= self._limits.max_subscriptions

    def _renewed(self, found: RowMapping, fresh: Subscription) -> Subscription:
        """Return a subscription with a new lease; made anew where its row cannot be read."""
        try:
            there = resume(subscription(found, self._safe))
        except StorageError as error:
            _log.warning("subscription made anew", reason=error.what)
            return replace(fresh, id=SubscriptionId(found["id"]))
        return replace(there, secrets=fresh.secrets, sealed="", lease_until=fresh.lease_until)

    def _intent(self, found: RowMapping) -> Intent:
        """Return the intent of a row; raises `StorageError` where its secret cannot be opened."""
        which = SubscriptionId(found["id"])
        check_choice("mode", found["mode"], Mode)
        keys = [secret.key for secret in self._safe.load(which, found["secrets"])]
        return Intent(
            id=which,
            mode=found["mode"],
            topic=found["topic"],
            callback=found["callback"],
            secret=b"".join(keys),
            lease=timedelta(seconds=found["lease_seconds"]),
            heard=found["last_sent_tag"],
            host=found["host"],
            client=found["client"],
            reason=found["reason"],
        )


def _unreadable(found: RowMapping, error: Exception) -> str:
    _log.error("verification set aside", request=found["id"], reason=str(error))
    return f"the stored request cannot be read: {error}"


async def put(connection: AsyncConnection, intent: Intent, safe: Safe, now: datetime) -> None:
    """Store an intent in the place of what was asked of its callback and topic before."""
    before = delete(INTENT).where(_of(intent.callback, intent.topic), _WAITING)
    await connection.execute(before)
    await connection.execute(insert(INTENT).values(_values(intent, safe, now)))


async def _is_known(connection: AsyncConnection, callback: str, topic: str) -> bool:
    which = Subscription(id=SubscriptionId(""), kind="websub", url=callback, topic=topic)
    there = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.identity == identity(which))
    return (await connection.execute(there)).first() is not None


async def _serialize(connection: AsyncConnection) -> None:
    """Wait until no other transaction is in here; SQLite has a single writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADD_LOCK})")


def _of(callback: str, topic: str) -> ColumnElement[bool]:
    return and_(INTENT.c.callback == callback, INTENT.c.topic == topic)


def _values(intent: Intent, safe: Safe, now: datetime) -> Values:
    return {
        "id": intent.id,
        "mode": intent.mode,
        "topic": intent.topic,
        "callback": intent.callback,
        "secrets": safe.store(intent.id, intent.subscription(now).secrets),
        "lease_seconds": int(intent.lease.total_seconds()),
        "last_sent_tag": intent.heard,
        "host": intent.host,
        "client": intent.client,
        "state": "waiting",
        "reason": intent.reason,
        "state_since_ms": millis(now),
        "lease_by": "",
        "lease_until_ms": 0,
    }
