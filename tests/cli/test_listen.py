"""`syndicate listen`."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest
from typing_extensions import override

from syndicate.model.webhook_signature import Secret, sign
from tests.cli.conftest import SETTINGS, Run
from tests.running_service import free_port

PATIENCE = 20.0
"""Seconds until a receiver that does not come up is stopped all the same."""

ALLOWED = """
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
"""
PUBLISHED = {
    "type": "post.published",
    "data": {"seq": 1, "reason": "new", "changed": [], "post": {"url": "https://x", "title": "X"}},
}
UPDATED = {
    "type": "post.updated",
    "data": {"changed": ["title", "url"], "minor": True, "post": {"title": "A\n\x1b[31m title"}},
}
ODD = {"type": "odd", "data": [1], "changed": 3}
SECRET = Secret(key=b"s" * 32)


class Sender(threading.Thread):
    """Waits until somebody listens, sends what it is given, signed, and presses Ctrl-C."""

    def __init__(
        self, port: int, bodies: Sequence[Mapping[str, object]], secret: Secret, to: str = ""
    ) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.bodies = bodies
        self.secret = secret
        self.to = to
        self.answers: list[int] = []

    @override
    def run(self) -> None:
        """Send everything once."""
        end = time.monotonic() + PATIENCE
        try:
            for body in self.bodies:
                while not (status := self.send(json.dumps(body).encode())):
                    assert time.monotonic() < end
                    time.sleep(0.02)
                self.answers.append(status)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    def send(self, body: bytes) -> int:
        """Return the status of the answer, 0 where nobody listens."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": sign([self.secret], message_id="evt_1", at=now, body=body),
            "syndicate-subscription": self.to,
        }
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/", body, headers)
            return connection.getresponse().status
        except ConnectionError:
            return 0
        finally:
            connection.close()


def test_listen_prints_a_line_for_each_webhook(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a secret no settings are needed; control characters are replaced."""
    monkeypatch.chdir(tmp_path)
    sender = Sender(port := free_port(), [PUBLISHED, UPDATED, ODD], SECRET)
    sender.start()

    outcome = run("listen", "--port", port, "--secret", SECRET.text)
    sender.join(PATIENCE)

    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "post.published     new  https://x  X",
        "post.updated       title, url, minor  A \N{REPLACEMENT CHARACTER}[31m title",
        "odd",
    ]
    assert outcome.err == f"Listening on http://127.0.0.1:{port} (Ctrl-C to stop)\n"
    assert sender.answers == [204, 204, 204]


def test_listen_as_json_prints_the_body(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each; the secret may be an environment variable."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET.text)
    sender = Sender(port := free_port(), [PUBLISHED, UPDATED], SECRET)
    sender.start()

    outcome = run("listen", "--json", "--port", port)
    sender.join(PATIENCE)

    assert [json.loads(line) for line in outcome.out.splitlines()] == [PUBLISHED, UPDATED]


def test_invalid_signature_is_rejected(run: Run) -> None:
    """Only the reason is printed."""
    sender = Sender(port := free_port(), [PUBLISHED], Secret(key=b"o" * 32))
    sender.start()

    outcome = run("listen", "--port", port, "--secret", SECRET.text)
    sender.join(PATIENCE)

    assert (outcome.code, outcome.out, sender.answers) == (0, "", [401])
    assert "Refused: no signature in webhook-signature matches a known secret" in outcome.err


def test_secrets_are_read_from_the_database(run: Run, file: Path) -> None:
    """Of every subscription; the command that creates one is printed."""
    file.write_text(SETTINGS + ALLOWED)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    made = json.loads(run("subscriptions", "add", f"{address}/", "--json", "--config", file).out)
    sender = Sender(port, [PUBLISHED], Secret.parse(made["secret"]), to=made["id"])
    sender.start()

    outcome = run("listen", "--port", port, "--config", file)
    sender.join(PATIENCE)

    assert outcome.out == "post.published     new  https://x  X\n"
    assert f"syndicate subscriptions add {address}/" in outcome.err
    assert sender.answers == [204]


def test_invalid_secret_is_an_error(run: Run) -> None:
    """Before the port is opened."""
    outcome = run("listen", "--secret", "hush")
    assert outcome.code == 2
    assert "whsec_" in outcome.err


def test_port_in_use_is_an_error(run: Run) -> None:
    """With a hint and without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = run("listen", "--port", taken.getsockname()[1], "--secret", SECRET.text)
    assert outcome.code == 1
    assert "--port" in outcome.err


@pytest.mark.slow
def test_unreadable_secret_is_reported_to_the_sender(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook that cannot be verified is rejected."""
    file.write_text(SETTINGS + ALLOWED)
    port = free_port()
    monkeypatch.setenv("SYNDICATE_SECRET_KEY", "right")
    url = f"http://127.0.0.1:{port}/"
    made = json.loads(run("subscriptions", "add", url, "--json", "--config", file).out)
    monkeypatch.setenv("SYNDICATE_SECRET_KEY", "wrong")
    sender = Sender(port, [PUBLISHED], Secret.parse(made["secret"]), to=made["id"])
    sender.start()
    outcome = run("listen", "--port", port, "--config", file)
    sender.join(PATIENCE)
    assert (outcome.out, sender.answers) == ("", [503])
