"""The outbox: deliveries are claimed, sent elsewhere, and completed.

No transaction is open while a receiver is waited for. A claimed delivery belongs to its claimer
until the lease ends; what the claimer stores later changes nothing. Subscriptions are locked before
deliveries, in the order of their ids, so that transactions cannot deadlock.
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
from syndicate.model.delivery import Attempt, Backlog, Delivery, lost_attempt
from syndicate.model.retry_policy import AttemptContext, AttemptResult, apply_attempt
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage import claim_queries, unreadable_rows
from syndicate.storage.database import Database, is_unavailable
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.row_mapping import (
    CLAIM_COLUMNS,
    EventContent,
    check_number,
    claimed_delivery,
    delivery_from_row,
    optional_from_millis,
    select_deliveries,
)
from syndicate.storage.schema import DELIVERY, LEASED, SUBSCRIPTION
from syndicate.storage.secret_keys import check_key
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscription_rows import subscription_from_row
from syndicate.storage.websub_topics import cancel_superseded

_MAX_RECLAIMED: Final = 200
"""Expired leases reclaimed in one transaction."""

_MAX_SLEEP: Final = timedelta(days=1)
"""The farthest time that `Outbox.next_due` returns; callers ask again by then."""

_CACHED_SUBSCRIPTIONS: Final = 4_096
"""Subscriptions kept as they were parsed: most rows are the same as the last time."""

_log = telemetry.logger("outbox")

_CLAIM_COLUMN_COUNT: Final = len(CLAIM_COLUMNS)
_SUBSCRIPTION_COLUMNS: Final = tuple(SUBSCRIPTION.c.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that the claimer may send until its lease ends, and its subscription."""

    delivery: Delivery
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedAttempt:
    """A finished attempt at a claimed delivery."""

    delivery: Delivery
    attempt: Attempt
    context: AttemptContext


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeliveryLease:
    """The lease that a claim takes."""

    token: str
    until: datetime
    now: datetime


