"""WebSub requests: stored until their callback confirms them, then applied."""

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
from syndicate.model import websub_request as limits
from syndicate.model.subscription import UNDECRYPTABLE_REASON, Subscription, SubscriptionId, resume
from syndicate.model.websub_request import (
    DEFAULT_HUB_LIMITS,
    HUB_IS_FULL,
    HubLimits,
    RequestMode,
    WebSubRequest,
)
from syndicate.storage.channels import notify_workers
from syndicate.storage.database import Database
from syndicate.storage.delivery_hold import IS_NOT_HELD
from syndicate.storage.ledger import RowValues, from_millis, millis
from syndicate.storage.row_mapping import check_choice
from syndicate.storage.schema import SUBSCRIPTION, WEBSUB_REQUEST
from syndicate.storage.secret_keys import check_key
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscription_rows import (
    identity_digest,
    subscription_from_row,
    subscription_values,
)
from syndicate.storage.subscriptions import delete_subscriptions, lock_publisher

_WAITING: Final = WEBSUB_REQUEST.c.state == "waiting"
_FAILED: Final = WEBSUB_REQUEST.c.state == "failed"
_MAX_LEASE: Final = timedelta(days=1)
"""A lease that ends later than this was not stored by the service."""

_log = telemetry.logger("storage")

_ADD_LOCK: Final = 5_941_023_377_214_016
"""The key of an advisory lock in PostgreSQL, different from the one in `database`."""


