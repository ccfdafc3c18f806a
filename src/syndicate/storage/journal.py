"""The journal of deliveries: shown, sent again, and forgotten in time."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import Conflict, UnknownName
from syndicate.model.brief import Heard
from syndicate.model.delivery import Attempt, Delivery, State
from syndicate.model.delivery import replay as again
from syndicate.model.event import cursor
from syndicate.model.position import Position
from syndicate.model.post import PostId
from syndicate.model.subscription import SubscriptionId, is_well_formed_id
from syndicate.storage import turn
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.posting import ring
from syndicate.storage.rows import attempt, deliveries, delivery
from syndicate.storage.schema import ATTEMPT, DELIVERY, EVENT, SUBSCRIPTION, UNFINISHED
from syndicate.storage.subscriptions import hold, unknown

DELIVERED_KEPT: Final = timedelta(days=30)
OTHERS_KEPT: Final = timedelta(days=90)
ANSWERS_KEPT: Final = timedelta(days=7)
"""How long the bytes of receivers' answers are kept."""

_SEQ: Final = re.compile(r"[0-9]{1,18}")
_BATCH: Final = 500
"""Rows forgotten in one transaction, so that nobody waits for it."""


Also = Callable[[AsyncConnection, Mapping[PostId, Heard]], Awaitable[int]]


