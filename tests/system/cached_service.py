"""A service of two posts, for caches that run in front of it."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx

from tests.content_repository import ContentRepository, git_environment
from tests.project_documents import ROOT

TIMEOUT_SECONDS: Final = 60
"""Time for any change on a busy machine."""

SETTINGS: Final = """
[service]
title = "Example agency feeds"
public_url = "https://feeds.example.gov"

[[sources]]
name = "news"
repository = "repository"
folders = ["posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""
SHORT_LIVED: Final = {"cache_seconds": 1, "stale_while_revalidate": 0, "stale_if_error": 60}
POST: Final = "---\ntitle: A post {day}\n---\n" + "Many words that compress well. " * 40


FEED: Final = "/feeds/all.json"
ENCODINGS: Final = (("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0.5, gzip;q=0", "br"))
"""`Accept-Encoding` of common readers, and the encoding of the response."""


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextlib.contextmanager
def run_process(command: list[str], environ: Mapping[str, str], port: int) -> Iterator[None]:
    """Run a server until the end of the block; wait until it listens on ``port``."""

    def is_listening() -> bool:
        assert process.poll() is None
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    with subprocess.Popen(command, env={**environ}, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(is_listening)
            yield
        finally:  # SIGTERM, since a killed service could not end its own processes
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT_SECONDS)


class ServiceBehindCache:
    """A service of two posts in ``folder``; ``port`` is that of the cache, ``behind`` its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.behind = free_port()
        self.port = free_port()
        self.repository = ContentRepository.create(folder / "repository", bare=True)
        posts = {f"posts/2024-01-0{day}-post.md": POST.format(day=day) for day in (1, 2)}
        self.repository.commit(posts)
        (folder / "syndicate.toml").write_text(SETTINGS)

    def run_service(self, **settings: int) -> contextlib.AbstractContextManager[None]:
        """Serve with ``settings`` of `[service]`."""
        command = [sys.executable, "-m", "syndicate", "serve"]
        return run_process(command, self._environment(**settings), self.behind)

    def run_command(self, *arguments: str) -> None:
        """Run a command with the settings of the service."""
        command = [sys.executable, "-m", "syndicate", *arguments]
        subprocess.run(command, env=self._environment(), check=True, capture_output=True)

    def _environment(self, **settings: int) -> dict[str, str]:
        variables = {f"SYNDICATE_SERVICE__{k.upper()}": str(v) for k, v in settings.items()}
        return {
            **git_environment(variables),
            "PYTHONPATH": str(ROOT / "src"),
            "SYNDICATE_CONFIG": str(self.folder / "syndicate.toml"),
            "SYNDICATE_SERVICE__PORT": str(self.behind),
        }

    @contextlib.contextmanager
    def run_cache(self, command: list[str], environ: Mapping[str, str]) -> Iterator[httpx.Client]:
        """Run the cache and yield an HTTP client for it."""
        with (
            run_process(command, environ, self.port),
            httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}",
                headers={"Accept-Encoding": "identity"},
                timeout=TIMEOUT_SECONDS,
            ) as client,
        ):
            yield client


def first_encoding(client: httpx.Client, accepted: str, posts: int) -> str:
    """Return the encoding of the first response with ``posts`` posts."""
    while True:
        response = client.get(FEED, headers={"Accept-Encoding": accepted})
        if response.is_success and len(response.json()["items"]) == posts:
            return str(response.headers.get("Content-Encoding", "none"))
        time.sleep(0.05)


def ready(client: httpx.Client) -> bool:
    """Return whether the service responds through the cache, with rendered posts."""
    return client.get("/readyz").is_success and client.get("/v1/posts").is_success
