"""`make serve` shows the sample posts wherever the project was put, and says what it does."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.content_repository import environment

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds for a start or a stop on a busy machine."""


class Project:
    """A copy of the project at ``folder``, set up, without a history until `commit` makes one."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        for part in ("deploy", "content"):
            shutil.copytree(ROOT / part, folder / part)
        for name, module in (("python", ""), ("syndicate", "-m syndicate")):
            command = folder / ".venv" / "bin" / name
            command.parent.mkdir(parents=True, exist_ok=True)
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            command.chmod(0o755)

    def git(self, *arguments: str) -> str:
        """Run git in the folder and return what it prints."""
        command = ["git", "-c", "user.name=Editor", "-c", "user.email=editor@example.gov"]
        answer = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=environment(),
            check=True,
            text=True,
            capture_output=True,
        )
        return answer.stdout.strip()

    def commit(self) -> str:
        """Commit the posts and return the short id of the commit."""
        self.git("init", "--quiet", "--initial-branch", "trunk")
        self.git("add", "content")
        self.git("commit", "--quiet", "--message", "Write the posts")
        return self.git("rev-parse", "--short", "HEAD")

    def start(self) -> subprocess.Popen[str]:
        """Start what `make serve` starts."""
        return subprocess.Popen(
            ["sh", self.folder / "deploy" / "local" / "serve.sh"],
            env={
                **environment(),
                "PYTHONPATH": str(ROOT / "src"),
                "SYNDICATE_SERVICE__PORT": str(self.port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Serve, yield what is said before the first line of the log, and stop with Ctrl-C."""
        with self.start() as process:
            try:
                assert process.stdout is not None
                said = "".join(iter(process.stdout.readline, "\n"))
                said += "".join(iter(process.stdout.readline, "\n"))
                self.wait_until_ready()
                yield said
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()

    def wait_until_ready(self) -> None:
        """Return as soon as the feeds are there."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(self.url("/readyz")).is_success:
                    return
            time.sleep(0.05)
        raise AssertionError("the service is not ready")

    def url(self, path: str) -> str:
        """Return the address of ``path``."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self) -> set[str]:
        """Return the ids of everything served."""
        return {item["id"] for item in httpx.get(self.url("/feeds/all.json")).json()["items"]}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return the project, unpacked into a folder whose name has a space."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return Project(tmp_path / "my project", port)


def test_it_serves_the_last_commit_and_says_so(project: Project) -> None:
    """The commit is named, also on a branch that is not called main, and what to try works."""
    commit = project.commit()
    edited = project.folder / "content" / "program-updates" / "letters-people-can-act-on.md"
    edited.write_text("an edit that nobody committed\n")
    with project.serving() as said:
        assert f'commit {commit}, "Write the posts"' in said
        assert "Uncommitted edits are not served" in said
        assert "only here" in said
        curls = re.findall(r"^ +curl '?(http\S+?)'?$", said, re.MULTILINE)
        assert len(curls) == 3
        assert all(httpx.get(url).status_code == 200 for url in curls)
        assert len(project.ids()) == 10
        assert "Half of the people" in httpx.get(project.url("/feeds/all.json")).text


def test_a_commit_is_served_while_it_runs(project: Project) -> None:
    """That is what the sample is for: edit, commit, look."""
    project.commit()
    with project.serving():
        post = project.folder / "content" / "news-and-blog" / "2025-11-01-a-new-post.md"
        post.write_text("---\ntitle: Written just now\n---\nHello.\n")
        project.git("add", "content")
        project.git("commit", "--quiet", "--message", "Write one more")
        end = time.monotonic() + PATIENCE
        while len(project.ids()) == 10 and time.monotonic() < end:
            time.sleep(0.05)
        assert "Written just now" in httpx.get(project.url("/feeds/all.json")).text


def test_without_a_history_it_makes_a_sample_repository(project: Project) -> None:
    """What is edited is served the next time, and ids do not depend on the day of unpacking."""
    with project.serving() as said:
        assert "this folder is no git repository" in said
        assert "next `make serve`" in said
        before = project.ids()
        assert len(before) == 10
        assert all(",2025-11-20:" in one for one in before)
    edited = project.folder / "content" / "program-updates" / "letters-people-can-act-on.md"
    edited.write_text(edited.read_text().replace("Half of the people", "Many people"))
    with project.serving():
        assert project.ids() == before
        assert "Many people" in httpx.get(project.url("/feeds/all.json")).text


def test_a_shallow_clone_gets_a_sample_repository(project: Project, tmp_path: Path) -> None:
    """Its history is cut off, and ids would depend on where."""
    project.commit()
    project.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    project.git("clone", "--quiet", "--depth", "1", project.folder.as_uri(), str(tmp_path / "cut"))
    shutil.rmtree(project.folder / ".git")
    (tmp_path / "cut" / ".git").rename(project.folder / ".git")
    with project.serving() as said:
        assert "git fetch --unshallow" in said
        assert len(project.ids()) == 10


def test_a_taken_port_is_named_with_what_to_type(project: Project) -> None:
    """Nothing is started beside the program that has it."""
    with socket.create_server(("127.0.0.1", project.port)), project.start() as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"Port {project.port} cannot be used: Address already in use" in said
    assert "SYNDICATE_SERVICE__PORT=8001 make serve" in said
