"""Faults of a remote: no response, no proxy, no disk space, and kills at any time."""

import fcntl
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.git.mirror import Mirror
from syndicate.git.repository_location import RepositoryLocation
from syndicate.model.post import Path
from tests.content_repository import ContentRepository

MAIN: Final = "refs/syndicate/main"


@contextmanager
def silent_server() -> Iterator[tuple[int, list[bytes]]]:
    """Accept connections, read the first bytes, and never respond."""
    received = list[bytes]()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            open_ = list[socket.socket]()
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    break
                open_.append(connection)
                received.append(connection.recv(1000))
            for connection in open_:
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield server.getsockname()[1], received
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_files_left_by_a_killed_git_are_removed(
    upstream: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """A partial clone and every stale lock are removed; a lock in use is waited for."""
    location = RepositoryLocation.parse(f"file://{upstream.path}")
    folder = tmp_path / "mirror.git"
    mirror = Mirror(location=location, folder=folder, stale_lock_seconds=0.3)
    draft = folder.with_suffix(".partial")
    draft.mkdir(parents=True)
    (draft / "HEAD").write_text("half")
    (draft / "config.lock").write_text("")
    assert mirror.fetch("main")
    assert not draft.exists()
    locks = [
        *("packed-refs.lock", "shallow.lock", "config.lock", "refs/syndicate/main.lock"),
        *("objects/maintenance.lock", "objects/info/commit-graph.lock"),
    ]
    for name in locks:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    in_use = folder / "HEAD.lock"
    in_use.write_text("")
    timer = threading.Timer(0.1, in_use.unlink)
    timer.start()
    upstream.commit({"posts/a.md": "2"})
    assert mirror.fetch("main")
    timer.join()
    assert upstream.git("--git-dir", str(folder), "rev-parse", MAIN).strip() == upstream.head()
    assert not list(folder.rglob("*.lock"))


def fake_ssh(folder: pathlib.Path, wait: str = "") -> str:
    """Write an ``ssh`` that runs its command on this host, and return its path."""
    script = folder / "ssh"
    note, last = f'echo "$@" >> "{folder}/asked"', 'shift $(($# - 1))\neval "$1"'
    script.write_text(f"#!/bin/sh\n{note}\n{wait}\n{last}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


@pytest.mark.parametrize("form", ["ssh://git@example.gov{}", "git@example.gov:{}"])
def test_ssh_settings_of_the_user_are_used(
    upstream: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Keys, jump hosts and host names apply as on the command line."""
    monkeypatch.setenv("GIT_SSH_COMMAND", fake_ssh(tmp_path))
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    address = form.format(upstream.path)
    with Repository.open(address, ref="main", mirrors=tmp_path / "var") as remote:
        assert remote.fetch()
        assert remote.head() == upstream.head()
    assert "git@example.gov git-upload-pack" in (tmp_path / "asked").read_text()


@pytest.mark.slow
def test_killed_fetch_needs_no_repair(
    upstream: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the first or a later fetch, the next one succeeds."""
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    script = (
        "import pathlib, sys\n"
        "from syndicate.git import Repository\n"
        "address, mirrors = sys.argv[1:]\n"
        "Repository.open(address, ref='main', mirrors=pathlib.Path(mirrors)).fetch()\n"
    )
    address = f"ssh://host{upstream.path}"
    for round_ in range(3):
        upstream.commit({f"{number}.md": f"{round_}" * 1000 for number in range(20)})
        monkeypatch.setenv("GIT_SSH_COMMAND", fake_ssh(tmp_path, wait=f"sleep 0.{round_}5"))
        (tmp_path / "asked").unlink(missing_ok=True)
        victim = subprocess.Popen(
            [sys.executable, "-c", script, address, str(tmp_path / "var")],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        until = time.monotonic() + 30
        while not (tmp_path / "asked").exists() and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(0.1)
        victim.kill()
        victim.wait(30)
        monkeypatch.setenv("GIT_SSH_COMMAND", fake_ssh(tmp_path))
        with Repository.open(address, ref="main", mirrors=tmp_path / "var") as remote:
            remote.fetch()
            assert remote.head() == upstream.head()
            blobs = {entry.blob for entry in remote.list_files(remote.head(), [Path("")])}
            assert len(list(remote.read(blobs))) == 2


@pytest.mark.parametrize("meddle", ["moves", "locks"])
def test_fetch_is_retried_if_another_git_moves_the_ref(
    upstream: ContentRepository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    meddle: str,
) -> None:
    """A git left over from a killed service may hold the lock of the ref."""
    where = RepositoryLocation.parse(f"ssh://host{upstream.path}")
    ours = Mirror(location=where, folder=tmp_path / "x.git", stale_lock_seconds=0.05)
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    monkeypatch.setenv("GIT_SSH_COMMAND", fake_ssh(tmp_path))
    ours.fetch("main")
    middle = upstream.commit({"posts/a.md": "2"})
    upstream.create_branch("other")
    ours.fetch("other")
    upstream.commit({"posts/a.md": "3"})
    action = {
        "moves": f"env -u GIT_DIR git --git-dir={ours.folder} update-ref {MAIN} {middle}",
        "locks": f"touch {ours.folder}/{MAIN}.lock",
    }[meddle]
    (tmp_path / "hook").write_text(f'#!/bin/sh\n{action}\nexec "$@"\n')
    (tmp_path / "hook").chmod(0o755)
    setting = "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=uploadpack.packObjectsHook"
    wait = f"{setting} GIT_CONFIG_VALUE_0={tmp_path}/hook"
    monkeypatch.setenv("GIT_SSH_COMMAND", fake_ssh(tmp_path, wait=wait))
    if meddle == "locks":
        with pytest.raises(RepositoryError, match="cannot lock ref"):
            ours.fetch("main")
    assert ours.fetch("main")
    asked = len((tmp_path / "asked").read_text().splitlines())
    assert asked == {"moves": 5, "locks": 6}[meddle]


def test_remote_without_response_times_out(tmp_path: pathlib.Path) -> None:
    """The error names the URL without its password."""
    with silent_server() as (port, _):
        where = RepositoryLocation.parse(
            f"https://user:secret@127.0.0.1:{port}/x", source_name="usds"
        )
        waiting = Mirror(location=where, folder=tmp_path / "x.git", timeout=0.5)
        with pytest.raises(RepositoryError, match="did not answer within") as caught:
            waiting.fetch("main")
    assert caught.value.code == "timed-out"
    assert "secret" not in caught.value.message + caught.value.hint


def test_configured_proxy_is_used(tmp_path: pathlib.Path) -> None:
    """The request for the host goes to the proxy, not to the host."""
    with silent_server() as (port, received):
        where = RepositoryLocation.parse("https://example.gov/x.git")
        proxy = f"http://127.0.0.1:{port}"
        waiting = Mirror(location=where, folder=tmp_path / "x.git", proxy=proxy, timeout=0.5)
        with pytest.raises(RepositoryError):
            waiting.fetch("main")
    assert received[0].startswith(b"CONNECT example.gov:443 ")


def test_unreachable_remote_has_a_command_in_its_hint(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is the one to run by hand."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"https://127.0.0.1:{port}/x"
    with pytest.raises(RepositoryError) as caught:
        Repository.open(address, ref="main", mirrors=tmp_path).fetch()
    assert caught.value.code == "unreachable"
    assert f"git ls-remote {address}" in caught.value.hint


def test_locked_mirror_times_out(upstream: ContentRepository, tmp_path: pathlib.Path) -> None:
    """Another fetch is waited for, up to the timeout."""
    where = RepositoryLocation.parse(f"file://{upstream.path}")
    busy = Mirror(location=where, folder=tmp_path / "x.git", timeout=0.2)
    with (tmp_path / "x.busy").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(RepositoryError, match="another process") as caught:
            busy.fetch("main")
        assert caught.value.code == "timed-out"
    assert busy.fetch("main")


def test_unwritable_folder_is_named_in_the_error(
    upstream: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mirror folder, the mirror itself, and files that git writes."""
    (tmp_path / "file").write_text("")
    where = RepositoryLocation.parse(f"file://{upstream.path}")
    with pytest.raises(RepositoryError, match="cannot be written to") as caught:
        Mirror(location=where, folder=tmp_path / "file" / "x.git").fetch("main")
    assert caught.value.code == "not-writable"
    (tmp_path / "y.partial").write_text("a file where the draft should be")
    with pytest.raises(RepositoryError) as caught:
        Mirror(location=where, folder=tmp_path / "y.git").fetch("main")
    assert caught.value.code == "not-writable"
    (tmp_path / "git").write_text(
        f'#!/bin/sh\n[ "$1" = init ] && echo "fatal: unable to write HEAD" >&2 && exit 128\n'
        f'exec "{shutil.which("git")}" "$@"\n'
    )
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(RepositoryError, match="unable to write HEAD") as caught:
        Mirror(location=where, folder=tmp_path / "z.git").fetch("main")
    assert caught.value.code == "not-writable"


def test_missing_git_is_not_reported_as_a_timeout(
    upstream: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original error is kept."""
    monkeypatch.setenv("PATH", str(tmp_path))
    where = RepositoryLocation.parse(f"file://{upstream.path}")
    with pytest.raises(RepositoryError) as caught:
        Mirror(location=where, folder=tmp_path / "x.git").fetch("main")
    assert caught.value.code == "no-git"
