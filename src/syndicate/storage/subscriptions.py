"""The stored subscriptions: made, found, changed and removed."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.errors import Conflict, StorageError, UnknownName, UsageError
from syndicate.model.pagination import malformed_cursor
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    EventType,
    Payload,
    Subscription,
    SubscriptionId,
    SubscriptionKind,
    SubscriptionState,
    is_well_formed_id,
    parse_event_types,
    rotate_secret,
)
from syndicate.model.webhook_signature import Secret
from syndicate.storage.database import Database
from syndicate.storage.ledger import RowValues, millis
from syndicate.storage.row_mapping import (
    NamedRow,
    check_choice,
    check_number,
    optional_from_millis,
    optional_millis,
)
from syndicate.storage.schema import ATTEMPT, DELIVERY, PUBLISHER, SUBSCRIPTION
from syndicate.storage.secret_store import SecretStore

_MAX_SHOWN: Final = 300
_log = telemetry.logger("storage")

_CACHED_SELECTIONS: Final = 1_024
"""How many are remembered as they were read: most subscribers ask for the same."""

_CURSOR_PATTERN: Final = re.compile(r"([0-9]{1,15})-(sub_[0-9a-zA-Z]{1,64})")
"""When a subscription was made, and its id."""


class Subscriptions:
    """The subscriptions in a database. Every method may raise `StorageError`.

    Args:
        database: Where they are.
        safe: Keeps their secrets.
    """

    def __init__(self, database: Database, secret_store: SecretStore) -> None:
        self._database: Final = database
        self.secret_store: Final = secret_store

    async def add(
        self, subscription: Subscription, now: datetime, *, max_count: int | None = None
    ) -> None:
        """Store a new subscription, which gets the events of all changes recorded from now on.

        Raises `Conflict`; see `add_subscription`.
        """
        async with self._database.write() as connection:
            await lock_publisher(connection)
            await add_subscription(
                connection, subscription, self.secret_store, now, max_count=max_count
            )

    async def find(self, subscription_id: str) -> Subscription:
        """Return the subscription with the id ``which``; raises `UnknownName`."""
        if not is_well_formed_id(subscription_id):
            raise unknown_subscription(subscription_id)
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise unknown_subscription(subscription_id)
        return subscription_from_row(row, self.secret_store)

    async def list(
        self, *, kind: SubscriptionKind = "webhook", owner: str | None = None
    ) -> tuple[Subscription, ...]:
        """Return those of ``owner``, or of everybody, the oldest first."""
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.kind == kind)
        if owner is not None:
            query = query.where(SUBSCRIPTION.c.owner == owner)
        query = query.order_by(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return readable_subscriptions(rows, self.secret_store)

    async def page(
        self, owner: str | None, cursor: str, limit: int
    ) -> tuple[tuple[Subscription, ...], str | None]:
        """Return webhooks of ``owner``, or of everybody, the oldest first, from a cursor on.

        The second value is the cursor of the next page, None on the last. Raises `UsageError` for
        a text that is no cursor; it is empty for the first page.
        """
        key = tuple_(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id)
        query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.kind == "webhook")
        if owner is not None:
            query = query.where(SUBSCRIPTION.c.owner == owner)
        if cursor:
            query = query.where(key > _parse_cursor(cursor))
        query = query.order_by(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id).limit(limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        subscriptions = readable_subscriptions(rows[:limit], self.secret_store)
        if len(rows) <= limit:
            return subscriptions, None
        last = rows[limit - 1]
        return subscriptions, f"{last['created_ms']}-{last['id']}"

    async def rotate_secret(
        self, subscription_id: str, secret: Secret, now: datetime, max_old_secrets: int
    ) -> Subscription:
        """Give a subscription a new secret, beside the old ones for a day; raises `UnknownName`."""
        async with self._database.write() as connection:
            found = await lock_subscription(connection, subscription_id, self.secret_store)
            changed = rotate_secret(found, secret=secret, at=now, max_old_secrets=max_old_secrets)
            await update_subscription(connection, changed, self.secret_store)
        return changed

    async def remove(self, subscription_id: str) -> None:
        """Forget a subscription and all that was on its way to it; raises `UnknownName`."""
        async with self._database.write() as connection:
            await lock_publisher(connection)
            count = await delete_subscriptions(connection, [subscription_id])
        if not count:
            raise unknown_subscription(subscription_id)


async def add_subscription(
    connection: AsyncConnection,
    subscription: Subscription,
    secret_store: SecretStore,
    now: datetime,
    *,
    max_count: int | None = None,
) -> None:
    """Insert a subscription in a transaction that holds `lock_publisher`.

    Raises `Conflict`, which names the id, if its owner has one with the same URL and selection (or
    topic), and if the owner has ``max_count`` webhooks or more; those over the limit stay.
    """
    new_row = {
        **subscription_values(subscription, secret_store),
        "last_seq": 0,
        "created_ms": millis(now),
    }
    query = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.identity == new_row["identity"])
    existing_id = (await connection.execute(query)).scalar()
    if existing_id is not None:
        raise Conflict(
            f"this subscription exists already: {existing_id}",
            code="already-subscribed",
            hint="Change it, or remove it first.",
            choices=(str(existing_id),),
        )
    if max_count is not None:
        await _check_count(connection, subscription.owner, max_count)
    await connection.execute(insert(SUBSCRIPTION).values(new_row))


async def lock_subscription(
    connection: AsyncConnection, subscription_id: str, secret_store: SecretStore
) -> Subscription:
    """Return a subscription that nobody else changes until the transaction ends.

    Raises `UnknownName`.
    """
    await lock_publisher(connection)
    query = select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription_id).with_for_update()
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise unknown_subscription(subscription_id)
    return subscription_from_row(row, secret_store)


async def update_subscription(
    connection: AsyncConnection, subscription: Subscription, secret_store: SecretStore
) -> None:
    """Replace the row of a subscription that `lock_subscription` returned.

    Raises `Conflict` if it would then equal another one.
    """
    new_values = subscription_values(subscription, secret_store)
    duplicate = select(SUBSCRIPTION.c.id).where(
        SUBSCRIPTION.c.identity == new_values["identity"], SUBSCRIPTION.c.id != subscription.id
    )
    existing_id = (await connection.execute(duplicate)).scalar()
    if existing_id is not None:
        raise Conflict(
            f"this subscription would then be the same as {existing_id}",
            code="already-subscribed",
            hint="Remove one of them.",
            choices=(str(existing_id),),
        )
    await connection.execute(
        update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription.id).values(new_values)
    )


async def _check_count(connection: AsyncConnection, owner: str, max_count: int) -> None:
    """Raise `Conflict` if ``owner`` has ``most`` webhooks; the caller holds the table."""
    query = select(func.count()).where(
        SUBSCRIPTION.c.kind == "webhook", SUBSCRIPTION.c.owner == owner
    )
    count = (await connection.execute(query)).scalar_one()
    if count >= max_count:
        raise Conflict(
            f"the tokens called {owner!r} have {count:,} subscriptions; {max_count:,} are allowed",
            code="too-many-subscriptions",
            hint="Remove one, or ask the operator to raise [limits] subscriptions_per_token.",
        )


async def delete_subscriptions(
    connection: AsyncConnection, subscription_ids: Collection[str]
) -> int:
    """Delete subscriptions and all that was on its way to them; return how many there were."""
    statement = SUBSCRIPTION.delete().where(SUBSCRIPTION.c.id.in_(subscription_ids))
    count = (await connection.execute(statement)).rowcount
    for table in (DELIVERY, ATTEMPT):
        await connection.execute(
            table.delete().where(table.c.subscription_id.in_(subscription_ids))
        )
    return count


async def lock_publisher(connection: AsyncConnection) -> None:
    """Let nobody tell anything until the transaction ends: who hears of what is being decided."""
    await connection.execute(select(PUBLISHER.c.id).with_for_update())


def subscriber_group(subscription: Subscription) -> str:
    """Return a digest of what decides which events a subscription hears of, and in what form."""
    return _digest(
        _selection_json(subscription.selection),
        json.dumps(sorted(subscription.types)),
        str(subscription.minor),
        subscription.payload,
    )


def identity_digest(subscription: Subscription) -> str:
    """Return a digest of what must not be there twice."""
    return _digest(
        subscription.kind,
        subscription.owner,
        subscription.url,
        subscription.topic,
        _selection_json(subscription.selection),
    )


def subscription_values(subscription: Subscription, secret_store: SecretStore) -> RowValues:
    """Return a subscription as a row, but for what the outbox counts."""
    return {
        "id": subscription.id,
        "identity": identity_digest(subscription),
        "subscriber_group": subscriber_group(subscription),
        "kind": subscription.kind,
        "owner": subscription.owner,
        "url": subscription.url,
        "topic": subscription.topic,
        "selection": _selection_json(subscription.selection),
        "types": json.dumps(subscription.types),
        "minor": subscription.minor,
        "payload": subscription.payload,
        "backfill": subscription.backfill,
        "secrets": subscription.unreadable_secret
        or secret_store.encode(subscription.id, subscription.secrets),
        **health_values(subscription),
        "lease_until_ms": optional_millis(subscription.lease_until),
    }


def health_values(subscription: Subscription) -> RowValues:
    """Return those columns that attempts to deliver change."""
    return {
        "state": subscription.state,
        "state_reason": subscription.state_reason,
        "failing_since_ms": optional_millis(subscription.failing_since),
        "fail_streak": subscription.fail_streak,
        "not_before_ms": optional_millis(subscription.not_before),
    }


def subscription_from_row(row: NamedRow, secret_store: SecretStore) -> Subscription:
    """Return the subscription of a row; without its secrets where they cannot be opened.

    Raises `StorageError` where a column holds what nobody stored there.
    """
    try:
        return _decode_subscription(row, secret_store)
    except (UsageError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise StorageError(
            f"subscription {row['id']} cannot be read: {error}"[:_MAX_SHOWN],
            code="unreadable-subscription",
            hint=f"Repair its row, or type: syndicate subscriptions remove {row['id']}",
        ) from error


def readable_subscriptions(
    rows: Iterable[NamedRow], secret_store: SecretStore
) -> tuple[Subscription, ...]:
    """Return the subscriptions of rows, without those that cannot be read, which are logged."""
    subscriptions: list[Subscription] = []
    for row in rows:
        try:
            subscriptions.append(subscription_from_row(row, secret_store))
        except StorageError as error:
            _log.warning("subscription unreadable", reason=error.message)
    return tuple(subscriptions)


def _decode_subscription(row: NamedRow, secret_store: SecretStore) -> Subscription:
    subscription_id = SubscriptionId(row["id"])
    check_choice("kind", row["kind"], SubscriptionKind)
    check_choice("state", row["state"], SubscriptionState)
    check_choice("payload", row["payload"], Payload)
    check_number("fail_streak", row["fail_streak"])
    secrets, sealed = _open_secrets(subscription_id, row["secrets"], secret_store)
    return Subscription(
        id=subscription_id,
        kind=row["kind"],
        owner=row["owner"],
        url=row["url"],
        topic=row["topic"],
        selection=parse_selection(row["selection"]),
        types=_parse_types(row["types"]),
        minor=bool(row["minor"]),
        payload=row["payload"],
        backfill=bool(row["backfill"]),
        secrets=secrets,
        unreadable_secret=sealed,
        state=row["state"],
        state_reason=row["state_reason"],
        failing_since=optional_from_millis(row["failing_since_ms"]),
        fail_streak=row["fail_streak"],
        not_before=optional_from_millis(row["not_before_ms"]),
        lease_until=optional_from_millis(row["lease_until_ms"]),
    )


def _parse_types(text: str) -> tuple[EventType, ...]:
    event_types = json.loads(text)
    parse_event_types(event_types)
    return tuple(event_types)


def _open_secrets(
    subscription_id: SubscriptionId, stored: str, secret_store: SecretStore
) -> tuple[tuple[Secret, ...], str]:
    """Return the secrets that are kept, and these as they are kept if they cannot be opened."""
    try:
        return secret_store.decode(subscription_id, stored), ""
    except StorageError:
        return (), str(stored) or "[]"


def _selection_json(selection: Selection) -> str:
    return json.dumps(
        {
            "categories": sorted(sorted(group) for group in selection.categories),
            "carousel": selection.carousel,
            "sources": _sorted_or_none(selection.sources),
            "languages": _sorted_or_none(selection.languages),
        }
    )


class _StoredSelection(msgspec.Struct, frozen=True):
    """A selection as `_selection_json` writes it."""

    categories: frozenset[frozenset[str]]
    carousel: bool | None
    sources: frozenset[str] | None
    languages: frozenset[str] | None


@lru_cache(_CACHED_SELECTIONS)
def parse_selection(text: str) -> Selection:
    """Return the selection that a text in the database means; raises `ValueError`."""
    stored = msgspec.json.decode(text, type=_StoredSelection)
    return Selection(
        categories=stored.categories,
        carousel=stored.carousel,
        sources=stored.sources,
        languages=stored.languages,
    )


def _sorted_or_none(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:32]


def _parse_cursor(cursor: str) -> tuple[int, str]:
    match = _CURSOR_PATTERN.fullmatch(cursor)
    if match is None:
        raise malformed_cursor(cursor)
    return int(match[1]), match[2]


def unknown_subscription(subscription_id: str) -> UnknownName:
    """Return the error that there is no subscription ``which``."""
    return UnknownName(
        f"there is no subscription {subscription_id}",
        code="unknown-subscription",
        hint="GET /v1/subscriptions and `syndicate subscriptions list` show the ids.",
    )
