"""`syndicate db`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SETTINGS, Run, complete, prerelease_database
from tests.databases import open_database


def database(file: Path) -> Path:
    """Return where the settings in ``file`` have the database."""
    return file.parent / "var" / "syndicate.db"


def test_upgrade_creates_the_database(run: Run, file: Path) -> None:
    """Checking creates nothing, and a second upgrade changes nothing."""
    before = run("db", "check", "--config", file)
    assert (before.code, before.out) == (
        0,
        "database not created yet: the service creates it when it starts\n",
    )
    assert not database(file).exists()
    assert run("db", "check", "--json", "--config", file).out == '{\n  "revision": null\n}\n'

    first, second = (run("db", "upgrade", "--config", file) for _ in range(2))

    assert first == second
    assert first.code == 0
    assert first.out.startswith("database up to date: revision ")
    assert run("db", "check", "--config", file).out == first.out
    revision = json.loads(run("db", "upgrade", "--json", "--config", file).out)["revision"]
    assert first.out.endswith(f" {revision}\n")


def test_outdated_database_is_an_error_with_a_hint(run: Run, file: Path) -> None:
    """In the command and in `doctor`."""
    database(file).parent.mkdir()
    database(file).touch()

    outcome = run("db", "check", "--config", file)

    assert (outcome.code, outcome.out) == (1, "")
    assert "Type: syndicate db upgrade" in outcome.err
    examined = run("doctor", "--config", file)
    assert examined.code == 1
    assert "error    database sqlite:" in examined.out
    assert "Type: syndicate db upgrade" in examined.out


def test_doctor_checks_the_database(run: Run, file: Path) -> None:
    """Before and after its creation."""
    made_later = "ok       database: created when the service starts\n"
    assert made_later in run("doctor", "--config", file).out
    run("db", "upgrade", "--config", file)
    assert "ok       database up to date" in run("doctor", "--config", file).out


@pytest.mark.parametrize("command", ["check", "upgrade"])
def test_unreachable_database_is_an_error(run: Run, file: Path, command: str) -> None:
    """The error has the URL without the password."""
    url = "postgresql://me:geheim@127.0.0.1:1/none"
    file.write_text(f'{SETTINGS}\n[database]\nurl = "{url}"\n')

    outcome = run("db", command, "--config", file)

    assert (outcome.code, outcome.out) == (1, "")
    assert "database postgresql" in outcome.err
    assert "geheim" not in outcome.err


def test_database_of_a_newer_version_is_an_error(run: Run, file: Path) -> None:
    """The database is not changed."""
    run("db", "upgrade", "--config", file)
    address = f"sqlite:///{database(file)}"
    complete(stamp(address, "9999"))

    outcome = run("db", "upgrade", "--config", file)

    assert outcome.code == 1
    assert "9999" in outcome.err


@pytest.mark.parametrize("command", [("db", "check"), ("db", "upgrade"), ("deliver",)])
def test_database_of_a_prerelease_is_an_error(
    run: Run, file: Path, command: tuple[str, ...]
) -> None:
    """The file and both ways out are named, and the file is not touched."""
    prerelease = prerelease_database(file)
    before = prerelease.read_bytes()

    outcome = run(*command, "--config", file)

    assert outcome.code == 1
    assert "made by a prerelease of Syndicate" in outcome.err
    assert f"Move the file {prerelease} away" in outcome.err
    assert "stay on the prerelease" in outcome.err
    assert prerelease.read_bytes() == before


def test_doctor_reports_a_database_of_a_prerelease(run: Run, file: Path) -> None:
    """As an error, with both ways out."""
    prerelease = prerelease_database(file)

    outcome = run("doctor", "--config", file)

    assert outcome.code == 1
    assert "made by a prerelease of Syndicate" in outcome.out
    assert f"Move the file {prerelease} away" in outcome.out


async def stamp(address: str, revision: str) -> None:
    """Pretend that the database at ``address`` is at a ``revision``."""
    async with open_database(address) as database, database.write() as connection:
        await connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 — made up by the test
