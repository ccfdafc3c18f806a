"""Copying all rows of a database into another one, of each kind."""

import pathlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from syndicate.errors import StorageError
from syndicate.model.audit import SERVICE, AuditEntry
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.retention import Retention
from syndicate.storage import database_copy
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.database import Database
from syndicate.storage.database_copy import (
    COPY_HOLDER,
    DatabaseCopy,
    copy_database,
    open_target,
    row_counts,
)
from syndicate.storage.ledger import Ledger
from syndicate.storage.schema import (
    AUDIT_LOG,
    AUDIT_RETENTION,
    DELIVERY,
    METADATA,
    PUBLISHER,
    SUBSCRIPTION,
)
from tests.databases import DATABASE_KINDS, database_of_kind, open_database
from tests.storage.outbox_fixture import NOW, finished_attempt, open_outbox
from tests.stored_database import fill

Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(params=DATABASE_KINDS)
def target_url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a database without tables."""
    with database_of_kind(request, tmp_path / "target" / "syndicate.db", empty=True) as url:
        yield url


async def copy(source_url: str, target_url: str) -> DatabaseCopy:
    """Copy a database."""
    source, target = await Database.open(source_url), await open_target(target_url)
    try:
        return await copy_database(source, target, NOW)
    finally:
        await source.close()
        await target.close()


async def all_rows(url: str) -> Rows:
    """Return the rows of every table, sorted by their text."""
    async with open_database(url) as database, database.read() as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in (await connection.execute(select(table))).all()), key=repr
            )
            for table in METADATA.sorted_tables
            if table is not PUBLISHER
        }


async def cursor_of(url: str) -> LedgerCursor:
    """Return the cursor after everything in the ledger of a database."""
    async with open_database(url) as database:
        return await Ledger(database).end_cursor()


async def fill_database(url: str) -> None:
    """Store rows in every table."""
    async with open_outbox(url) as outbox_fixture:
        await fill(outbox_fixture)


def written_rows(result: DatabaseCopy) -> dict[str, tuple[int, int, int]]:
    """Return the numbers of rows added, changed and removed, of the tables where one is not 0."""
    numbers = {each.table: (each.added, each.changed, each.removed) for each in result.tables}
    return {table: counts for table, counts in numbers.items() if any(counts)}


async def test_copy_has_every_row_of_every_table(address: str, target_url: str) -> None:
    """And the same ledger, from each kind of database into each."""
    await fill_database(address)

    result = await copy(address, target_url)

    copied = await all_rows(target_url)
    assert copied == await all_rows(address)
    assert all(copied.values())
    assert await cursor_of(target_url) == await cursor_of(address)
    assert result.is_first
    assert {each.table: each.total for each in result.tables} == {
        table: len(rows) for table, rows in copied.items() if table != "audit_retention"
    }


async def test_rows_are_written_in_batches(
    address: str, target_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table may have more rows than fit into memory."""
    monkeypatch.setattr(database_copy, "_BATCH_ROWS", 2)
    async with open_outbox(address) as outbox_fixture:
        await outbox_fixture.subscribe("a", "b", events=(1, 2, 3, 4, 5))

    await copy(address, target_url)

    assert await all_rows(target_url) == await all_rows(address)


async def test_second_copy_writes_only_what_differs(address: str, target_url: str) -> None:
    """Rows that came, changed and went meanwhile."""
    await fill_database(address)
    await copy(address, target_url)
    async with open_outbox(address) as outbox_fixture:
        await outbox_fixture.subscribe("c", events=(3,))
        async with outbox_fixture.database.write() as connection:
            await connection.execute(
                update(DELIVERY).where(DELIVERY.c.seq == 2).values(last_error="refused")
            )
            await connection.execute(delete(SUBSCRIPTION).where(SUBSCRIPTION.c.id == "sub_feed"))

    result = await copy(address, target_url)

    assert await all_rows(target_url) == await all_rows(address)
    assert not result.is_first
    assert written_rows(result) == {
        "delivery": (1, 2, 0),
        "event": (1, 0, 0),
        "subscription": (1, 0, 1),
    }
    assert written_rows(await copy(address, target_url)) == {}


async def test_unique_value_moves_to_another_row_between_two_copies(
    address: str, target_url: str
) -> None:
    """A partner removes a subscription and creates the same one again, with a lower id."""
    await fill_database(address)
    await copy(address, target_url)
    async with open_database(address) as database, database.write() as connection:
        await connection.execute(
            update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == "sub_b").values(id="sub_0")
        )

    result = await copy(address, target_url)

    assert written_rows(result) == {"subscription": (1, 0, 1)}
    assert await all_rows(target_url) == await all_rows(address)


async def test_audit_log_of_a_copy_follows_the_retention(address: str, target_url: str) -> None:
    """Entries that were deleted meanwhile go, and the log then refuses changes as before."""
    await fill_database(address)
    await copy(address, target_url)
    async with open_database(address) as database:
        later = NOW + timedelta(days=4_000)
        await AuditLog(database).prune(later, Retention())

    assert written_rows(await copy(address, target_url))["audit_log"] == (0, 0, 2)

    async with open_database(target_url) as database:
        async with database.read() as connection:
            allowed = (await connection.execute(select(AUDIT_RETENTION))).one()
        assert tuple(allowed) == (1, 0, 0)


