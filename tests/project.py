"""A copy of the project that a test serves as whoever cloned it does."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.content_repository import environment

ROOT = Path(__file__).parents[1]
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

    def set_up(self) -> None:
        """Have what `make setup` leaves, so that `make serve` finds it done."""
        for part in ("Makefile", "pyproject.toml", "requirements/run.txt"):
            (self.folder / part).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / part, self.folder / part)
        key = "{ cat requirements/run.txt pyproject.toml; pwd; } | cksum | tr ' ' -"
        made = subprocess.check_output(["sh", "-c", key], cwd=self.folder, text=True)
        (self.folder / ".venv" / f"run-{made.strip()}").touch()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every process that is started in the folder."""
        return {
            **environment(),
            "PYTHONPATH": str(ROOT / "src"),
            "SYNDICATE_SERVICE__PORT": str(self.port),
        }

    def start(self) -> subprocess.Popen[str]:
        """Start what `make serve` starts."""
        return subprocess.Popen(
            ["sh", self.folder / "deploy" / "local" / "serve.sh"],
            env=self.environment,
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