class Journal:
    """What was and is on its way, in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        subscription: SubscriptionId,
        *,
        state: State | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[Delivery, ...]:
        """Return deliveries of a subscription, the newest first, from below ``before`` (a seq)."""
        asked = deliveries().where(DELIVERY.c.subscription_id == subscription)
        if state is not None:
            asked = asked.where(DELIVERY.c.state == state)
        if before is not None:
            asked = asked.where(DELIVERY.c.seq < before)
        asked = asked.order_by(DELIVERY.c.seq.desc()).limit(limit)
        async with self._database.read() as connection:
            return tuple(delivery(row) for row in (await connection.execute(asked)).mappings())

    async def find(self, which: str) -> tuple[Delivery, tuple[Attempt, ...]]:
        """Return a delivery and its attempts, the first one first; raises `UnknownName`."""
        subscription, seq = _parts(which)
        attempts = (
            select(ATTEMPT)
            .where(ATTEMPT.c.subscription_id == subscription, ATTEMPT.c.seq == seq)
            .order_by(ATTEMPT.c.number)
        )
        async with self._database.read() as connection:
            found = await _one(connection, which)
            made = (await connection.execute(attempts)).mappings()
            return found, tuple(attempt(row) for row in made)

    async def pending(self, ids: Iterable[SubscriptionId]) -> Mapping[SubscriptionId, int]:
        """Return how many deliveries wait for each of the subscriptions that have any."""
        asked = (
            select(DELIVERY.c.subscription_id, func.count())
            .where(UNFINISHED, DELIVERY.c.subscription_id.in_(list(ids)))
            .group_by(DELIVERY.c.subscription_id)
        )
        async with self._database.read() as connection:
            found = await connection.execute(asked)
            return {SubscriptionId(which): count for which, count in found}

    async def last_attempt(self, subscription: SubscriptionId) -> Attempt | None:
        """Return the latest attempt to deliver anything to a subscription."""
        asked = (
            select(ATTEMPT)
            .where(ATTEMPT.c.subscription_id == subscription)
            .order_by(ATTEMPT.c.started_ms.desc(), ATTEMPT.c.seq.desc(), ATTEMPT.c.number.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).mappings().first()
        return None if found is None else attempt(found)

    async def replay(self, which: str, now: datetime) -> Delivery:
        """Send a delivery again, unless it is being sent; raises `UnknownName`."""
        subscription, seq = _parts(which)
        async with self._database.write() as connection:
            await _lock(connection, subscription)
            replayed = again(await _one(connection, which), now=now)
            if replayed.state == "pending":
                one = (DELIVERY.c.subscription_id == subscription, DELIVERY.c.seq == seq)
                await _revive(connection, one, now)
                await turn.advance(connection, SUBSCRIPTION.c.id == subscription)
            await ring(connection)
        return replayed

    async def recover(
        self,
        subscription: SubscriptionId,
        since: datetime | None,
        now: datetime,
        *,
        also: Also | None = None,
    ) -> int:
        """Send everything that was told since then again, in order; return how much that is.

        All of it, so that the last word on each post is the last to be heard; without a time
        nothing. ``also`` is given the last word that they have on each post, writes what else is
        to be heard after them, and says how much that is. Raises `UnknownName`, and `Conflict` if
        the subscription is disabled.
        """
        async with self._database.write() as connection:
            await hold(connection)
            state = await _lock(connection, subscription)
            if state is None:
                raise unknown(subscription)
            if state == "disabled":
                raise Conflict(
                    f"{subscription} is disabled: nothing is sent to it",
                    code="subscription-disabled",
                    hint="Resume it first.",
                )
            recovered, heard = 0, dict[PostId, Heard]()
            first = None if since is None else await _first_since(connection, subscription, since)
            if first is not None:
                recovered, heard = await _send_again(connection, subscription, first, now)
            if also is not None:
                recovered += await also(connection, heard)
            await ring(connection)
        return recovered

    async def prune(self, now: datetime) -> int:
        """Forget a batch of what is too old; return how many rows changed, 0 when none is left."""
        key = tuple_(DELIVERY.c.subscription_id, DELIVERY.c.seq)
        delivered = DELIVERY.c.state == "delivered"
        old = (
            select(DELIVERY.c.subscription_id, DELIVERY.c.seq)
            .where(
                or_(
                    and_(delivered, DELIVERY.c.completed_ms < millis(now - DELIVERED_KEPT)),
                    DELIVERY.c.completed_ms < millis(now - OTHERS_KEPT),
                )
            )
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        logged = tuple_(ATTEMPT.c.subscription_id, ATTEMPT.c.seq, ATTEMPT.c.number)
        stale = (
            select(ATTEMPT.c.subscription_id, ATTEMPT.c.seq, ATTEMPT.c.number)
            .where(ATTEMPT.c.started_ms < millis(now - ANSWERS_KEPT), ATTEMPT.c.answer != "")
            .limit(_BATCH)
        )
        heard = exists().where(DELIVERY.c.event_id == EVENT.c.id)
        unheard = (
            select(EVENT.c.id)
            .where(EVENT.c.detected_ms < millis(now - DELIVERED_KEPT), ~heard)
            .limit(_BATCH)
        )
        async with self._database.write() as connection:
            which = [tuple(row) for row in await connection.execute(old)]
            of = tuple_(ATTEMPT.c.subscription_id, ATTEMPT.c.seq)
            statements = (
                delete(ATTEMPT).where(of.in_(which)),
                delete(DELIVERY).where(key.in_(which)),
                update(ATTEMPT).where(logged.in_(stale)).values(answer=""),
                delete(EVENT).where(EVENT.c.id.in_(unheard)),
            )
            return sum([(await connection.execute(one)).rowcount for one in statements])


async def _lock(connection: AsyncConnection, subscription: str) -> str | None:
    """Let nobody claim for or write of a subscription meanwhile, nor tell it anything.

    Returns its state, None if there is none.
    """
    asked = select(DELIVERY.c.seq).where(UNFINISHED, DELIVERY.c.subscription_id == subscription)
    locked = select(SUBSCRIPTION.c.state).where(SUBSCRIPTION.c.id == subscription)
    state: str | None = (await connection.execute(locked.with_for_update())).scalar()
    await connection.execute(asked.order_by(DELIVERY.c.seq).with_for_update())
    return state


async def _first_since(
    connection: AsyncConnection, subscription: SubscriptionId, since: datetime
) -> int | None:
    """Return the number of the first delivery of what was noticed since then.

    What comes after it was told later, though it may have been noticed a moment before.
    """
    asked = (
        select(func.min(DELIVERY.c.seq))
        .join(EVENT, EVENT.c.id == DELIVERY.c.event_id)
        .where(DELIVERY.c.subscription_id == subscription, EVENT.c.detected_ms >= millis(since))
    )
    first: int | None = (await connection.execute(asked)).scalar()
    return first


async def _send_again(
    connection: AsyncConnection, subscription: SubscriptionId, first: int, now: datetime
) -> tuple[int, dict[PostId, Heard]]:
    """Let everything from a delivery on be sent again.

    Returns how much that is, and the last word that it has on each post.
    """
    since = (DELIVERY.c.subscription_id == subscription, DELIVERY.c.seq >= first)
    await _revive(connection, (*since, DELIVERY.c.state != "leased"), now)
    await turn.advance(connection, SUBSCRIPTION.c.id == subscription)
    asked = (
        select(EVENT.c.post_id, EVENT.c.type, EVENT.c.thin_body)
        .join_from(DELIVERY, EVENT, DELIVERY.c.event_id == EVENT.c.id)
        .where(*since)
        .order_by(DELIVERY.c.seq)
    )
    found = (await connection.execute(asked)).all()
    last = {PostId(post): (kind, bytes(thin)) for post, kind, thin in found}
    heard = {
        post: Heard(kind=kind, generation=Position.parse(cursor(thin)).generation)
        for post, (kind, thin) in last.items()
    }
    return len(found), heard


async def _revive(
    connection: AsyncConnection, which: Sequence[ColumnElement[bool]], now: datetime
) -> None:
    """Let deliveries be sent again, as `replay` has it, when their turn comes."""
    reviving = update(DELIVERY).where(*which)
    values = {"state": "pending", "trigger": "manual", "step": 0, "due_ms": millis(now)}
    await connection.execute(reviving.values(**values, completed_ms=None, is_head=False))


async def _one(connection: AsyncConnection, which: str) -> Delivery:
    subscription, seq = _parts(which)
    asked = deliveries().where(DELIVERY.c.subscription_id == subscription, DELIVERY.c.seq == seq)
    found = (await connection.execute(asked)).mappings().first()
    if found is None:
        raise unknown_delivery(which)
    return delivery(found)


def unknown_delivery(which: str) -> UnknownName:
    """Return the error that there is no delivery ``which``."""
    return UnknownName(
        f"there is no delivery {which}",
        code="unknown-delivery",
        hint="They are listed by subscription; old ones are forgotten.",
    )


def _parts(which: str) -> tuple[str, int]:
    """Read the id of a delivery; what is none leads to no row."""
    subscription, _, seq = which.rpartition(".")
    if not is_well_formed_id(subscription):
        return "", 0
    return subscription, int(seq) if _SEQ.fullmatch(seq) else 0