async def test_new_entries_of_a_copy_follow_those_copied(address: str, target_url: str) -> None:
    """Their ids do."""
    await fill_database(address)
    await copy(address, target_url)
    entry = AuditEntry(at=NOW, actor=SERVICE, action="settings.changed", object_id="x")
    async with open_database(target_url) as database:
        await AuditLog(database).add(entry)
        (newest, copied, *_) = await AuditLog(database).latest()
    assert newest.object_id == "x"
    assert newest.id == copied.id + 1


async def test_empty_database_can_be_copied(address: str, target_url: str) -> None:
    """The first entry of the audit log then has the id 1."""
    await copy(address, target_url)
    entry = AuditEntry(at=NOW, actor=SERVICE, action="settings.changed", object_id="x")
    async with open_database(target_url) as database:
        await AuditLog(database).add(entry)
        (newest,) = await AuditLog(database).latest()
        counts = await row_counts(database)
    assert newest.id == 1
    assert counts.pop("audit_log") == 1
    assert set(counts.values()) == {0}


async def test_target_with_other_rows_is_refused(address: str, target_url: str) -> None:
    """Nothing in it is changed."""
    await fill_database(address)
    await Database.upgrade_at(target_url)
    async with open_database(target_url) as database:
        await AuditLog(database).add(
            AuditEntry(at=NOW, actor=SERVICE, action="settings.changed", object_id="x")
        )
    before = await all_rows(target_url)

    with pytest.raises(StorageError) as refused:
        await copy(address, target_url)

    assert refused.value.code == "database-not-empty"
    assert "audit_log" in refused.value.message
    assert await all_rows(target_url) == before


async def test_copy_that_a_service_used_is_refused(address: str, target_url: str) -> None:
    """Running the command again after the move would undo what happened since."""
    await fill_database(address)
    await copy(address, target_url)
    async with open_database(target_url) as database:
        assert await Ledger(database).lease_holder() == COPY_HOLDER
        assert await Ledger(database).acquire_lease("service", NOW)
        await Ledger(database).release_lease("service")

    with pytest.raises(StorageError, match="holds rows already"):
        await copy(address, target_url)


async def test_copy_that_somebody_changed_is_refused(address: str, target_url: str) -> None:
    """A token was created in it, before a service took the lease; nothing is deleted."""
    await fill_database(address)
    await copy(address, target_url)
    entry = AuditEntry(at=NOW, actor=SERVICE, action="token.created", object_id="tok_1")
    async with open_database(target_url) as database:
        await AuditLog(database).add(entry)
    before = await all_rows(target_url)
    async with open_database(address) as database:
        await AuditLog(database).add(replace(entry, object_id="tok_2"))

    with pytest.raises(StorageError) as refused:
        await copy(address, target_url)

    assert refused.value.code == "database-not-empty"
    assert await all_rows(target_url) == before


async def test_copy_that_deliveries_were_sent_from_is_refused(
    address: str, target_url: str
) -> None:
    """They would be sent again; the attempts of a subscription that is gone do not count."""
    async with open_outbox(address) as outbox_fixture:
        await outbox_fixture.subscribe("a", events=(1,))
    await copy(address, target_url)
    async with open_outbox(target_url) as outbox_fixture:
        (claim,) = await outbox_fixture.claim("worker")
        await outbox_fixture.outbox.complete([finished_attempt(claim.delivery)])

    with pytest.raises(StorageError, match="holds rows already"):
        await copy(address, target_url)

    async with open_database(address) as database, database.write() as connection:
        await connection.execute(delete(SUBSCRIPTION))
    assert written_rows(await copy(address, target_url))["attempt"] == (0, 0, 1)


@pytest.mark.parametrize("user", ["publisher", "worker"])
async def test_use_of_the_source_is_reported(address: str, target_url: str, user: str) -> None:
    """By a publisher that holds the lease, or a worker that is sending."""
    async with open_outbox(address) as outbox_fixture:
        await outbox_fixture.subscribe("a", events=(1,))
        assert not (await copy(address, target_url)).is_source_in_use
        if user == "publisher":
            assert await Ledger(outbox_fixture.database).acquire_lease("service", NOW)
        else:
            await outbox_fixture.claim("worker")

        assert (await copy(address, target_url)).is_source_in_use


async def test_copy_fails_as_a_whole(address: str, target_url: str) -> None:
    """A row that the target refuses leaves nothing there."""
    await fill_database(address)
    await Database.upgrade_at(target_url)
    async with open_database(address) as database, database.write() as connection:
        entry = {"at_ms": 0, "actor": "", "action": "", "object": "", "address": "", "detail": ""}
        await connection.execute(insert(AUDIT_LOG).values(entry))
    async with open_database(target_url) as database:
        async with database.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE token RENAME COLUMN role TO other")
        with pytest.raises(StorageError):
            await copy(address, target_url)
        async with database.read() as connection:
            assert (await connection.execute(select(AUDIT_LOG))).all() == []
