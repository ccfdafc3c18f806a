"""Upgrades from every released version, and the refusal of prerelease databases."""

import pathlib
import shutil
from collections.abc import Callable
from typing import Final, TypeVar

import pytest
from sqlalchemy import (
    Boolean,
    Connection,
    MetaData,
    Table,
    create_engine,
    func,
    insert,
    make_url,
    select,
    text,
)

from syndicate.errors import StorageError
from syndicate.storage import migrations
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.ledger import Ledger
from syndicate.storage.schema import METADATA, PRERELEASE_REVISIONS, REVISION
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.tokens import Tokens
from tests import stored_database
from tests.databases import open_database
from tests.storage.schema_description import describe_schema
from tests.web.app_client import LEDGER

RELEASES: Final = sorted(stored_database.FOLDER.glob("*.sql"))
Result = TypeVar("Result")


def run(url: str, work: Callable[[Connection], Result]) -> Result:
    """Return what ``work`` returns in a transaction on the database at ``url``."""
    driver = "postgresql+psycopg" if url.startswith("postgresql") else "sqlite"
    engine = create_engine(make_url(url).set(drivername=driver))
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def restore(release: pathlib.Path, url: str, folder: pathlib.Path) -> None:
    """Restore the database of a release at ``url``, which is empty.

    On PostgreSQL the migrations of that version create the tables, and the rows are copied.
    """
    file = folder / "stored.db"
    stored_database.restore(release, file)
    if url.startswith("sqlite:"):
        target = pathlib.Path(make_url(url).database or "")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        return

    def read(source: Connection) -> tuple[MetaData, dict[str, list[dict[str, object]]]]:
        tables = MetaData()
        tables.reflect(source)
        rows = {
            table.name: [dict(row) for row in source.execute(select(table)).mappings()]
            for table in tables.sorted_tables
        }
        return tables, rows

    _, rows = run(f"sqlite:///{file}", read)
    (version,) = rows.pop("alembic_version")
    run(url, lambda connection: migrations.upgrade(connection, url, str(version["version_num"])))

    def write(target: Connection) -> None:
        tables = MetaData()
        tables.reflect(target)
        for name, found in rows.items():
            target.execute(tables.tables[name].delete())
            converted = [postgresql_row(tables.tables[name], row) for row in found]
            target.execute(insert(tables.tables[name]), converted)

    run(url, write)


def postgresql_row(table: Table, row: dict[str, object]) -> dict[str, object]:
    """Return an SQLite row with the types of PostgreSQL: booleans in place of 0 and 1."""
    return {
        name: bool(value) if isinstance(table.columns[name].type, Boolean) else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
async def test_database_of_every_release_is_upgraded(
    release: pathlib.Path, empty_address: str, tmp_path: pathlib.Path
) -> None:
    """Its schema becomes that of a new database, and its content can be read."""
    restore(release, empty_address, tmp_path)

    assert await Database.upgrade_at(empty_address) == REVISION

    upgraded = run(empty_address, describe_schema)
    run(empty_address, METADATA.drop_all)
    run(empty_address, METADATA.create_all)
    assert upgraded == run(empty_address, describe_schema)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
async def test_upgrade_keeps_all_rows(
    release: pathlib.Path, empty_address: str, tmp_path: pathlib.Path
) -> None:
    """Ledger, subscriptions, deliveries and tokens are as before."""
    restore(release, empty_address, tmp_path)
    await Database.upgrade_at(empty_address)

    async with open_database(empty_address) as database:
        assert set(await Ledger(database).entries()) == {entry.row.post_id for entry in LEDGER}
        subscriptions = Subscriptions(database, SecretStore())
        webhooks = await subscriptions.list()
        assert [one.id for one in webhooks] == ["sub_a", "sub_b"]
        assert all(one.secrets for one in webhooks)
        assert [one.id for one in await subscriptions.list(kind="websub")] == ["sub_feed"]
        (token,) = await Tokens(database).list()
        assert (token.name, token.contact) == ("Example agency", "")
        assert (token.read_only, token.last_used) == (False, None)
        delivery, attempts = await DeliveryLog(database).find("sub_a.1")
        assert (delivery.state, len(attempts)) == ("delivered", 1)


async def test_stored_database_has_rows_in_every_table(tmp_path: pathlib.Path) -> None:
    """A table that is added to the schema has to be filled for the next release."""
    script = tmp_path / "now.sql"
    script.write_text(await stored_database.dump())
    stored_database.restore(script, tmp_path / "now.db")

    def count(connection: Connection) -> dict[str, int]:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in METADATA.sorted_tables
        }

    counts = run(f"sqlite:///{tmp_path / 'now.db'}", count)
    assert [name for name, rows in counts.items() if not rows] == []


@pytest.mark.slow
async def test_stored_database_is_reproducible() -> None:
    """So a release can be compared with its stored database."""
    assert await stored_database.dump() == await stored_database.dump()


async def test_migrations_create_the_schema_of_the_code(empty_address: str) -> None:
    """Every column, default and index, partial ones included, is in both."""
    await Database.upgrade_at(empty_address)
    migrated = run(empty_address, describe_schema)
    run(empty_address, METADATA.drop_all)
    run(empty_address, METADATA.create_all)

    assert migrated == run(empty_address, describe_schema)


def stamp(url: str, revision: str) -> None:
    """Write ``revision`` into the database at ``url``."""
    statement = text("UPDATE alembic_version SET version_num = :revision")
    run(url, lambda connection: connection.execute(statement, {"revision": revision}))


@pytest.mark.parametrize("revision", sorted(PRERELEASE_REVISIONS))
@pytest.mark.parametrize("method", ["open", "check_at", "upgrade_at"])
async def test_prerelease_database_is_refused(address: str, method: str, revision: str) -> None:
    """The error names the database and both ways out; nothing changes."""
    stamp(address, revision)

    with pytest.raises(StorageError) as refusal:
        await getattr(Database, method)(address)

    error = refusal.value
    assert error.code == "database-from-prerelease"
    assert error.message.startswith(f"database {make_url(address).render_as_string()}: ")
    assert revision in error.message
    named = make_url(address).database if address.startswith("sqlite") else "database.url"
    assert str(named) in error.hint
    assert "from a baseline" in error.hint
    assert "stay on the prerelease" in error.hint
    version = "SELECT version_num FROM alembic_version"
    assert run(address, lambda found: found.exec_driver_sql(version).scalar_one()) == revision
