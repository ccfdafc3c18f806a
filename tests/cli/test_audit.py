"""`syndicate audit`, and what commands leave in the audit log."""

import getpass
import json
import os
import pathlib
from typing import NoReturn

import pytest

from syndicate.cli.database_session import command_actor
from tests.cli.conftest import SETTINGS, Run


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a settings file; the commands here read no source."""
    path = tmp_path / "syndicate.toml"
    path.write_text(SETTINGS)
    return path


@pytest.mark.slow
def test_audit_log_is_listed_and_exported(run: Run, file: pathlib.Path) -> None:
    """Newest first in the list, oldest first as JSON lines."""
    create = ("tokens", "create", "--role", "editor", "--name", "Web team", "--config", file)
    options = ("--contact", "web@example.gov", "--read-only", "--json")
    made = json.loads(run(*create, *options).out)["id"]
    listed = run("tokens", "list", "--config", file).out
    assert listed == f"{made}  editor   valid    Web team  never used  read-only\n"
    run("tokens", "revoke", made, "--config", file)
    lines = run("audit", "list", "--config", file).out.splitlines()
    user = f"command:{getpass.getuser()}"
    assert lines[0].endswith(f'  token.revoked  {user}  {made}  {{"name": "Web team"}}')
    assert len(lines) == 2
    only = run("audit", "list", "--action", "token.created", "--json", "--config", file)
    (entry,) = json.loads(only.out)
    assert entry["detail"] == {"role": "editor", "name": "Web team", "read_only": True}
    exported = [
        json.loads(line) for line in run("audit", "export", "--config", file).out.splitlines()
    ]
    assert [one["action"] for one in exported] == ["token.created", "token.revoked"]
    assert run("audit", "export", "--since", "2100-01-01", "--config", file).out == ""


def test_user_without_a_name_is_audited_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container."""

    def nobody() -> NoReturn:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert command_actor().name == f"command:{os.getuid()}"
