"""The command for hosts with systemd has the environment that systemd gives the service."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.project_documents import ROOT, find_program

SCRIPT: Final = ROOT / "deploy" / "systemd" / "syndicate"
COMMAND: Final = 'runuser -u syndicate -- /opt/syndicate/bin/syndicate "$@"'
SYSTEMD_READER: Final = Path(
    "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
)
"""Prints what systemd reads from files in the format of EnvironmentFile."""

LINES: Final = (
    r"""
# A_COMMENT=1
;A_SECOND_COMMENT=1
no assignment
PLAIN=postgresql://user:a%20b@db.example.gov/syndicate?x=1
 SPACED = two  words
DOUBLE="a \"b\" \\ c"
SINGLE='a "b" \ c'
NOT_CLOSED=a"b"
ESCAPED=a\ b
TWO WORDS=ignored
1NUMBER=ignored
A-HYPHEN=ignored
STAR=*
=ignored
WINDOWS=a
LAST="no newline"
""".strip()
    .replace("words\n", "words \t\n")
    .replace("WINDOWS=a", "WINDOWS=a\r")
)
READ: Final = {
    "PLAIN": "postgresql://user:a%20b@db.example.gov/syndicate?x=1",
    "SPACED": "two  words",
    "DOUBLE": 'a "b" \\ c',
    "SINGLE": 'a "b" \\ c',
    "NOT_CLOSED": 'a"b"',
    "ESCAPED": "a b",
    "STAR": "*",
    "WINDOWS": "a",
    "LAST": "no newline",
}


def read_by_command(folder: Path, text: str) -> dict[str, str]:
    """Return the environment that the command gives ``syndicate``."""
    script = SCRIPT.read_text()
    for original, replacement in (
        ("/etc/syndicate/", f"{folder}/"),
        ("cd /var/lib/syndicate", f"cd {folder}"),
        (COMMAND, "env -0"),
    ):
        assert original in script
        script = script.replace(original, replacement)
    (folder / "secret_key").write_text("secret\n")
    (folder / "environment").write_text(text, newline="")
    completed = subprocess.run(
        [find_program("sh"), "-c", script],
        check=False,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
    )
    assert (completed.returncode, completed.stderr) == (0, b"")
    return dict(line.split("=", 1) for line in completed.stdout.decode().split("\0")[:-1])


def read_by_systemd(folder: Path, text: str) -> dict[str, str]:
    """Return what systemd reads."""
    file = folder / "config" / "environment.d" / "test.conf"
    file.parent.mkdir(parents=True)
    file.write_text(text, newline="")
    completed = subprocess.run(
        [find_program(str(SYSTEMD_READER))],
        env={"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")},
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(line.split("=", 1) for line in shlex.split(completed.stdout))


def test_file_of_variables_is_read_as_by_systemd(tmp_path: Path) -> None:
    """Quotes, escapes, spaces and lines that are none; values of several lines are left out."""
    found = read_by_command(tmp_path, LINES)
    assert found["SYNDICATE_SERVICE__SECRET_KEY"] == "secret"  # noqa: S105
    assert {name: found.get(name) for name in READ} == READ
    assert not [name for name, value in found.items() if value in ("ignored", "1")]


@pytest.mark.skipif(not SYSTEMD_READER.exists(), reason="needs systemd")
def test_expected_values_are_those_of_systemd(tmp_path: Path) -> None:
    """By the program that reads the same format for sessions."""
    found = read_by_systemd(tmp_path, LINES)
    assert {name: found.get(name) for name in READ} == READ
    assert "ignored" not in found.values()


def test_value_may_be_empty(tmp_path: Path) -> None:
    """Then the variable is empty, as with a value in empty quotes (systemd.exec(5))."""
    found = read_by_command(tmp_path, "A=\nB=\"\"\nC=''\n")
    assert [found[name] for name in "ABC"] == ["", "", ""]
