"""WebSub topics: enqueue the latest state for subscribers, and cancel outdated ones."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.model.event import EventId
from syndicate.model.post import CommitId, PostId
from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.storage.channels import notify_workers
from syndicate.storage.claim_queries import promote_heads
from syndicate.storage.database import Database
from syndicate.storage.delivery_hold import IS_NOT_HELD
from syndicate.storage.ledger import check_lease, millis
from syndicate.storage.publish import (
    StoredEvent,
    active_topic_subscribers,
    insert_deliveries,
    store_events,
)
from syndicate.storage.schema import ATTEMPT, DELIVERY, EVENT, SUBSCRIPTION, TOPIC_EVENT_TYPE
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import delete_subscriptions, lock_publisher
from syndicate.storage.websub_requests import store_request

DELIVERY_RETENTION: Final = timedelta(days=1)
"""How long finished deliveries are kept: each holds a whole feed."""

_PRUNE_BATCH_SIZE: Final = 500
_NEWER: Final = DELIVERY.alias("newer")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """The current content of a topic, and the ``tag`` (entity tag) that identifies it.

    ``topic`` is the URL that subscribers used, which may spell ``canonical_url`` otherwise.
    """

    topic: str
    canonical_url: str
    tag: str
    media_type: str
    body: bytes


class WebSubTopics:
    """The WebSub subscriptions by topic. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_sent_tags(self, now: datetime) -> Mapping[str, frozenset[str]]:
        """Return the topics with active subscribers, and the tags last enqueued for these."""
        query = select(SUBSCRIPTION.c.topic, SUBSCRIPTION.c.last_sent_tag).where(
            *active_topic_subscribers(now)
        )
        tags: dict[str, frozenset[str]] = {}
        async with self._database.read() as connection:
            for topic, tag in await connection.execute(query.distinct()):
                tags[topic] = tags.get(topic, frozenset()) | {tag}
        return tags

    async def enqueue_state(self, state: TopicState, holder: str, now: datetime) -> int:
        """Enqueue a state for the subscribers that do not have it yet; return how many.

        Older states that are still pending are cancelled. Raises `StorageError`, and writes
        nothing, if ``holder`` has lost the publisher lease.
        """
        where = (
            *active_topic_subscribers(now),
            SUBSCRIPTION.c.topic == state.topic,
            SUBSCRIPTION.c.last_sent_tag != state.tag,
        )
        event = StoredEvent(
            id=EventId(f"evt_{secrets.token_hex(16)}"),
            type=TOPIC_EVENT_TYPE,
            post_id=PostId(state.canonical_url),
            commit_id=CommitId(""),
            noticed_at=now,
            full_body=state.body,
            thin_body=b"",
            media_type=state.media_type,
        )
        async with self._database.write() as connection:
            await check_lease(connection, holder, now)
            subscription_ids = await _lock_subscriptions(connection, where)
            await store_events(connection, [event])
            count = await insert_deliveries(connection, where, [event.id], now)
            await cancel_superseded(connection, subscription_ids, now)
            await connection.execute(
                update(SUBSCRIPTION).where(*where).values(last_sent_tag=state.tag)
            )
            await notify_workers(connection)
        return count

    async def end_topic(self, topic: str, reason: str, holder: str, now: datetime) -> int:
        """End all subscriptions of a topic that no longer exists; return how many.

        Their callbacks get a denial (WebSub, section 5.2). Raises `StorageError`, and writes
        nothing, if ``holder`` has lost the publisher lease.
        """
        where = (SUBSCRIPTION.c.kind == "websub", SUBSCRIPTION.c.topic == topic)
        query = select(SUBSCRIPTION.c.url).where(*active_topic_subscribers(now), *where)
        async with self._database.write() as connection:
            await check_lease(connection, holder, now)
            subscription_ids = await _lock_subscriptions(connection, where)
            for callback in (await connection.execute(query)).scalars().all():
                denial = WebSubRequest(
                    id=SubscriptionId(f"sub_{secrets.token_hex(8)}"),
                    mode="denied",
                    topic=topic,
                    callback=callback,
                    reason=reason,
                )
                await store_request(connection, denial, SecretStore(), now)
            await delete_subscriptions(connection, subscription_ids)
            await notify_workers(connection)
        return len(subscription_ids)

    async def prune(self, now: datetime) -> int:
        """Delete expired subscriptions and a batch of old states; return how many."""
        expired = select(SUBSCRIPTION.c.id).where(
            SUBSCRIPTION.c.lease_until_ms <= millis(now), IS_NOT_HELD
        )
        websub_ids = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.kind == "websub")
        # "+ 0" keeps the database from using the index by time, which also holds all webhooks.
        old = (
            select(DELIVERY.c.subscription_id, DELIVERY.c.seq)
            .where(
                DELIVERY.c.subscription_id.in_(websub_ids),
                DELIVERY.c.completed_ms + 0 < millis(now - DELIVERY_RETENTION),
            )
            .limit(_PRUNE_BATCH_SIZE)
            .with_for_update(skip_locked=True)
        )
        unreferenced = delete(EVENT).where(
            EVENT.c.type == TOPIC_EVENT_TYPE, ~exists().where(DELIVERY.c.event_id == EVENT.c.id)
        )
        async with self._database.write() as connection:
            await lock_publisher(connection)
            expired_ids = list((await connection.execute(expired)).scalars())
            await delete_subscriptions(connection, expired_ids)
            old_keys = [tuple(row) for row in await connection.execute(old)]
            for table in (ATTEMPT, DELIVERY):
                key = tuple_(table.c.subscription_id, table.c.seq)
                await connection.execute(delete(table).where(key.in_(old_keys)))
            if expired_ids or old_keys:
                await connection.execute(unreferenced)
        return len(expired_ids) + len(old_keys)


async def cancel_superseded(
    connection: AsyncConnection, subscription_ids: Iterable[SubscriptionId], now: datetime
) -> None:
    """Cancel the pending deliveries of subscriptions that have a newer one.

    The newer one becomes the head of the queue.
    """
    id_list = list(subscription_ids)
    newer = exists().where(
        _NEWER.c.subscription_id == DELIVERY.c.subscription_id, _NEWER.c.seq > DELIVERY.c.seq
    )
    statement = update(DELIVERY).where(
        DELIVERY.c.subscription_id.in_(id_list), DELIVERY.c.state == "pending", newer
    )
    await connection.execute(statement.values(state="cancelled", completed_ms=millis(now)))
    await promote_heads(connection, SUBSCRIPTION.c.id.in_(id_list))


async def _lock_subscriptions(
    connection: AsyncConnection, where: Iterable[ColumnElement[bool]]
) -> list[SubscriptionId]:
    query = select(SUBSCRIPTION.c.id).where(*where).order_by(SUBSCRIPTION.c.id).with_for_update()
    return [
        SubscriptionId(subscription_id)
        for subscription_id in (await connection.execute(query)).scalars()
    ]
