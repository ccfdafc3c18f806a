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
from syndicate.model.delivery import Attempt, Delivery, lost_attempt
from syndicate.model.retry_policy import AttemptContext, AttemptResult, apply_attempt
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage import claim_queries, unreadable_rows
from syndicate.storage.database import Database, is_unavailable
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.row_mapping import (
    CLAIM_COLUMNS,
    EventContent,
    attempt_values,
    check_number,
    claimed_delivery,
    delivery_from_row,
    optional_from_millis,
    progress_values,
    select_deliveries,
)
from syndicate.storage.schema import DELIVERY, LEASED, SUBSCRIPTION, UNFINISHED
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import health_values, subscription_from_row
from syndicate.storage.websub_topics import cancel_superseded

_MAX_RECLAIMED: Final = 200
"""How many leases that ran out are taken back in one transaction."""

_MAX_SLEEP: Final = timedelta(days=1)
"""How far ahead it is said when something is due; by then it is asked again."""

_CACHED_SUBSCRIPTIONS: Final = 4_096
"""How many subscriptions are remembered as they were read."""

_log = telemetry.logger("outbox")

_CLAIM_COLUMN_COUNT: Final = len(CLAIM_COLUMNS)
_SUBSCRIPTION_COLUMNS: Final = tuple(SUBSCRIPTION.c.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that is ours to send for the length of its lease, and to whom."""

    delivery: Delivery
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedAttempt:
    """An attempt that is over, of a delivery that was claimed, and when it was."""

    delivery: Delivery
    attempt: Attempt
    context: AttemptContext


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeliveryLease:
    """To whom deliveries are leased, until when, and when that is decided."""

    token: str
    until: datetime
    now: datetime


class Outbox:
    """What is on its way, in a database. Every method may raise `StorageError`.

    Args:
        database: Where it is.
        safe: Keeps the secrets of the subscriptions.
    """

    def __init__(self, database: Database, secret_store: SecretStore) -> None:
        self._database = database
        self._parse_subscription = lru_cache(_CACHED_SUBSCRIPTIONS)(
            partial(_subscription_from_values, secret_store)
        )
        """Makes a subscription of what a row holds: most are as they were the last time."""

    async def complete_and_claim(
        self,
        finished: Sequence[FinishedAttempt],
        limit: int,
        *,
        token: str,
        now: datetime,
        lease: timedelta,
    ) -> tuple[tuple[AttemptResult, ...], tuple[Claim, ...]]:
        """Do what `complete` and `claim` do, in one transaction: it costs half as much."""
        try:
            return await self._complete_and_claim(
                finished, limit, token=token, now=now, lease=lease
            )
        except Exception as error:
            if not finished or is_unavailable(error):
                raise
            _log.exception("attempts stored one by one")
        results = await self._complete_individually(finished)
        _, claims = await self._complete_and_claim((), limit, token=token, now=now, lease=lease)
        return results, claims

    async def _complete_and_claim(
        self,
        finished: Sequence[FinishedAttempt],
        limit: int,
        *,
        token: str,
        now: datetime,
        lease: timedelta,
    ) -> tuple[tuple[AttemptResult, ...], tuple[Claim, ...]]:
        until = now + lease
        async with self._database.write() as connection:
            results = await self._store_results(connection, finished) if finished else ()
            rows = await claim_queries.select_due(connection, millis(now), limit)
            contents = await _event_contents(connection, {row.event_id for row in rows})
            delivery_lease = _DeliveryLease(token=token, until=until, now=now)
            claims: list[Claim] = []
            for row in rows:
                await self._append_claim(connection, row, contents, delivery_lease, claims)
            leases = [
                (claim.delivery.subscription, claim.delivery.seq, token, millis(until))
                for claim in claims
            ]
            await claim_queries.UPDATE_LEASES.execute(connection, leases)
        return results, tuple(claims)

    async def _append_claim(
        self,
        connection: AsyncConnection,
        row: Row[*tuple[Any, ...]],
        contents: Mapping[str, EventContent | str],
        delivery_lease: _DeliveryLease,
        claims: list[Claim],
    ) -> None:
        """Add the claim of a row of `turn.select_due`, or set aside what cannot be read of it."""
        subscription_id, seq = row[0], row[1]
        try:
            claims.append(self._decode_claim(row, contents, delivery_lease))
        except StorageError as error:
            await unreadable_rows.suspend(
                connection, subscription_id, error.message, delivery_lease.now
            )
        except (ValueError, TypeError, ArithmeticError) as error:
            await unreadable_rows.exhaust(
                connection, subscription_id, seq, str(error), delivery_lease.now
            )

    def _decode_claim(
        self,
        row: Row[*tuple[Any, ...]],
        contents: Mapping[str, EventContent | str],
        delivery_lease: _DeliveryLease,
    ) -> Claim:
        """Return the claim of a row; a `StorageError` is about its subscription."""
        subscription = self._parse_subscription(tuple(row[_CLAIM_COLUMN_COUNT:]))
        content = contents.get(row.event_id, "its event is missing")
        if isinstance(content, str):
            raise ValueError(content)  # noqa: TRY004 — one kind of error for all that is unreadable
        delivery = claimed_delivery(
            row[:_CLAIM_COLUMN_COUNT],
            content,
            token=delivery_lease.token,
            until=delivery_lease.until,
        )
        return Claim(delivery=delivery, subscription=subscription)

    async def claim(
        self, limit: int, *, token: str, now: datetime, lease: timedelta
    ) -> tuple[Claim, ...]:
        """Lease up to ``limit`` deliveries that are due, the oldest of each subscription only.

        ``by`` is a fresh token; ``lease`` is longer than a request takes. However many claim at
        the same time, each delivery is leased once.
        """
        _, claims = await self.complete_and_claim((), limit, token=token, now=now, lease=lease)
        return claims

    async def complete(self, finished: Sequence[FinishedAttempt]) -> tuple[AttemptResult, ...]:
        """Write down in one transaction what came of attempts; return what became of them.

        Those whose lease is not theirs any more change nothing and are left out.
        """
        if not finished:
            return ()
        results = await self._store(finished)
        return await self._complete_individually(finished) if results is None else results

    async def _store(self, finished: Sequence[FinishedAttempt]) -> tuple[AttemptResult, ...] | None:
        """Do what `complete` does; None, and nothing, where one of them cannot be stored."""
        try:
            async with self._database.write() as connection:
                return await self._store_results(connection, finished)
        except Exception as error:
            if is_unavailable(error):
                raise
            _log.exception("attempts not stored", deliveries=len(finished))
            return None

    async def _complete_individually(
        self, finished: Sequence[FinishedAttempt]
    ) -> tuple[AttemptResult, ...]:
        """Store what came of each attempt by itself; one that cannot be stored is set aside."""
        results: list[AttemptResult] = []
        for attempt in finished:
            stored = await self._store([attempt])
            if stored is None:
                subscription_id, seq, token = (
                    attempt.delivery.subscription,
                    attempt.delivery.seq,
                    attempt.delivery.lease_by,
                )
                await self._exhaust(
                    subscription_id, seq, token, "its attempt cannot be stored", attempt.context
                )
            else:
                results += stored
        return tuple(results)

    async def _exhaust(
        self, subscription_id: str, seq: int, token: str, reason: str, context: AttemptContext
    ) -> None:
        async with self._database.write() as connection:
            await unreadable_rows.exhaust(
                connection, subscription_id, seq, reason, context.now, lease_by=token
            )

    async def release(self, claimed_deliveries: Iterable[Delivery]) -> None:
        """Let others send at once what was claimed and not sent."""
        keys = [
            {"of": delivery.subscription, "number": delivery.seq, "token": delivery.lease_by}
            for delivery in claimed_deliveries
        ]
        if keys:
            async with self._database.write() as connection:
                await connection.execute(claim_queries.RELEASE_LEASES, keys)

    async def release_token(self, token: str) -> None:
        """Let others send at once whatever the token ``by`` holds; nothing where it is empty."""
        if token:
            statement = update(DELIVERY).where(LEASED, DELIVERY.c.lease_by == token)
            freed = statement.values(state="pending", lease_by="", lease_until_ms=None)
            async with self._database.write() as connection:
                await connection.execute(freed)

    async def lease_tokens(self) -> frozenset[str]:
        """Return the tokens that hold leases now."""
        query = select(DELIVERY.c.lease_by).where(LEASED).distinct()
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def reclaim(
        self, context: AttemptContext, *, dead_tokens: Iterable[str] = ()
    ) -> tuple[AttemptResult, ...]:
        """Take back some leases that have run out or belong to ``dead`` holders.

        They count as lost; where there are more, the next time takes them.
        """
        is_lost = or_(
            DELIVERY.c.lease_until_ms < millis(context.now),
            DELIVERY.c.lease_by.in_(list(dead_tokens)),
        )
        query = (
            select_deliveries(include_missing_event=True)
            .where(LEASED, is_lost)
            .limit(_MAX_RECLAIMED)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        finished: list[FinishedAttempt] = []
        for row in rows:
            try:
                check_number("attempts", row["attempts"])
                check_number("step", row["step"])
                lost_delivery = delivery_from_row(row)
            except (ValueError, TypeError, ArithmeticError) as error:
                subscription_id, seq, token = row["subscription_id"], row["seq"], row["lease_by"]
                await self._exhaust(subscription_id, seq, token, str(error), context)
            else:
                finished.append(
                    FinishedAttempt(
                        delivery=lost_delivery,
                        attempt=lost_attempt(lost_delivery, now=context.now),
                        context=context,
                    )
                )
        return await self.complete(finished)

    async def repair_heads(self, now: datetime) -> None:
        """Let whoever's turn it is have it, should a program of before have forgotten that.

        What waits for a time or a state that does not exist is repaired.
        """
        async with self._database.write() as connection:
            await unreadable_rows.repair(connection, now)
            await claim_queries.promote_heads(connection)

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there is something to claim or to take back; None if there never is."""
        async with self._database.read() as connection:
            parameters = {"now_ms": millis(now)}
            times = [
                (await connection.execute(query, parameters)).scalar()
                for query in (claim_queries.SELECT_NEXT_DUE, claim_queries.SELECT_NEXT_LEASE_END)
            ]
        due_times = [
            min(time_ms, millis(now + _MAX_SLEEP)) for time_ms in times if isinstance(time_ms, int)
        ]
        return from_millis(max(min(due_times), millis(now))) if due_times else None

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many deliveries are unfinished, and since when the oldest of them is due."""
        query = select(func.count(), func.min(DELIVERY.c.due_ms)).where(UNFINISHED)
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(query)).one()
        return count, optional_from_millis(oldest)

    async def _store_results(
        self, connection: AsyncConnection, finished: Sequence[FinishedAttempt]
    ) -> tuple[AttemptResult, ...]:
        tokens = {one.delivery.lease_by for one in finished}
        subscriptions = await self._lock_subscriptions(connection, tokens)
        leased = await _lock_leased(connection, tokens)
        updated = dict(subscriptions)
        results: list[tuple[AttemptResult, datetime]] = []
        for one in finished:
            of = one.delivery.subscription
            if leased.get((of, one.delivery.seq)) == one.delivery.lease_by:
                result = _evaluate(one, updated.get(of))
                if of in updated:
                    updated[of] = result.subscription
                results.append((result, one.context.now))
        if results:
            await _write_deliveries(connection, results)
            websub_ids = [of for of, one in subscriptions.items() if one.kind == "websub"]
            if websub_ids:
                await cancel_superseded(connection, websub_ids, results[-1][1])
            changed = [become for of, become in updated.items() if become != subscriptions[of]]
            await _write_health(connection, changed, millis(results[-1][1]))
        return tuple(result for result, _ in results)

    async def _lock_subscriptions(
        self, connection: AsyncConnection, tokens: Iterable[str]
    ) -> dict[SubscriptionId, Subscription]:
        """Return whom what is leased to ``tokens`` is for; nobody else changes them meanwhile.

        Those that cannot be read are left out.
        """
        parameters = {"tokens": list(tokens)}
        rows = (await connection.execute(claim_queries.SELECT_SUBSCRIPTIONS, parameters)).all()
        subscriptions: dict[SubscriptionId, Subscription] = {}
        for row in rows:
            try:
                locked = self._parse_subscription(tuple(row))
            except StorageError as error:
                _log.warning("subscription unreadable", reason=error.message)
            else:
                subscriptions[locked.id] = locked
        return subscriptions


def _evaluate(finished: FinishedAttempt, subscription: Subscription | None) -> AttemptResult:
    """Return what an attempt comes to, whatever is wrong with it.

    Without a subscription that can be read, the delivery alone is decided about. An answer that
    makes the rules fail counts as a failed attempt: no other delivery may depend on it.
    """
    target = subscription or Subscription(id=finished.delivery.subscription, url="")
    try:
        return apply_attempt(finished.delivery, target, finished.attempt, finished.context)
    except Exception as error:  # noqa: BLE001 — whatever it is, the other deliveries go on
        _log.exception("attempt not evaluated", delivery=finished.delivery.id)
        text = f"the service failed to evaluate the answer: {type(error).__name__}"
        failed = replace(finished.attempt, headers=(), cause="internal", error=text)
        return apply_attempt(finished.delivery, target, failed, finished.context)


async def _event_contents(
    connection: AsyncConnection, event_ids: Iterable[str]
) -> Mapping[str, EventContent | str]:
    """Return what is to be sent, by event: each letter is read once for all who are sent it.

    For one that cannot be read it says why not.
    """
    rows = (
        await connection.execute(claim_queries.SELECT_EVENTS, {"ids": list(event_ids)})
    ).mappings()
    contents: dict[str, EventContent | str] = {}
    for row in rows:
        try:
            contents[row["id"]] = EventContent.from_row(row)
        except ValueError as error:
            contents[row["id"]] = f"its event: {error}"
    return contents


async def _lock_leased(
    connection: AsyncConnection, tokens: Iterable[str]
) -> Mapping[tuple[str, int], str]:
    """Return who leases which deliveries now, and keep it so until the transaction ends."""
    rows = await connection.execute(claim_queries.SELECT_LEASED, {"tokens": list(tokens)})
    return {(subscription_id, seq): token for subscription_id, seq, token in rows.all()}


def _subscription_from_values(
    secret_store: SecretStore, values: tuple[object, ...]
) -> Subscription:
    return subscription_from_row(
        dict(zip(_SUBSCRIPTION_COLUMNS, values, strict=True)), secret_store
    )


async def _write_deliveries(
    connection: AsyncConnection, results: Sequence[tuple[AttemptResult, datetime]]
) -> None:
    await claim_queries.UPDATE_PROGRESS.execute(
        connection, [progress_values(one.delivery, over) for one, over in results]
    )
    attempts = [attempt_values(one.delivery, one.attempt) for one, _ in results if one.attempt]
    await claim_queries.INSERT_ATTEMPTS.execute(connection, attempts)
    over = [one.delivery for one, _ in results if one.delivery.state not in UNDER_WAY]
    await claim_queries.PROMOTE_HEADS.execute(connection, [(one.subscription,) for one in over])


async def _write_health(
    connection: AsyncConnection, changed: Sequence[Subscription], now_ms: int
) -> None:
    """Write how subscriptions are now; what was on its way to disabled ones is cancelled."""
    await claim_queries.UPDATE_HEALTH.execute(
        connection, [(one.id, *health_values(one).values()) for one in changed]
    )
    disabled = [one.id for one in changed if one.state == "disabled"]
    if disabled:
        statement = (
            update(DELIVERY)
            .where(DELIVERY.c.subscription_id.in_(disabled), UNFINISHED)
            .values(state="cancelled", lease_by="", lease_until_ms=None, completed_ms=now_ms)
        )
        await connection.execute(statement)
