"""What WebSub subscribers hear: the latest state of a topic, and none that is out of date."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.model.event import EventId
from syndicate.model.intent import Intent
from syndicate.model.post import CommitId, PostId
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.intents import put
from syndicate.storage.ledger import fence, millis
from syndicate.storage.posting import Letter, deliver, keep, ring
from syndicate.storage.safe import Safe
from syndicate.storage.schema import ATTEMPT, DELIVERY, EVENT, SUBSCRIPTION, TOPIC
from syndicate.storage.subscriptions import forget, hold
from syndicate.storage.turn import advance

KEPT: Final = timedelta(days=1)
"""How long a delivery that came to its end is shown: each state of a topic is a whole feed."""

_BATCH: Final = 500
_NEWER: Final = DELIVERY.alias("newer")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a topic is now: its ``address``, the ``tag`` of its bytes, and these.

    ``topic`` is what subscribers call it, which may be another spelling of its address.
    """

    topic: str
    address: str
    tag: str
    media_type: str
    body: bytes


class Topics:
    """Who follows which topic, in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heard(self, now: datetime) -> Mapping[str, frozenset[str]]:
        """Return the topics that somebody follows, and the tags of what was heard of each."""
        asked = select(SUBSCRIPTION.c.topic, SUBSCRIPTION.c.last_sent_tag).where(*_following(now))
        heard: dict[str, frozenset[str]] = {}
        async with self._database.read() as connection:
            for topic, tag in await connection.execute(asked.distinct()):
                heard[topic] = heard.get(topic, frozenset()) | {tag}
        return heard

    async def spread(self, state: State, by: str, now: datetime) -> int:
        """Put a state into the outbox for everybody who did not hear it yet; return how many.

        What they were to hear before and nobody has begun to send is cancelled. Raises
        `StorageError`, and writes nothing, if ``by`` has lost the right to tell.
        """
        whom = (
            *_following(now),
            SUBSCRIPTION.c.topic == state.topic,
            SUBSCRIPTION.c.last_sent_tag != state.tag,
        )
        letter = Letter(
            id=EventId(f"evt_{secrets.token_hex(16)}"),
            type=TOPIC,
            post=PostId(state.address),
            commit=CommitId(""),
            at=now,
            whole=state.body,
            thin=b"",
            media_type=state.media_type,
        )
        async with self._database.write() as connection:
            await fence(connection, by, now)
            ids = await _lock(connection, whom)
            await keep(connection, [letter])
            made = await deliver(connection, whom, [letter.id], now)
            await supersede(connection, ids, now)
            await connection.execute(
                update(SUBSCRIPTION).where(*whom).values(last_sent_tag=state.tag)
            )
            await ring(connection)
        return made

    async def end(self, topic: str, reason: str, by: str, now: datetime) -> int:
        """End all subscriptions of a topic that is no more, and have it told; return how many.

        Raises `StorageError`, and writes nothing, if ``by`` has lost the right to tell.
        """
        whom = (SUBSCRIPTION.c.kind == "websub", SUBSCRIPTION.c.topic == topic)
        asked = select(SUBSCRIPTION.c.url).where(*_following(now), *whom)
        async with self._database.write() as connection:
            await fence(connection, by, now)
            ids = await _lock(connection, whom)
            for callback in (await connection.execute(asked)).scalars().all():
                denial = Intent(
                    id=SubscriptionId(f"sub_{secrets.token_hex(8)}"),
                    mode="denied",
                    topic=topic,
                    callback=callback,
                    reason=reason,
                )
                await put(connection, denial, Safe(), now)
            await forget(connection, ids)
            await ring(connection)
        return len(ids)

    async def prune(self, now: datetime) -> int:
        """Forget subscriptions whose lease is over, and a batch of old states; return how many."""
        over = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.lease_until_ms <= millis(now))
        following = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.kind == "websub")
        # By subscription, as + 0 says: by time there are the deliveries of all webhooks as well.
        old = (
            select(DELIVERY.c.subscription_id, DELIVERY.c.seq)
            .where(
                DELIVERY.c.subscription_id.in_(following),
                DELIVERY.c.completed_ms + 0 < millis(now - KEPT),
            )
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        unheard = delete(EVENT).where(
            EVENT.c.type == TOPIC, ~exists().where(DELIVERY.c.event_id == EVENT.c.id)
        )
        async with self._database.write() as connection:
            await hold(connection)
            ids = list((await connection.execute(over)).scalars())
            await forget(connection, ids)
            which = [tuple(row) for row in await connection.execute(old)]
            for table in (ATTEMPT, DELIVERY):
                of = tuple_(table.c.subscription_id, table.c.seq)
                await connection.execute(delete(table).where(of.in_(which)))
            if ids or which:
                await connection.execute(unheard)
        return len(ids) + len(which)


async def supersede(
    connection: AsyncConnection, ids: Iterable[SubscriptionId], now: datetime
) -> None:
    """Cancel what these subscriptions were to hear before something newer, if it is not sent.

    What is newer has its turn then.
    """
    whom = list(ids)
    newer = exists().where(
        _NEWER.c.subscription_id == DELIVERY.c.subscription_id, _NEWER.c.seq > DELIVERY.c.seq
    )
    cancelling = update(DELIVERY).where(
        DELIVERY.c.subscription_id.in_(whom), DELIVERY.c.state == "pending", newer
    )
    await connection.execute(cancelling.values(state="cancelled", completed_ms=millis(now)))
    await advance(connection, SUBSCRIPTION.c.id.in_(whom))


async def _lock(
    connection: AsyncConnection, whom: Iterable[ColumnElement[bool]]
) -> list[SubscriptionId]:
    asked = select(SUBSCRIPTION.c.id).where(*whom).order_by(SUBSCRIPTION.c.id).with_for_update()
    return [SubscriptionId(which) for which in (await connection.execute(asked)).scalars()]


def _following(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        SUBSCRIPTION.c.kind == "websub",
        SUBSCRIPTION.c.state != "disabled",
        SUBSCRIPTION.c.lease_until_ms > millis(now),
    )
