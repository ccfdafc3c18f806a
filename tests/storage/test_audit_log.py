"""The audit log: entries are added and read, and nothing but retention deletes them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from syndicate.errors import StorageError
from syndicate.model.audit import Actor, AuditAction, AuditEntry
from syndicate.model.retention import Retention
from syndicate.storage import audit_log
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.database import Database
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio

RETENTION = Retention.from_days(deliveries=30, responses=7, audit=365, client_addresses=90)
CLIENT = Actor(name="token:tok_1 (Example agency)", address="192.0.2.1")


def entry(
    number: int, *, at: datetime = NOW, action: AuditAction = "subscription.created"
) -> AuditEntry:
    """Return an entry about subscription ``number``."""
    return AuditEntry(
        at=at, actor=CLIENT, action=action, object_id=f"sub_{number}", detail={"host": "x.example"}
    )


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    """Return an open database without content."""
    opened = await Database.open(address)
    yield opened
    await opened.close()


@pytest.fixture
def log(database: Database) -> AuditLog:
    """Return an empty audit log."""
    return AuditLog(database)


async def test_entries_are_listed_newest_first(log: AuditLog) -> None:
    """By action and page."""
    for number in range(3):
        await log.add(entry(number))
    await log.add(entry(3, action="secret.rotated"))
    latest = await log.latest()
    assert [found.object_id for found in latest] == ["sub_3", "sub_2", "sub_1", "sub_0"]
    assert (latest[0].actor, latest[0].at, latest[0].detail) == (
        CLIENT,
        NOW,
        {"host": "x.example"},
    )
    rotated = await log.latest(action="secret.rotated")
    assert [found.object_id for found in rotated] == ["sub_3"]
    older = await log.latest(before=latest[1].id, limit=1)
    assert [found.object_id for found in older] == ["sub_1"]


async def test_entries_are_exported_in_pages(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Oldest first, since a time."""
    monkeypatch.setattr(audit_log, "PAGE_SIZE", 2)
    for number in range(3):
        await log.add(entry(number, at=NOW + timedelta(hours=number)))
    first = await log.page_after(0, since=None)
    assert [found.object_id for found in first] == ["sub_0", "sub_1"]
    second = await log.page_after(first[-1].id, since=None)
    assert [found.object_id for found in second] == ["sub_2"]
    late = await log.page_after(0, since=NOW + timedelta(hours=1))
    assert [found.object_id for found in late] == ["sub_1", "sub_2"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = 'nobody'",
        "UPDATE audit_log SET address = ''",
        "UPDATE audit_log SET detail = '{}'",
    ],
)
async def test_database_refuses_to_change_entries(
    log: AuditLog, database: Database, statement: str
) -> None:
    """Triggers look at every statement."""
    await log.add(entry(1))
    before = await log.latest()
    with pytest.raises(StorageError, match="audit_log: entries are"):
        async with database.write() as connection:
            await connection.execute(text(statement))
    assert await log.latest() == before


async def test_database_refuses_to_truncate_the_log(log: AuditLog, database: Database) -> None:
    """PostgreSQL could delete rows without looking at them."""
    await log.add(entry(1))
    if database.is_sqlite:  # has no such statement
        return
    with pytest.raises(StorageError, match="deleted by retention only"):
        async with database.write() as connection:
            await connection.execute(text("TRUNCATE audit_log"))


async def test_retention_clears_addresses_and_deletes_old_entries(
    log: AuditLog, database: Database
) -> None:
    """Each after its own time; the triggers then refuse as before."""
    ages = (0, 89, 91, 364, 366)
    for days in ages:
        await log.add(entry(days, at=NOW - timedelta(days=days)))
    await log.prune(NOW, RETENTION)
    assert {found.object_id: found.actor.address for found in await log.latest()} == {
        "sub_0": "192.0.2.1",
        "sub_89": "192.0.2.1",
        "sub_91": "",
        "sub_364": "",
    }
    with pytest.raises(StorageError, match="deleted by retention only"):
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM audit_log WHERE object = 'sub_364'"))


async def test_not_even_retention_changes_more_than_the_address(
    log: AuditLog, database: Database
) -> None:
    """The trigger compares every other column."""
    await log.add(entry(1))
    allow = "UPDATE audit_retention SET clear_addresses_before_ms = 99999999999999"
    change = "UPDATE audit_log SET address = '', actor = 'nobody'"
    async with database.write() as connection:
        await connection.execute(text(allow))
        with pytest.raises(DBAPIError, match="entries are not changed"):
            await connection.execute(text(change))
        await connection.rollback()
