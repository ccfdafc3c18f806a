"""A copy of the project that a test serves as from a new clone."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.content_repository import git_environment

ROOT = Path(__file__).parents[1]
TIMEOUT_SECONDS = 60
"""Time for a start or a stop on a busy machine."""


class ProjectCopy:
    """A copy of the project in ``folder``, set up, without git history before `commit`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        for directory in ("deploy", "content"):
            shutil.copytree(ROOT / directory, folder / directory)
        for name, module in (("python", ""), ("syndicate", "-m syndicate")):
            command = folder / ".venv" / "bin" / name
            command.parent.mkdir(parents=True, exist_ok=True)
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            command.chmod(0o755)

    def git(self, *arguments: str) -> str:
        """Run git in the folder and return its output."""
        command = ["git", "-c", "user.name=Editor", "-c", "user.email=editor@example.gov"]
        completed = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=git_environment(),
            check=True,
            text=True,
            capture_output=True,
        )
        return completed.stdout.strip()

    def commit(self) -> str:
        """Commit the posts and return the short id of the commit."""
        self.git("init", "--quiet", "--initial-branch", "trunk")
        self.git("add", "content")
        self.git("commit", "--quiet", "--message", "Write the posts")
        return self.git("rev-parse", "--short", "HEAD")

    def mark_as_set_up(self) -> None:
        """Create the marker file of `make setup`, so that `make serve` does not run it."""
        for path in ("Makefile", "pyproject.toml", "requirements/run.txt"):
            (self.folder / path).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / path, self.folder / path)
        checksum_command = "{ cat requirements/run.txt pyproject.toml; pwd; } | cksum | tr ' ' -"
        checksum = subprocess.check_output(
            ["sh", "-c", checksum_command], cwd=self.folder, text=True
        )
        (self.folder / ".venv" / f"run-{checksum.strip()}").touch()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process that is started in the folder."""
        return {
            **git_environment(),
            "PYTHONPATH": str(ROOT / "src"),
            "SYNDICATE_SERVICE__PORT": str(self.port),
        }

    def start(self) -> subprocess.Popen[str]:
        """Start the script that `make serve` runs."""
        return subprocess.Popen(
            ["sh", self.folder / "deploy" / "local" / "serve.sh"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextlib.contextmanager
    def run_service(self) -> Iterator[str]:
        """Run the service, yield its output before the log, and stop it with Ctrl-C."""
        with self.start() as process:
            try:
                assert process.stdout is not None
                printed = "".join(iter(process.stdout.readline, "\n"))
                printed += "".join(iter(process.stdout.readline, "\n"))
                self.wait_until_ready()
                yield printed
                process.send_signal(signal.SIGINT)
                assert process.wait(TIMEOUT_SECONDS) == 0
            finally:
                process.kill()

    def wait_until_ready(self) -> None:
        """Wait until the service is ready."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(self.url("/readyz")).is_success:
                    return
            time.sleep(0.05)
        raise AssertionError("the service is not ready")

    def url(self, path: str) -> str:
        """Return the URL of ``path``."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self) -> set[str]:
        """Return the ids of all posts that are served, as soon as they are rendered."""
        feed = self.wait_for(self.url("/feeds/all.json"))
        return {item["id"] for item in feed.json()["items"]}

    def wait_for(self, url: str, text: str = "") -> httpx.Response:
        """Return the response from ``url`` as soon as it is a success and holds ``text``.

        A feed is unavailable, or as before, while new posts are rendered.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            response = httpx.get(url, timeout=TIMEOUT_SECONDS)
            if response.is_success and text in response.text:
                return response
            assert time.monotonic() < deadline, f"{response.status_code} without {text!r}: {url}"
            time.sleep(0.05)