class Outbox:
    """The unfinished deliveries in a database. Every method may raise `StorageError`.

    Args:
        database: Holds deliveries and subscriptions.
        secret_store: Decrypts the secrets of subscriptions.
    """

    def __init__(self, database: Database, secret_store: SecretStore) -> None:
        self._database = database
        self._secret_store = secret_store
        self._parse_subscription = lru_cache(_CACHED_SUBSCRIPTIONS)(
            partial(_subscription_from_values, secret_store)
        )

    async def complete_and_claim(
        self,
        finished: Sequence[FinishedAttempt],
        limit: int,
        *,
        token: str,
        now: datetime,
        lease: timedelta,
    ) -> tuple[tuple[AttemptResult, ...], tuple[Claim, ...]]:
        """Do what `complete` and `claim` do, in one transaction: it costs half as much.

        Raises `StorageError`, with nothing stored, also if the keys decrypt no secret any more.
        """
        delivery_lease = _DeliveryLease(token=token, until=now + lease, now=now)
        try:
            return await self._complete_and_claim(finished, limit, delivery_lease)
        except Exception as error:
            if not finished or is_unavailable(error):
                raise
            _log.exception("attempts stored one by one")
        results = await self._complete_individually(finished)
        _, claims = await self._complete_and_claim((), limit, delivery_lease)
        return results, claims

    async def _complete_and_claim(
        self, finished: Sequence[FinishedAttempt], limit: int, delivery_lease: _DeliveryLease
    ) -> tuple[tuple[AttemptResult, ...], tuple[Claim, ...]]:
        async with self._database.write() as connection:
            results = await self._store_results(connection, finished) if finished else ()
            now_ms = millis(delivery_lease.now)
            rows = await claim_queries.select_due(connection, now_ms, limit)
            contents = await claim_queries.event_contents(
                connection, {row.event_id for row in rows}
            )
            claims: list[Claim] = []
            for row in rows:
                await self._append_claim(connection, row, contents, delivery_lease, claims)
            if any(claim.subscription.unreadable_secret for claim in claims):
                await check_key(connection, self._secret_store)
            await claim_queries.lease(
                connection,
                (claim.delivery for claim in claims),
                delivery_lease.token,
                millis(delivery_lease.until),
            )
        return results, tuple(claims)

    async def _append_claim(
        self,
        connection: AsyncConnection,
        row: Row[*tuple[Any, ...]],
        contents: Mapping[str, EventContent | str],
        delivery_lease: _DeliveryLease,
        claims: list[Claim],
    ) -> None:
        """Append the claim of a row of `select_due`, or set the row aside if it is unreadable."""
        try:
            claims.append(self._decode_claim(row, contents, delivery_lease))
        except StorageError as error:
            await unreadable_rows.suspend(connection, row[0], error.message, delivery_lease.now)
        except (ValueError, TypeError, ArithmeticError) as error:
            now = delivery_lease.now
            await unreadable_rows.exhaust(connection, row[0], row[1], str(error), now)

    def _decode_claim(
        self,
        row: Row[*tuple[Any, ...]],
        contents: Mapping[str, EventContent | str],
        delivery_lease: _DeliveryLease,
    ) -> Claim:
        """Return the claim of a row.

        Raises `StorageError` if the subscription cannot be read, and `ValueError` and its like if
        the delivery cannot.
        """
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
        """Lease up to ``limit`` deliveries that are due, only the oldest of each subscription.

        ``token`` is a new one for each claim; ``lease`` is longer than a request takes. However
        many processes claim at the same time, each delivery is leased once.
        """
        _, claims = await self.complete_and_claim((), limit, token=token, now=now, lease=lease)
        return claims

    async def complete(self, finished: Sequence[FinishedAttempt]) -> tuple[AttemptResult, ...]:
        """Store finished attempts in one transaction; return the results.

        Attempts whose lease was lost change nothing and are left out.
        """
        if not finished:
            return ()
        results = await self._store(finished)
        return await self._complete_individually(finished) if results is None else results

    async def _store(self, finished: Sequence[FinishedAttempt]) -> tuple[AttemptResult, ...] | None:
        """Store attempts; return None, with nothing stored, if one of them cannot be stored."""
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
        """Store each attempt in its own transaction; end deliveries whose attempt is refused."""
        results: list[AttemptResult] = []
        for attempt in finished:
            stored = await self._store([attempt])
            if stored is None:
                delivery = attempt.delivery
                await self._exhaust(
                    (delivery.subscription, delivery.seq, delivery.lease_by),
                    "its attempt cannot be stored",
                    attempt.context,
                )
            else:
                results += stored
        return tuple(results)

    async def _exhaust(
        self, leased: tuple[str, int, str], reason: str, context: AttemptContext
    ) -> None:
        """End a delivery that cannot be processed: (subscription id, seq, lease token)."""
        subscription_id, seq, token = leased
        async with self._database.write() as connection:
            await unreadable_rows.exhaust(
                connection, subscription_id, seq, reason, context.now, lease_by=token
            )

    async def release(self, claimed: Iterable[Delivery]) -> None:
        """End the leases of deliveries that were not sent: others may claim them at once."""
        deliveries = list(claimed)
        if deliveries:
            async with self._database.write() as connection:
                await claim_queries.release(connection, deliveries)

    async def release_token(self, token: str) -> None:
        """End all leases of a token; none if it is empty."""
        if token:
            statement = update(DELIVERY).where(LEASED, DELIVERY.c.lease_by == token)
            freed = statement.values(state="pending", lease_by="", lease_until_ms=None)
            async with self._database.write() as connection:
                await connection.execute(freed)

    async def lease_tokens(self) -> frozenset[str]:
        """Return the tokens that leases are held by."""
        query = select(DELIVERY.c.lease_by).where(LEASED).distinct()
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def reclaim(
        self, context: AttemptContext, *, ended_before: datetime, dead_tokens: Iterable[str] = ()
    ) -> tuple[AttemptResult, ...]:
        """End some leases that ended before a time or belong to processes that died.

        Each counts as a lost attempt. If there are more, the next call ends them.
        """
        is_lost = or_(
            DELIVERY.c.lease_until_ms < millis(ended_before),
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
                leased = (row["subscription_id"], row["seq"], row["lease_by"])
                await self._exhaust(leased, str(error), context)
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
        """Repair queue heads left behind by an older version, and rows that would wait forever.

        The latter wait for a time or a state that does not exist.
        """
        async with self._database.write() as connection:
            await unreadable_rows.repair(connection, now)
            await claim_queries.promote_heads(connection)

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there will be something to claim or reclaim; None if never."""
        async with self._database.read() as connection:
            times = await claim_queries.next_times(connection, millis(now))
        latest = millis(now + _MAX_SLEEP)
        due = [min(time_ms, latest) for time_ms in times if isinstance(time_ms, int)]
        return from_millis(max(min(due), millis(now))) if due else None

    async def backlog(self) -> Backlog:
        """Return how many deliveries are unfinished, since when, and whether they are held."""
        async with self._database.read() as connection:
            result = await connection.execute(claim_queries.BACKLOG)
        count, oldest, held_since = result.one()
        return Backlog(
            waiting=count,
            oldest_due=optional_from_millis(oldest),
            held_since=optional_from_millis(held_since),
        )

    async def subscription_states(self) -> dict[str, int]:
        """Return how many subscriptions are in each state; a state without any is left out."""
        query = select(SUBSCRIPTION.c.state, func.count()).group_by(SUBSCRIPTION.c.state)
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def _store_results(
        self, connection: AsyncConnection, finished: Sequence[FinishedAttempt]
    ) -> tuple[AttemptResult, ...]:
        tokens = {attempt.delivery.lease_by for attempt in finished}
        subscriptions = await self._lock_subscriptions(connection, tokens)
        leased = await claim_queries.lock_leased(connection, tokens)
        updated = dict(subscriptions)
        results: list[tuple[AttemptResult, datetime]] = []
        for attempt in finished:
            delivery = attempt.delivery
            if leased.get((delivery.subscription, delivery.seq)) == delivery.lease_by:
                result = _evaluate(attempt, updated.get(delivery.subscription))
                if delivery.subscription in updated:
                    updated[delivery.subscription] = result.subscription
                results.append((result, attempt.context.now))
        if results:
            now = results[-1][1]
            await claim_queries.store_results(connection, results)
            websub_ids = [one.id for one in subscriptions.values() if one.kind == "websub"]
            if websub_ids:
                await cancel_superseded(connection, websub_ids, now)
            changed = [one for key, one in updated.items() if one != subscriptions[key]]
            await claim_queries.update_health(connection, changed, now)
        return tuple(result for result, _ in results)

    async def _lock_subscriptions(
        self, connection: AsyncConnection, tokens: Iterable[str]
    ) -> dict[SubscriptionId, Subscription]:
        """Return the subscriptions of what ``tokens`` lease, and lock them.

        Those that cannot be read are left out.
        """
        subscriptions: dict[SubscriptionId, Subscription] = {}
        for row in await claim_queries.lock_subscriptions(connection, tokens):
            try:
                locked = self._parse_subscription(tuple(row))
            except StorageError as error:
                _log.warning("subscription unreadable", reason=error.message)
            else:
                subscriptions[locked.id] = locked
        return subscriptions


def _evaluate(finished: FinishedAttempt, subscription: Subscription | None) -> AttemptResult:
    """Return the result of an attempt, even for an unexpected error.

    Without a readable subscription only the delivery changes. A response that makes the retry
    rules fail counts as a failed attempt, so that other deliveries do not depend on it.
    """
    target = subscription or Subscription(id=finished.delivery.subscription, url="")
    try:
        return apply_attempt(finished.delivery, target, finished.attempt, finished.context)
    except Exception as error:  # noqa: BLE001 — any error; the other deliveries continue
        _log.exception("attempt not evaluated", delivery=finished.delivery.id)
        text = f"the service failed to evaluate the answer: {type(error).__name__}"
        failed = replace(finished.attempt, headers=(), cause="internal", error=text)
        return apply_attempt(finished.delivery, target, failed, finished.context)


def _subscription_from_values(
    secret_store: SecretStore, values: tuple[object, ...]
) -> Subscription:
    return subscription_from_row(
        dict(zip(_SUBSCRIPTION_COLUMNS, values, strict=True)), secret_store
    )
