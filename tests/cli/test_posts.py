"""`syndicate posts`: withdraw, list and restore."""

import json
from pathlib import Path

from tests.cli.conftest import Run

FIRST = "news/2023-11-06-first.md"


def key_of(run: Run, file: Path, path: str) -> str:
    """Return the key of the post at ``path``."""
    (explanation,) = json.loads(run("explain", path, "--json", "--config", file).out)
    return str(next(f["value"] for f in explanation["fields"] if f["name"] == "key"))


def test_post_is_withdrawn_and_restored(run: Run, file: Path) -> None:
    """It is in no feed meanwhile; an editor learns why, and the audit log who did it."""
    key = key_of(run, file, FIRST)
    assert run("posts", "withdraw", key, "--config", file).err == f"withdrawn: {FIRST} of news\n"
    assert '"First"' not in run("show", "all", "--config", file).out
    explained = run("explain", FIRST, "--config", file).out
    assert "Not served: withdrawn by the operator on " in explained
    (listed,) = json.loads(run("posts", "withdrawn", "--json", "--config", file).out)
    assert (listed["key"], listed["path"], listed["ended"]) == (key, FIRST, None)
    assert run("posts", "withdrawn", "--config", file).out.split()[::3] == [key, FIRST]
    again = run("posts", "withdraw", key, "--config", file)
    assert (again.code, "withdrawn already" in again.err) == (2, True)

    assert run("posts", "restore", key, "--config", file).err == f"restored: {FIRST} of news\n"
    assert '"First"' in run("show", "all", "--config", file).out
    assert run("posts", "withdrawn", "--config", file).out == ""
    logged = run("audit", "list", "--config", file).out
    assert all(action in logged for action in ("post.withdrawn", "post.restored"))


def test_unknown_key_is_reported(run: Run, file: Path) -> None:
    """With the way to the key of a post."""
    for command in ("withdraw", "restore"):
        outcome = run("posts", command, "0000000000000000", "--config", file)
        assert (outcome.code, "has the key" in outcome.err) == (2, True)
    assert "syndicate explain" in run("posts", "withdraw", FIRST, "--config", file).err
