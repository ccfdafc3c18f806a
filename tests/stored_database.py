"""Databases as released versions left them, kept as SQL so that upgrades from them stay tested.

At each release, ``python -m tests.stored_database VERSION`` writes the database of that version
into ``tests/data/databases``. Clock, ids and secrets are fixed: written again, the file is the
same.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from syndicate.model.intent import Intent
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.intents import put
from syndicate.storage.ledger import Ledger
from syndicate.storage.safe import Safe
from syndicate.storage.tokens import Tokens
from tests.storage.mailroom import NOW, Mailroom, done, within
from tests.web.site import LEDGER

FOLDER: Final = Path(__file__).parent / "data" / "databases"

TOPIC: Final = "https://feeds.example.gov/feeds/all.atom"
CALLBACK: Final = "https://reader.example/websub"

FIXED: Final = (
    "UPDATE publisher SET ledger_id = '0f1e2d3c'",
    "UPDATE token SET id = 'tok_0f1e2d3c4b5a6978', digest = 'not the digest of any token'",
)
"""What replaces random values."""


async def fill(mailroom: Mailroom) -> None:
    """Store at least one row in every table, through the classes that the service uses."""
    ledger = Ledger(mailroom.database)
    assert await ledger.lease("publisher", NOW)
    await ledger.tell("publisher", LEDGER, NOW)
    await ledger.release("publisher")
    await mailroom.subscribe("a", "b", letters=(1, 2))
    (first, _) = await mailroom.claim("worker")
    await mailroom.outbox.complete([done(first.delivery)])
    feed = Subscription(
        id=SubscriptionId("sub_feed"), kind="websub", url=CALLBACK, topic=TOPIC, owner=""
    )
    await mailroom.subscriptions.add(feed, NOW)
    intent = Intent(
        id=SubscriptionId("int_1"),
        mode="subscribe",
        topic=TOPIC,
        callback=f"{CALLBACK}/2",
        secret=b"a secret of the subscriber",
        lease=timedelta(days=10),
        host="reader.example",
        client="192.0.2.1",
    )
    async with mailroom.database.write() as connection:
        await put(connection, intent, Safe(), NOW)
    await Tokens(mailroom.database).create("partner", "Example agency", NOW)


def dump() -> str:
    """Return the SQL that makes the database of this version."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "syndicate.db"
        within(f"sqlite:///{file}", fill)
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for statement in FIXED:
                connection.execute(statement)
            return "".join(f"{line}\n" for line in connection.iterdump())


def load(script: Path, file: Path) -> None:
    """Make the SQLite database ``file`` from a stored ``script``."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script.read_text("utf-8"))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{sys.argv[1]}.sql").write_text(dump(), "utf-8")
