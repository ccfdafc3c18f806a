"""The stored subscriptions: made, found, changed and removed."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate import telemetry
from syndicate.errors import Conflict, StorageError, UnknownName, UsageError
from syndicate.model.page import malformed
from syndicate.model.selection import Selection
from syndicate.model.signature import Secret
from syndicate.model.subscription import (
    EventType,
    Kind,
    Payload,
    State,
    Subscription,
    SubscriptionId,
    is_well_formed_id,
)
from syndicate.model.wish import read_types
from syndicate.storage.database import Database
from syndicate.storage.ledger import Values, millis
from syndicate.storage.rows import (
    Found,
    check_choice,
    check_number,
    perhaps_millis,
    perhaps_moment,
)
from syndicate.storage.safe import Safe
from syndicate.storage.schema import ATTEMPT, DELIVERY, PUBLISHER, SUBSCRIPTION

Change = Callable[[Subscription], Subscription]

_MAX_SHOWN: Final = 300
_log = telemetry.logger("storage")

_SELECTIONS: Final = 1_024
"""How many are remembered as they were read: most subscribers ask for the same."""

_CURSOR: Final = re.compile(r"([0-9]{1,15})-(sub_[0-9a-zA-Z]{1,64})")
"""When a subscription was made, and its id."""


async def _nothing(_: AsyncConnection, __: Subscription, ___: Subscription) -> None:
    return


class Subscriptions:
    """The subscriptions in a database. Every method may raise `StorageError`.

    Args:
        database: Where they are.
        safe: Keeps their secrets.
    """

    def __init__(self, database: Database, safe: Safe) -> None:
        self._database: Final = database
        self.safe: Final = safe

    async def add(
        self,
        subscription: Subscription,
        now: datetime,
        *,
        most: int | None = None,
        also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        """Store a new subscription, which hears of everything that is told from now on.

        What ``also`` writes is there if the subscription is. Raises `Conflict`, which knows the
        id, if the owner has one with the same url and selection (or topic) already, and if the
        owner has ``most`` webhooks or more; what exists over that stays.
        """
        made = {**values(subscription, self.safe), "last_seq": 0, "created_ms": millis(now)}
        async with self._database.write() as connection:
            await hold(connection)
            asked = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.identity == made["identity"])
            there = (await connection.execute(asked)).scalar()
            if there is not None:
                raise Conflict(
                    f"this subscription exists already: {there}",
                    code="already-subscribed",
                    hint="Change it, or remove it first.",
                    known=(str(there),),
                )
            if most is not None:
                await _check_count(connection, subscription.owner, most)
            await connection.execute(insert(SUBSCRIPTION).values(made))
            if also is not None:
                await also(connection)

    async def find(self, which: str) -> Subscription:
        """Return the subscription with the id ``which``; raises `UnknownName`."""
        if not is_well_formed_id(which):
            raise unknown(which)
        async with self._database.read() as connection:
            asked = select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == which)
            return self._one((await connection.execute(asked)).mappings().first(), which)

    async def list(
        self, *, kind: Kind = "webhook", owner: str | None = None
    ) -> tuple[Subscription, ...]:
        """Return those of ``owner``, or of everybody, the oldest first."""
        asked = select(SUBSCRIPTION).where(SUBSCRIPTION.c.kind == kind)
        if owner is not None:
            asked = asked.where(SUBSCRIPTION.c.owner == owner)
        asked = asked.order_by(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id)
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).mappings().all()
        return readable(found, self.safe)

    async def page(
        self, owner: str | None, after: str, limit: int
    ) -> tuple[tuple[Subscription, ...], str | None]:
        """Return webhooks of ``owner``, or of everybody, the oldest first, from a cursor on.

        The second value is the cursor of the next page, None on the last. Raises `UsageError` for
        a text that is no cursor; it is empty for the first page.
        """
        place = tuple_(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id)
        asked = select(SUBSCRIPTION).where(SUBSCRIPTION.c.kind == "webhook")
        if owner is not None:
            asked = asked.where(SUBSCRIPTION.c.owner == owner)
        if after:
            asked = asked.where(place > _place(after))
        asked = asked.order_by(SUBSCRIPTION.c.created_ms, SUBSCRIPTION.c.id).limit(limit + 1)
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).mappings().all()
        shown = readable(found[:limit], self.safe)
        if len(found) <= limit:
            return shown, None
        last = found[limit - 1]
        return shown, f"{last['created_ms']}-{last['id']}"

    async def change(
        self,
        which: str,
        change: Change,
        *,
        also: Callable[[AsyncConnection, Subscription, Subscription], Awaitable[None]] = _nothing,
    ) -> Subscription:
        """Replace a subscription by what ``change`` makes of it, and return that.

        Nobody else changes it meanwhile. What ``also`` writes, which is given the former and the
        new one, is there if the change is. Raises `UnknownName`, and `Conflict` if it would then
        be the same as another one.
        """
        async with self._database.write() as connection:
            await hold(connection)
            asked = select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == which).with_for_update()
            found = (await connection.execute(asked)).mappings().first()
            former = self._one(found, which)
            changed = change(former)
            new = values(changed, self.safe)
            other = select(SUBSCRIPTION.c.id).where(
                SUBSCRIPTION.c.identity == new["identity"], SUBSCRIPTION.c.id != which
            )
            there = (await connection.execute(other)).scalar()
            if there is not None:
                raise Conflict(
                    f"this subscription would then be the same as {there}",
                    code="already-subscribed",
                    hint="Remove one of them.",
                    known=(str(there),),
                )
            await connection.execute(
                update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == which).values(new)
            )
            await also(connection, former, changed)
        return changed

    async def remove(self, which: str) -> None:
        """Forget a subscription and all that was on its way to it; raises `UnknownName`."""
        async with self._database.write() as connection:
            await hold(connection)
            found = await forget(connection, [which])
        if not found:
            raise unknown(which)

    def _one(self, found: RowMapping | None, which: str) -> Subscription:
        if found is None:
            raise unknown(which)
        return subscription(found, self.safe)


async def _check_count(connection: AsyncConnection, owner: str, most: int) -> None:
    """Raise `Conflict` if ``owner`` has ``most`` webhooks; the caller holds the table."""
    asked = select(func.count()).where(
        SUBSCRIPTION.c.kind == "webhook", SUBSCRIPTION.c.owner == owner
    )
    count = (await connection.execute(asked)).scalar_one()
    if count >= most:
        raise Conflict(
            f"the tokens called {owner!r} have {count:,} subscriptions; {most:,} are allowed",
            code="too-many-subscriptions",
            hint="Remove one, or ask the operator to raise [limits] subscriptions_per_token.",
        )


async def forget(connection: AsyncConnection, ids: Collection[str]) -> int:
    """Delete subscriptions and all that was on its way to them; return how many there were."""
    gone = SUBSCRIPTION.delete().where(SUBSCRIPTION.c.id.in_(ids))
    count = (await connection.execute(gone)).rowcount
    for table in (DELIVERY, ATTEMPT):
        await connection.execute(table.delete().where(table.c.subscription_id.in_(ids)))
    return count


async def hold(connection: AsyncConnection) -> None:
    """Let nobody tell anything until the transaction ends: who hears of what is being decided."""
    await connection.execute(select(PUBLISHER.c.id).with_for_update())


def audience(subscription: Subscription) -> str:
    """Return a digest of what decides which events a subscription hears of, and in what form."""
    return _digest(
        _selection_text(subscription.selection),
        json.dumps(sorted(subscription.types)),
        str(subscription.minor),
        subscription.payload,
    )


def identity(subscription: Subscription) -> str:
    """Return a digest of what must not be there twice."""
    return _digest(
        subscription.kind,
        subscription.owner,
        subscription.url,
        subscription.topic,
        _selection_text(subscription.selection),
    )


def values(subscription: Subscription, safe: Safe) -> Values:
    """Return a subscription as a row, but for what the outbox counts."""
    return {
        "id": subscription.id,
        "identity": identity(subscription),
        "subscriber_group": audience(subscription),
        "kind": subscription.kind,
        "owner": subscription.owner,
        "url": subscription.url,
        "topic": subscription.topic,
        "selection": _selection_text(subscription.selection),
        "types": json.dumps(subscription.types),
        "minor": subscription.minor,
        "payload": subscription.payload,
        "backfill": subscription.backfill,
        "secrets": subscription.sealed or safe.store(subscription.id, subscription.secrets),
        **health(subscription),
        "lease_until_ms": perhaps_millis(subscription.lease_until),
    }


def health(subscription: Subscription) -> Values:
    """Return those columns that attempts to deliver change."""
    return {
        "state": subscription.state,
        "state_reason": subscription.state_reason,
        "failing_since_ms": perhaps_millis(subscription.failing_since),
        "fail_streak": subscription.fail_streak,
        "not_before_ms": perhaps_millis(subscription.not_before),
    }


def subscription(found: Found, safe: Safe) -> Subscription:
    """Return the subscription of a row; without its secrets where they cannot be opened.

    Raises `StorageError` where a column holds what nobody stored there.
    """
    try:
        return _subscription(found, safe)
    except (UsageError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise StorageError(
            f"subscription {found['id']} cannot be read: {error}"[:_MAX_SHOWN],
            code="unreadable-subscription",
            hint=f"Repair its row, or type: syndicate subscriptions remove {found['id']}",
        ) from error


def readable(found: Iterable[Found], safe: Safe) -> tuple[Subscription, ...]:
    """Return the subscriptions of rows, without those that cannot be read, which are logged."""
    read: list[Subscription] = []
    for row in found:
        try:
            read.append(subscription(row, safe))
        except StorageError as error:
            _log.warning("subscription unreadable", reason=error.what)
    return tuple(read)


def _subscription(found: Found, safe: Safe) -> Subscription:
    which = SubscriptionId(found["id"])
    check_choice("kind", found["kind"], Kind)
    check_choice("state", found["state"], State)
    check_choice("payload", found["payload"], Payload)
    check_number("fail_streak", found["fail_streak"])
    secrets, sealed = _opened(which, found["secrets"], safe)
    return Subscription(
        id=which,
        kind=found["kind"],
        owner=found["owner"],
        url=found["url"],
        topic=found["topic"],
        selection=selection(found["selection"]),
        types=_types(found["types"]),
        minor=bool(found["minor"]),
        payload=found["payload"],
        backfill=bool(found["backfill"]),
        secrets=secrets,
        sealed=sealed,
        state=found["state"],
        state_reason=found["state_reason"],
        failing_since=perhaps_moment(found["failing_since_ms"]),
        fail_streak=found["fail_streak"],
        not_before=perhaps_moment(found["not_before_ms"]),
        lease_until=perhaps_moment(found["lease_until_ms"]),
    )


def _types(text: str) -> tuple[EventType, ...]:
    kept = json.loads(text)
    read_types(kept)
    return tuple(kept)


def _opened(which: SubscriptionId, kept: str, safe: Safe) -> tuple[tuple[Secret, ...], str]:
    """Return the secrets that are kept, and these as they are kept if they cannot be opened."""
    try:
        return safe.load(which, kept), ""
    except StorageError:
        return (), str(kept) or "[]"


def _selection_text(selection: Selection) -> str:
    return json.dumps(
        {
            "categories": sorted(sorted(group) for group in selection.categories),
            "carousel": selection.carousel,
            "sources": _sorted(selection.sources),
            "languages": _sorted(selection.languages),
        }
    )


class _Selection(msgspec.Struct, frozen=True):
    """A selection as `_selection_text` writes it."""

    categories: frozenset[frozenset[str]]
    carousel: bool | None
    sources: frozenset[str] | None
    languages: frozenset[str] | None


@lru_cache(_SELECTIONS)
def selection(text: str) -> Selection:
    """Return the selection that a text in the database means; raises `ValueError`."""
    kept = msgspec.json.decode(text, type=_Selection)
    return Selection(
        categories=kept.categories,
        carousel=kept.carousel,
        sources=kept.sources,
        languages=kept.languages,
    )


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:32]


def _place(cursor: str) -> tuple[int, str]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise malformed(cursor)
    return int(found[1]), found[2]


def unknown(which: str) -> UnknownName:
    """Return the error that there is no subscription ``which``."""
    return UnknownName(
        f"there is no subscription {which}",
        code="unknown-subscription",
        hint="GET /v1/subscriptions and `syndicate subscriptions list` show the ids.",
    )
