"""The commands of the guides for backups and for the move to PostgreSQL work as printed."""

import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.cli.conftest import COMPLETE_SETTINGS, FILES
from tests.content_repository import ContentRepository
from tests.databases import postgresql_database
from tests.project_documents import code_blocks, find_program

BACKUP_GUIDE = "docs/how-to/back-up-and-restore.md"
MOVE_GUIDE = "docs/how-to/move-to-postgresql.md"
TARGET = "postgresql://syndicate@db.example.gov/syndicate"


@dataclass(frozen=True, slots=True)
class Operator:
    """Runs shell commands in the folder of a service."""

    folder: Path

    def run(self, script: str, **variables: str) -> str:
        """Return the output of ``script``, which must succeed."""
        programs = str(Path(find_program("syndicate")).parent)
        path = os.pathsep.join((programs, os.environ.get("PATH", os.defpath)))
        result = subprocess.run(
            ["sh", "-ec", script],
            cwd=self.folder,
            env=os.environ | {"PATH": path} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def add_token(self, name: str) -> None:
        """Create an access token, so that the database has a row."""
        self.run(f"syndicate tokens create --role admin --name {name}")


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """Return the operator of a service with one token, on SQLite."""
    ContentRepository.create(tmp_path / "content").commit(FILES)
    (tmp_path / "syndicate.toml").write_text(COMPLETE_SETTINGS)
    made = Operator(tmp_path)
    made.add_token("first")
    return made


def test_backup_is_tried_and_restored(operator: Operator) -> None:
    """After the loss of the file, the token is there again."""
    back_up, drill, restore = code_blocks(BACKUP_GUIDE, "sh")
    backup = operator.run(back_up).strip()
    assert "1 of 1 tokens" in operator.run(drill)
    database = operator.folder / "var" / "syndicate.db"
    database.unlink()

    operator.run(restore, BACKUP=backup)

    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM token").fetchall() == [("first",)]


def test_service_moves_to_postgresql_and_back(operator: Operator, postgresql: str) -> None:
    """What came after the first copy comes with the second; the guide's URL is that of the test."""
    first, second, check, back = code_blocks(MOVE_GUIDE, "sh")
    with postgresql_database(postgresql, empty=True) as database_url:
        address, _, socket_folder = database_url.partition("?host=")
        url = f"{address}?host={quote(socket_folder, safe='')}"
        first = first.replace(TARGET, url)
        assert url in first
        assert "token: 1 rows; 1 added" in operator.run(first)
        operator.add_token("second")
        assert "token: 2 rows; 1 added" in operator.run(second, TARGET=url)
        assert "database up to date" in operator.run(check, TARGET=url)
        with psycopg.connect(url) as connection:
            names = connection.execute("SELECT name FROM token ORDER BY created_ms").fetchall()
        assert names == [("first",), ("second",)]

        operator.run(back, SYNDICATE_DATABASE__URL=url)

    with closing(sqlite3.connect(operator.folder / "var" / "moved.db")) as connection:
        assert connection.execute("SELECT count(*) FROM token").fetchone() == (2,)
