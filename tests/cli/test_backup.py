"""`syndicate db backup|restore|copy` and `syndicate doctor --drill`."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run, levels


@pytest.fixture
def data(run: Run, file: Path) -> Path:
    """Return the data folder of a service that has one access token."""
    run("tokens", "create", "--role", "admin", "--name", "Operator", "--config", file)
    return file.parent / "var"


def names_of_tokens(database: Path) -> list[str]:
    """Return the names of the tokens in an SQLite database."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT name FROM token ORDER BY created_ms"
        return [name for (name,) in connection.execute(query)]


def test_backup_is_restored_after_a_loss(run: Run, file: Path, data: Path) -> None:
    """The name of the backup is the only line on stdout."""
    backup = run("db", "backup", "--config", file)
    assert backup.code == 0
    assert "1 tokens" in backup.err
    for lost in data.glob("syndicate.db*"):
        lost.unlink()

    restored = run("db", "restore", backup.out.strip(), "--config", file)

    assert restored.code == 0
    assert restored.out.startswith("database restored: revision ")
    assert names_of_tokens(data / "syndicate.db") == ["Operator"]
    (newest, _) = json.loads(run("audit", "list", "--json", "--config", file).out)
    assert newest["action"] == "database.restored"


def test_doctor_reports_a_lost_database(run: Run, file: Path, data: Path) -> None:
    """Until a backup is restored."""
    backup = run("db", "backup", "--config", file).out.strip()
    with closing(sqlite3.connect(data / "syndicate.db")) as connection:
        ((ledger_id,),) = connection.execute("SELECT ledger_id FROM publisher")
    known = json.dumps({"ledger_id": ledger_id, "in_use": True})
    (data / "database.json").write_text(known)  # as the service does
    for lost in data.glob("syndicate.db*"):
        lost.unlink()
    run("db", "upgrade", "--config", file)

    outcome = run("doctor", "--config", file)

    assert outcome.code == 1
    assert "error    the database is a new one; the one before had tokens" in outcome.out
    assert (data / "database.json").read_text() == known
    for lost in data.glob("syndicate.db*"):
        lost.unlink()
    run("db", "restore", backup, "--config", file)
    assert "the database is a new one" not in run("doctor", "--config", file).out


def test_backup_and_restore_print_json(run: Run, file: Path, data: Path, tmp_path: Path) -> None:
    """With the numbers of rows."""
    target = tmp_path / "mine.db"
    written = json.loads(run("db", "backup", target, "--json", "--config", file).out)
    assert written["file"] == str(target)
    assert written["rows"]["token"] == 1
    (data / "syndicate.db").unlink()
    restored = json.loads(run("db", "restore", target, "--json", "--config", file).out)
    assert restored["rows"]["token"] == 1
    assert restored["ledger_id"] != written["ledger_id"]


def test_restore_overwrites_no_database(run: Run, file: Path, data: Path) -> None:
    """That of a service in use has rows."""
    assert data.exists()
    backup = run("db", "backup", "--config", file).out.strip()
    refused = run("db", "restore", backup, "--config", file)
    assert refused.code == 1
    assert "holds rows already" in refused.err


def test_copy_is_repeated_until_the_service_has_stopped(
    run: Run, file: Path, data: Path, tmp_path: Path
) -> None:
    """The second time says what came meanwhile."""
    url = f"sqlite:///{tmp_path}/copy.db"
    first = run("db", "copy", url, "--config", file)
    assert (first.code, first.out.splitlines()[1:]) == (
        0,
        [
            "token: 1 rows; 1 added, 0 changed, 0 removed",
            "copy complete: the target has every row",
        ],
    )
    assert "Now set database.url" in first.err
    run("tokens", "create", "--role", "admin", "--name", "Second", "--config", file)
    with closing(sqlite3.connect(data / "syndicate.db")) as connection:
        connection.execute("UPDATE publisher SET lease_until_ms = 99999999999999")
        connection.commit()

    second = run("db", "copy", url, "--config", file)

    assert "token: 2 rows; 1 added, 0 changed, 0 removed" in second.out
    assert "A service still uses the source" in second.err
    assert names_of_tokens(tmp_path / "copy.db") == ["Operator", "Second"]
    copied = json.loads(run("db", "copy", url, "--json", "--config", file).out)
    assert (copied["is_first"], copied["is_source_in_use"]) == (False, True)


@pytest.mark.parametrize("url", ["mysql://host/name", "postgresql://me:geheim@host:port/name"])
def test_copy_to_a_malformed_url_is_an_error(run: Run, file: Path, url: str) -> None:
    """With what is allowed, and without the password."""
    refused = run("db", "copy", url, "--config", file)
    assert (refused.code, refused.out) == (2, "")
    assert "postgresql://USER:PASSWORD@HOST:PORT/NAME" in " ".join(refused.err.split())
    assert "geheim" not in refused.err


def test_drill_restores_the_newest_backup(run: Run, file: Path, data: Path) -> None:
    """It says how much of what the database holds is in it, and changes nothing."""
    run("db", "backup", data / "backups" / "first.db", "--config", file)
    run("tokens", "create", "--role", "admin", "--name", "Second", "--config", file)
    before = names_of_tokens(data / "syndicate.db")

    found = levels(run("doctor", "--drill", "--json", "--config", file))

    (what,) = [what for what in found if what.startswith("backup ")]
    assert found[what] == "ok"
    assert "restored with revision " in what
    assert "1 of 2 tokens" in what
    assert names_of_tokens(data / "syndicate.db") == before


def test_drill_without_a_backup_is_an_error(run: Run, file: Path) -> None:
    """And without the option there is no drill."""
    outcome = run("doctor", "--drill", "--config", file)
    assert outcome.code == 1
    assert "error    no backup in " in outcome.out
    assert "no backup in" not in run("doctor", "--config", file).out


def test_drill_with_a_damaged_backup_is_an_error(run: Run, file: Path) -> None:
    """With its name."""
    folder = file.parent / "var" / "backups"
    folder.mkdir(parents=True)
    (folder / "bad.db").write_text("text")
    found = levels(run("doctor", "--drill", "--json", "--config", file))
    assert [what for what, level in found.items() if "bad.db" in what and level == "error"] != []


def test_drill_warns_about_an_old_backup(run: Run, file: Path, data: Path) -> None:
    """Here the database is lost, too."""
    backup = data / "backups" / "old.db"
    run("db", "backup", backup, "--config", file)
    os.utime(backup, (1_700_000_000, 1_700_000_000))
    (data / "syndicate.db").unlink()

    found = levels(run("doctor", "--drill", "--json", "--config", file))

    (what,) = [what for what in found if what.startswith("backup ")]
    assert found[what] == "warning"
    assert "of 2023-11-14 22:13 UTC" in what
    assert what.endswith("1 tokens, 0 posts")


def test_drill_reports_a_backup_of_another_database(run: Run, file: Path, data: Path) -> None:
    """As after a loss that nobody noticed: the service made a new database."""
    run("db", "backup", data / "backups" / "first.db", "--config", file)
    for lost in data.glob("syndicate.db*"):
        lost.unlink()
    run("db", "upgrade", "--config", file)

    found = levels(run("doctor", "--drill", "--json", "--config", file))

    assert [what for what, level in found.items() if "of another database" in what] != []
