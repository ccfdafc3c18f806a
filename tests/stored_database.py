"""Databases of released versions, stored as SQL, from which upgrades are tested.

At each release, ``python -m tests.stored_database VERSION`` writes the database of that version
to ``tests/data/databases``. Clock, ids and secrets are fixed, so the output is reproducible.
"""

import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE, AuditEntry
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.storage.delivery_hold import DeliveryHold
from syndicate.storage.ledger import Ledger
from syndicate.storage.notifications import ENDPOINT, Announcement, Notifications
from syndicate.storage.portal_sessions import PortalSessions
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.tokens import Tokens
from syndicate.storage.websub_requests import store_request
from tests.storage.outbox_fixture import NOW, OutboxFixture, finished_attempt, open_outbox
from tests.web.app_client import LEDGER

FOLDER: Final = Path(__file__).parent / "data" / "databases"

TOPIC: Final = "https://feeds.example.gov/feeds/all.atom"
CALLBACK: Final = "https://reader.example/websub"

FIXED_VALUES: Final = (
    "UPDATE publisher SET ledger_id = '0f1e2d3c'",
    "UPDATE token SET id = 'tok_0f1e2d3c4b5a6978', digest = 'not the digest of any token'",
    "UPDATE portal_session SET token_id = 'tok_0f1e2d3c4b5a6978', digest = 'not a digest'",
)
"""Statements that replace random values."""

FIXED_AUDIT_VALUES: Final = "UPDATE audit_log SET object = 'tok_0f1e2d3c4b5a6978'"
"""The same for the audit log, whose trigger refuses that."""


async def fill(outbox_fixture: OutboxFixture) -> None:
    """Store at least one row in every table, through the classes that the service uses."""
    ledger = Ledger(outbox_fixture.database)
    assert await ledger.acquire_lease("publisher", NOW)
    await ledger.record("publisher", LEDGER, NOW)
    await ledger.release_lease("publisher")
    await outbox_fixture.subscribe("a", "b", events=(1, 2))
    (first, _) = await outbox_fixture.claim("worker")
    await outbox_fixture.outbox.complete([finished_attempt(first.delivery)])
    feed = Subscription(
        id=SubscriptionId("sub_feed"), kind="websub", url=CALLBACK, topic=TOPIC, owner=""
    )
    await outbox_fixture.subscriptions.add(feed, NOW)
    request = WebSubRequest(
        id=SubscriptionId("int_1"),
        mode="subscribe",
        topic=TOPIC,
        callback=f"{CALLBACK}/2",
        secret=b"a secret of the subscriber",
        lease=timedelta(days=10),
        host="reader.example",
        client="192.0.2.1",
    )
    async with outbox_fixture.database.write() as connection:
        await store_request(connection, request, SecretStore(), NOW)
    new_token = NewToken(role="partner", name="Example agency")
    token, _ = await Tokens(outbox_fixture.database).create(new_token, NOW, SERVICE)
    await PortalSessions(outbox_fixture.database).create(token.id, NOW)
    hold = AuditEntry(at=NOW, actor=SERVICE, action="deliveries.held", object_id="")
    await DeliveryHold(outbox_fixture.database).begin(hold)
    announcement = Announcement("sub_a", "c0ffee")
    await Notifications(outbox_fixture.database).replace(ENDPOINT, announcement, "", "failing", NOW)


async def dump() -> str:
    """Return the SQL that creates the database of this version."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "syndicate.db"
        async with open_outbox(f"sqlite:///{file}") as outbox_fixture:
            await fill(outbox_fixture)
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for statement in FIXED_VALUES:
                connection.execute(statement)
            trigger = "audit_log_refuses_update"
            query = "SELECT sql FROM sqlite_master WHERE name = ?"
            ((definition,),) = connection.execute(query, [trigger]).fetchall()
            connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(FIXED_AUDIT_VALUES)
            connection.execute(definition)
            return "".join(f"{line}\n" for line in connection.iterdump())


def restore(script: Path, file: Path) -> None:
    """Create the SQLite database ``file`` from a stored ``script``."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script.read_text("utf-8"))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{sys.argv[1]}.sql").write_text(asyncio.run(dump()), "utf-8")
