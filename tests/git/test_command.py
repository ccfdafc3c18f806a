"""Git is run with nobody's interference, for a limited time, and nothing of it stays."""

import os
import pathlib
import time

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import command, git_version
from syndicate.git.command import isolated_environment, run_git, user_environment


def program(folder: pathlib.Path, script: str) -> dict[str, str]:
    """Put a ``git`` of a few lines of shell first on a PATH and return that as an environment."""
    folder.mkdir(exist_ok=True)
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_the_version_is_told() -> None:
    """As ``git version`` says it, without words."""
    assert git_version().split(".")[0].isdecimal()


def test_no_git_is_named_with_what_to_type(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty PATH is the operator's to mend."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match="no git on the PATH") as caught:
        git_version()
    assert caught.value.code == "no-git"
    assert "apt install git" in caught.value.hint


def test_a_git_that_cannot_be_started_is_an_error_too(tmp_path: pathlib.Path) -> None:
    """A file that is no program, or a NUL in an argument, ends in the same kind of error."""
    program(tmp_path, "true")
    (tmp_path / "git").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(RepositoryError, match="git version cannot be started"):
        run_git("version", environment={"PATH": str(tmp_path)})
    with pytest.raises(RepositoryError, match="git ls-tree cannot be started"):
        run_git("ls-tree", "a\0b", environment=isolated_environment())


def test_an_answer_holds_everything_git_said(tmp_path: pathlib.Path) -> None:
    """Exit code, output and complaint; the input is handed over whole."""
    environment = program(tmp_path, 'cat; echo "$1 \\377" >&2; exit 3')
    answer = run_git("x", environment=environment, stdin=b"\xff" * 200_000)
    assert (answer.exit_code, answer.stdout) == (3, b"\xff" * 200_000)
    assert answer.stderr == "x \udcff\n"


@pytest.mark.parametrize("stubborn", ["trap '' TERM", "true"])
def test_what_takes_too_long_is_stopped_with_all_it_started(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, stubborn: str
) -> None:
    """First kindly, then not; its children do not outlive it."""
    monkeypatch.setattr(command, "_TERMINATE_GRACE_SECONDS", 0.3)
    script = f"{stubborn}\n(sleep 60; echo late) &\necho $! > {tmp_path}/child\nwait; sleep 60"
    start = time.monotonic()
    with pytest.raises(RepositoryError, match="was stopped") as caught:
        run_git("fetch", environment=program(tmp_path, script), timeout=0.3)
    assert time.monotonic() - start < 10
    assert caught.value.code == "timed-out"
    child = pathlib.Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    until = time.monotonic() + 5
    while time.monotonic() < until and child.exists() and " Z " not in child.read_text():
        time.sleep(0.01)
    assert not child.exists() or " Z " in child.read_text()


def test_git_has_no_terminal_to_ask_on(tmp_path: pathlib.Path) -> None:
    """It runs in a session of its own, so that neither git nor ssh can wait for a password."""
    environment = program(tmp_path, "ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat")
    answer = run_git("x", environment=environment)
    assert int(answer.stdout) != os.getsid(0)
    assert (
        isolated_environment()["GIT_TERMINAL_PROMPT"]
        == user_environment()["GIT_TERMINAL_PROMPT"]
        == "0"
    )


def test_the_users_settings_count_when_fetching_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, proxies and ssh are the user's; which repository and how to read it are not."""
    given = {
        "GIT_SSH_COMMAND": "ssh -i key",
        "GIT_ASKPASS": "/bin/askpass",
        "GIT_SSL_CAINFO": "ca.pem",
        "GIT_CONFIG_GLOBAL": "mine",
        "GIT_DIR": "elsewhere",
        "GIT_EXEC_PATH": "elsewhere",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": "X-Token: 1",
        "HTTPS_PROXY": "http://proxy",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    fetching, reading = (
        user_environment({"http.proxy": "http://p"}, protocols=("https", "ssh")),
        isolated_environment(),
    )
    for name in ("GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL"):
        assert fetching[name] == given[name]
        assert reading.get(name) in (None, os.devnull)
    for environment in (fetching, reading):
        assert not {"GIT_DIR", "GIT_EXEC_PATH", "GIT_ASKPASS"} & environment.keys()
        assert environment["HTTPS_PROXY"] == "http://proxy"
    assert (fetching["GIT_ALLOW_PROTOCOL"], reading["GIT_ALLOW_PROTOCOL"]) == ("https:ssh", "none")
    answer = run_git("config", "--list", environment=fetching | {"GIT_CONFIG_GLOBAL": os.devnull})
    said = answer.stdout.decode().splitlines()
    assert "http.proxy=http://p" in said
    assert "http.extraheader=X-Token: 1" not in said
    assert f"core.hookspath={os.devnull}" in said


def test_settings_that_git_could_not_count_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken count in the environment does not take ours away."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "many")
    environment = user_environment({"http.proxy": "http://p"})
    assert "http.proxy" in environment.values()
    assert int(environment["GIT_CONFIG_COUNT"]) == 3
