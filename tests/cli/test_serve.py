"""`syndicate serve`."""

import json
import os
import signal
import socket
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from typing_extensions import override

from tests.cli.conftest import SETTINGS, Run, prerelease_database
from tests.running_service import free_port

PATIENCE = 20.0
"""Seconds until a service that does not come up is stopped all the same."""


class Visitor(threading.Thread):
    """Waits until the service in this process is ready, takes what is at ``path``, and stops it.

    With a ``detail`` it waits until `/readyz` has that word in its body as well.
    """

    def __init__(self, port: int, path: str, detail: str = "") -> None:
        super().__init__(daemon=True)
        self.port = port
        self.path = path
        self.detail = detail.encode()
        self.taken = b""

    @override
    def run(self) -> None:
        """Ask until the answer is good."""
        end = time.monotonic() + PATIENCE
        try:
            while not self.is_ready() and time.monotonic() < end:
                time.sleep(0.02)
            status = 503
            while status == 503 and time.monotonic() < end:  # posts are being rendered
                status, self.taken = self.ask(self.path)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def is_ready(self) -> bool:
        """Return whether `/readyz` is as it is waited for."""
        status, body = self.ask("/readyz")
        return status == 200 and self.detail in body

    def ask(self, path: str) -> tuple[int, bytes]:
        """Return status and body of the answer, 0 where nobody listens."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionError:
            return 0, b""
        finally:
            connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "rss", "atom"])
def test_served_and_shown_feeds_are_equal(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Byte for byte; a signal stops the service, and its log is JSON without a terminal."""
    port = free_port()
    monkeypatch.setenv("SYNDICATE_SERVICE__PORT", str(port))
    visitor = Visitor(port, f"/feeds/all.{form}")
    visitor.start()

    outcome = run("serve", "--config", file)
    visitor.join(PATIENCE)

    assert (outcome.code, outcome.out) == (0, "")
    assert visitor.taken.decode() == run("show", "all", "--format", form, "--config", file).out
    messages = [json.loads(line) for line in outcome.err.splitlines()]
    serve_messages = [message for message in messages if message["logger"] == "serve"]
    assert [message["event"] for message in serve_messages] == ["serving", "stopped"]
    assert serve_messages[0]["address"] == f"http://127.0.0.1:{port}"


def test_host_and_port_options_take_precedence_over_settings(run: Run, file: Path) -> None:
    """As do all options."""
    file.write_text(SETTINGS.replace("[service]", '[service]\nport = 1\nhost = "::1"'))
    port = free_port()
    visitor = Visitor(port, "/feeds/all.json")
    visitor.start()

    outcome = run("serve", "--host", "127.0.0.1", "--port", str(port), "--config", file)
    visitor.join(PATIENCE)

    assert outcome.code == 0
    assert b"https://jsonfeed.org/" in visitor.taken


def test_impossible_port_is_an_error(run: Run, file: Path) -> None:
    """With the error code for wrong usage."""
    outcome = run("serve", "--port", "65536", "--config", file)
    assert outcome.code == 2
    assert "65535" in outcome.err


def test_port_in_use_is_an_error(run: Run, file: Path) -> None:
    """With a hint and without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(SETTINGS.replace("[service]", f"[service]\nport = {port}"))

        outcome = run("serve", "--config", file)

    assert outcome.code == 1
    assert f"Error: cannot listen on port {port} of 127.0.0.1" in outcome.err


def test_feeds_are_served_with_a_database_of_a_prerelease(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the error code and both ways out; the database file is not touched."""
    database = prerelease_database(file)
    before = database.read_bytes()
    port = free_port()
    monkeypatch.setenv("SYNDICATE_SERVICE__PORT", str(port))
    visitor = Visitor(port, "/feeds/all.json", detail="storage-error")
    visitor.start()

    outcome = run("serve", "--config", file)
    visitor.join(PATIENCE)

    assert outcome.code == 0
    assert b"https://jsonfeed.org/" in visitor.taken
    messages = [json.loads(line) for line in outcome.err.splitlines()]
    codes = {message.get("code"): message for message in messages}
    hint = codes["database-from-prerelease"]["hint"]
    assert str(database) in hint
    assert "stay on the prerelease" in hint
    assert database.read_bytes() == before