class WebSubRequests:
    """The WebSub requests in a database. Every method may raise `StorageError`.

    Args:
        database: Holds requests and subscriptions.
        secret_store: Encrypts and decrypts the secrets of subscribers.
        limits: How many requests may be pending, and how many subscriptions there may be.
    """

    def __init__(
        self, database: Database, secret_store: SecretStore, limits: HubLimits = DEFAULT_HUB_LIMITS
    ) -> None:
        self._database = database
        self._secret_store = secret_store
        self._limits = limits

    async def add(
        self, request: WebSubRequest, now: datetime, *, count_failures: bool = True
    ) -> timedelta:
        """Store a request for verification and return zero; or return how long to wait.

        It replaces a pending request of the same callback and topic. Requests are counted and
        stored one at a time, so that two cannot share the last place. With ``count_failures``
        false, failed verifications of the callback's host do not count.
        """
        async with self._database.write() as connection:
            await _lock_additions(connection)
            wait = await self._retry_after(connection, request, now, count_failures=count_failures)
            if not wait:
                await store_request(connection, request, self._secret_store, now)
                await notify_workers(connection)
        return wait

    async def is_subscribed(self, callback: str, topic: str) -> bool:
        """Return whether there is a subscription, or a pending request."""
        query = select(WEBSUB_REQUEST.c.id).where(_is_for(callback, topic), _WAITING)
        async with self._database.read() as connection:
            if await _is_subscribed(connection, callback, topic):
                return True
            return (await connection.execute(query)).first() is not None

    async def claim(
        self, limit: int, *, token: str, now: datetime, lease: timedelta
    ) -> tuple[WebSubRequest, ...]:
        """Lease up to ``limit`` pending requests, the oldest first, each to one claimer.

        A request whose secret cannot be decrypted fails: its deliveries could not be signed.
        Raises `StorageError`, with nothing stored, if the keys decrypt no secret any more.
        """
        ends = WEBSUB_REQUEST.c.lease_until_ms
        free = (
            select(WEBSUB_REQUEST.c.id)
            .where(_WAITING, IS_NOT_HELD, or_(ends <= millis(now), ends > millis(now + _MAX_LEASE)))
            .order_by(WEBSUB_REQUEST.c.state_since_ms, WEBSUB_REQUEST.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("free")
        )
        statement = (
            update(WEBSUB_REQUEST)
            .where(WEBSUB_REQUEST.c.id.in_(select(free.c.id)))
            .values(lease_by=token, lease_until_ms=millis(now + lease))
            .returning(*WEBSUB_REQUEST.c)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(statement)).mappings().all()
            requests: list[WebSubRequest] = []
            for row in rows:
                try:
                    requests.append(self._request_from_row(row))
                except (StorageError, ValueError, TypeError, ArithmeticError) as error:
                    await self._fail_unreadable(connection, row, error, now)
        return tuple(requests)

    async def _fail_unreadable(
        self, connection: AsyncConnection, row: RowMapping, error: Exception, now: datetime
    ) -> None:
        """Mark a request that cannot be read as failed; raises `StorageError` for a wrong key."""
        if isinstance(error, StorageError):
            await check_key(connection, self._secret_store)
            reason = UNDECRYPTABLE_REASON
        else:
            reason = _unreadable_request(row, error)
        failing = update(WEBSUB_REQUEST).where(WEBSUB_REQUEST.c.id == row["id"])
        await connection.execute(
            failing.values(state="failed", reason=reason, state_since_ms=millis(now))
        )

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when there will be something to claim; None if never."""
        query = select(func.min(WEBSUB_REQUEST.c.lease_until_ms)).where(_WAITING, IS_NOT_HELD)
        async with self._database.read() as connection:
            due = (await connection.execute(query)).scalar()
        return from_millis(max(due, millis(now))) if isinstance(due, int) else None

    async def complete(
        self, request: WebSubRequest, error: str, *, token: str, now: datetime
    ) -> None:
        """Apply a confirmed request, or mark it as failed if there is an ``error``.

        Nothing happens if it is no longer leased to ``token``, or was replaced.
        """
        leased_row = (
            WEBSUB_REQUEST.c.id == request.id,
            WEBSUB_REQUEST.c.lease_by == token,
            _WAITING,
        )
        async with self._database.write() as connection:
            await lock_publisher(connection)
            query = select(WEBSUB_REQUEST.c.id).where(*leased_row).with_for_update()
            if (await connection.execute(query)).first() is None:
                return
            if error and request.mode != "denied":
                failing = update(WEBSUB_REQUEST).where(*leased_row)
                await connection.execute(
                    failing.values(state="failed", reason=error, state_since_ms=millis(now))
                )
                return
            await connection.execute(delete(WEBSUB_REQUEST).where(*leased_row))
            await self._apply(connection, request, now)

    async def prune(self, now: datetime) -> None:
        """Delete requests that failed long ago."""
        old = delete(WEBSUB_REQUEST).where(
            _FAILED, WEBSUB_REQUEST.c.state_since_ms <= millis(now - limits.FAILURE_WINDOW)
        )
        async with self._database.write() as connection:
            await connection.execute(old)

    async def _apply(
        self, connection: AsyncConnection, request: WebSubRequest, now: datetime
    ) -> None:
        new = request.to_subscription(now)
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.identity == identity_digest(new))
        row = (await connection.execute(query.with_for_update())).mappings().first()
        if request.mode == "unsubscribe" and row is not None:
            await delete_subscriptions(connection, [row["id"]])
        elif request.mode == "subscribe" and row is None:
            if await self._is_full(connection, now):
                denial = replace(request, mode="denied", secret=b"", reason=HUB_IS_FULL)
                await store_request(connection, denial, self._secret_store, now)
                await notify_workers(connection)
                return
            new_row = {
                **subscription_values(new, self._secret_store),
                "last_seq": 0,
                "created_ms": millis(now),
            }
            await connection.execute(
                insert(SUBSCRIPTION).values(new_row | {"last_sent_tag": request.last_sent_tag})
            )
        elif request.mode == "subscribe" and row is not None:
            renewed = self._renew(row, new)
            changing = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == renewed.id)
            await connection.execute(
                changing.values(subscription_values(renewed, self._secret_store))
            )

    async def _retry_after(
        self,
        connection: AsyncConnection,
        request: WebSubRequest,
        now: datetime,
        *,
        count_failures: bool,
    ) -> timedelta:
        """Return how long to wait because a limit is reached; zero if none is.

        A callback that is subscribed can be renewed no matter what others request for its host and
        what the limits are. A request that this one replaces does not count.
        """
        waits = [timedelta()]
        is_subscribed = await _is_subscribed(connection, request.callback, request.topic)
        if (
            not is_subscribed
            and request.mode == "subscribe"
            and await self._is_full(connection, now)
        ):
            waits.append(limits.FAILURE_WINDOW)
        request_limits = self._request_limits(
            request, now, is_subscribed=is_subscribed, count_failures=count_failures
        )
        for max_count, pause, condition in request_limits:
            query = select(func.count(), func.min(WEBSUB_REQUEST.c.state_since_ms)).where(condition)
            count, oldest = (await connection.execute(query)).one()
            if count >= max_count:
                waits.append(max(from_millis(oldest or 0) + pause - now, timedelta(seconds=1)))
        return max(waits)

    def _request_limits(
        self, request: WebSubRequest, now: datetime, *, is_subscribed: bool, count_failures: bool
    ) -> list[tuple[int, timedelta, ColumnElement[bool]]]:
        """Return the limits that apply: maximum, pause, and which stored requests count."""
        failed = and_(
            _FAILED, WEBSUB_REQUEST.c.state_since_ms > millis(now - limits.FAILURE_WINDOW)
        )
        pending = and_(
            _WAITING,
            WEBSUB_REQUEST.c.mode != "denied",
            not_(_is_for(request.callback, request.topic)),
        )
        client = WEBSUB_REQUEST.c.client == request.client
        host = WEBSUB_REQUEST.c.host == request.host
        request_limits = []
        if request.client:
            request_limits.append(
                (limits.MAX_FAILED_PER_CLIENT, limits.FAILURE_WINDOW, and_(failed, client))
            )
            request_limits.append(
                (limits.MAX_PENDING_PER_CLIENT, limits.RETRY_AFTER, and_(pending, client))
            )
        if not is_subscribed:
            request_limits.append((self._limits.max_pending, limits.RETRY_AFTER, pending))
            max_count = self._limits.max_pending_per_host
            request_limits.append((max_count, limits.RETRY_AFTER, and_(pending, host)))
            if count_failures:
                request_limits.append(
                    (limits.MAX_FAILED_PER_HOST, limits.FAILURE_WINDOW, and_(failed, host))
                )
        return request_limits

    async def _is_full(self, connection: AsyncConnection, now: datetime) -> bool:
        """Return whether the limit of verified subscriptions is reached."""
        query = select(func.count()).where(
            SUBSCRIPTION.c.kind == "websub", SUBSCRIPTION.c.lease_until_ms > millis(now)
        )
        count = (await connection.execute(query)).scalar_one()
        return count >= self._limits.max_subscriptions

    def _renew(self, row: RowMapping, new: Subscription) -> Subscription:
        """Return a subscription with a new lease; replaced if its row cannot be read."""
        try:
            existing = resume(subscription_from_row(row, self._secret_store))
        except StorageError as error:
            _log.warning("subscription replaced", reason=error.message)
            return replace(new, id=SubscriptionId(row["id"]))
        return replace(
            existing, secrets=new.secrets, unreadable_secret="", lease_until=new.lease_until
        )

    def _request_from_row(self, row: RowMapping) -> WebSubRequest:
        """Return the request of a row; raises `StorageError` if its secret cannot be decrypted."""
        request_id = SubscriptionId(row["id"])
        check_choice("mode", row["mode"], RequestMode)
        keys = [secret.key for secret in self._secret_store.decode(request_id, row["secrets"])]
        return WebSubRequest(
            id=request_id,
            mode=row["mode"],
            topic=row["topic"],
            callback=row["callback"],
            secret=b"".join(keys),
            lease=timedelta(seconds=row["lease_seconds"]),
            last_sent_tag=row["last_sent_tag"],
            host=row["host"],
            client=row["client"],
            reason=row["reason"],
        )


def _unreadable_request(row: RowMapping, error: Exception) -> str:
    _log.error("verification failed", request=row["id"], reason=str(error))
    return f"the stored request cannot be read: {error}"


async def store_request(
    connection: AsyncConnection, request: WebSubRequest, secret_store: SecretStore, now: datetime
) -> None:
    """Store a request; it replaces a pending one of the same callback and topic."""
    await check_key(connection, secret_store)
    previous = delete(WEBSUB_REQUEST).where(_is_for(request.callback, request.topic), _WAITING)
    await connection.execute(previous)
    await connection.execute(
        insert(WEBSUB_REQUEST).values(_request_values(request, secret_store, now))
    )


async def _is_subscribed(connection: AsyncConnection, callback: str, topic: str) -> bool:
    subscription = Subscription(id=SubscriptionId(""), kind="websub", url=callback, topic=topic)
    query = select(SUBSCRIPTION.c.id).where(
        SUBSCRIPTION.c.identity == identity_digest(subscription)
    )
    return (await connection.execute(query)).first() is not None


async def _lock_additions(connection: AsyncConnection) -> None:
    """Wait until no other transaction adds requests; SQLite has a single writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADD_LOCK})")


def _is_for(callback: str, topic: str) -> ColumnElement[bool]:
    return and_(WEBSUB_REQUEST.c.callback == callback, WEBSUB_REQUEST.c.topic == topic)


def _request_values(request: WebSubRequest, secret_store: SecretStore, now: datetime) -> RowValues:
    return {
        "id": request.id,
        "mode": request.mode,
        "topic": request.topic,
        "callback": request.callback,
        "secrets": secret_store.encode(request.id, request.to_subscription(now).secrets),
        "lease_seconds": int(request.lease.total_seconds()),
        "last_sent_tag": request.last_sent_tag,
        "host": request.host,
        "client": request.client,
        "state": "waiting",
        "reason": request.reason,
        "state_since_ms": millis(now),
        "lease_by": "",
        "lease_until_ms": 0,
    }
