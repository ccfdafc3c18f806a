"""Git runs in a controlled environment, with a timeout, and leaves no processes behind."""

import os
import pathlib
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import git_version
from syndicate.git.command import (
    CommandGroup,
    isolated_environment,
    run_git,
    start_git,
    stream_git,
    user_environment,
)


def make_error(stderr: str) -> RepositoryError:
    """Return the error for what git wrote to standard error."""
    return RepositoryError(stderr.strip())


def fake_git(folder: pathlib.Path, script: str) -> dict[str, str]:
    """Write a shell script ``git`` and return an environment with it first on the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_version_of_git_is_returned() -> None:
    """Only the number of ``git version``."""
    assert git_version().split(".")[0].isdecimal()


def test_missing_git_is_an_error_with_an_install_hint(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The PATH is empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match="git was not found on the PATH") as caught:
        git_version()
    assert caught.value.code == "no-git"
    assert "apt install git" in caught.value.hint


def test_git_that_cannot_be_started_is_an_error(tmp_path: pathlib.Path) -> None:
    """The file is not executable as a program, or an argument contains a NUL."""
    fake_git(tmp_path, "true")
    (tmp_path / "git").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(RepositoryError, match="git version cannot be started"):
        run_git("version", environment={"PATH": str(tmp_path)})
    with pytest.raises(RepositoryError, match="git ls-tree cannot be started"):
        run_git("ls-tree", "a\0b", environment=isolated_environment())


def test_result_has_exit_code_stdout_and_stderr(tmp_path: pathlib.Path) -> None:
    """Standard input is passed completely."""
    environment = fake_git(tmp_path, 'cat; echo "$1 \\377" >&2; exit 3')
    answer = run_git("x", environment=environment, stdin=b"\xff" * 200_000)
    assert (answer.exit_code, answer.stdout) == (3, b"\xff" * 200_000)
    assert answer.stderr == "x \udcff\n"


@pytest.mark.parametrize("stubborn", ["trap '' TERM", "true"])
def test_timed_out_command_is_stopped_with_its_children(
    tmp_path: pathlib.Path, stubborn: str
) -> None:
    """By SIGTERM, then by SIGKILL."""
    script = f"{stubborn}\n(sleep 60; echo late) &\necho $! > {tmp_path}/child\nwait; sleep 60"
    environment = fake_git(tmp_path, script)
    start = time.monotonic()
    with pytest.raises(RepositoryError, match="was stopped") as caught:
        run_git("fetch", environment=environment, timeout=0.3, terminate_timeout=0.3)
    assert time.monotonic() - start < 10
    assert caught.value.code == "timed-out"
    child = pathlib.Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    until = time.monotonic() + 5
    while time.monotonic() < until and child.exists() and " Z " not in child.read_text():
        time.sleep(0.01)
    assert not child.exists() or " Z " in child.read_text()


def test_group_stops_its_commands_and_later_ones(tmp_path: pathlib.Path) -> None:
    """From another thread, with the processes that they started."""
    environment = fake_git(tmp_path, f"touch {tmp_path}/begun; sleep 60; exit 7")
    group = CommandGroup()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run_git, "fetch", environment=environment, group=group)
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        group.stop()
        group.stop()
        assert running.result(timeout=20).exit_code == -signal.SIGTERM
        later = threads.submit(run_git, "fetch", environment=environment, group=group)
        assert later.result(timeout=20).exit_code == -signal.SIGTERM


def test_command_that_has_ended_is_stopped_without_an_error() -> None:
    """It may end at the same moment."""
    group = CommandGroup()
    process = start_git("version", environment=isolated_environment())
    with process, group.member(process):
        process.communicate()
        group.stop()
    assert process.returncode == 0


def test_streamed_output_arrives_in_chunks(tmp_path: pathlib.Path) -> None:
    """Output that is larger than a chunk is complete, whatever git writes to standard error."""
    environment = fake_git(tmp_path, "head -c 700000 /dev/zero; head -c 100000 /dev/zero >&2")
    chunks = list(stream_git("log", environment=environment, make_error=make_error))
    assert sum(map(len, chunks)) == 700_000
    assert len(chunks) > 2


def test_streamed_command_that_fails_raises_after_its_output(tmp_path: pathlib.Path) -> None:
    """The error is made of standard error."""
    environment = fake_git(tmp_path, "echo some; echo 'fatal: bad object' >&2; exit 128")
    output = stream_git("log", environment=environment, make_error=make_error)
    assert next(output) == b"some\n"
    with pytest.raises(RepositoryError, match="fatal: bad object"):
        next(output)


def test_streamed_command_without_output_times_out(tmp_path: pathlib.Path) -> None:
    """It is stopped, like one whose output is not wanted any more."""
    environment = fake_git(tmp_path, f"echo $$ > {tmp_path}/pid; echo some; exec sleep 60")
    output = stream_git("log", environment=environment, make_error=make_error, timeout=0.3)
    assert next(output) == b"some\n"
    with pytest.raises(RepositoryError, match="longer than") as caught:
        next(output)
    assert caught.value.code == "timed-out"
    output = stream_git("log", environment=environment, make_error=make_error)
    next(output)
    output.close()
    assert not pathlib.Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_git_has_no_terminal(tmp_path: pathlib.Path) -> None:
    """It runs in a new session, so that neither git nor ssh can wait for a password."""
    environment = fake_git(tmp_path, "ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat")
    answer = run_git("x", environment=environment)
    assert int(answer.stdout) != os.getsid(0)
    assert (
        isolated_environment()["GIT_TERMINAL_PROMPT"]
        == user_environment()["GIT_TERMINAL_PROMPT"]
        == "0"
    )


def test_user_configuration_is_used_only_for_fetching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, proxies and ssh; the choice of the repository and how it is read are not."""
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


def test_invalid_config_count_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration set by the service is still passed."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "many")
    environment = user_environment({"http.proxy": "http://p"})
    assert "http.proxy" in environment.values()
    assert int(environment["GIT_CONFIG_COUNT"]) == 3
