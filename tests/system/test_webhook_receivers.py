"""The receivers in docs/how-to/verify-webhooks.md accept only genuine requests."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypedDict

import httpx
import pytest

from syndicate.model.webhook_signature import Secret, sign, verification_error
from tests.project_documents import ROOT, code_blocks, find_program

DOCUMENT: Final = "docs/how-to/verify-webhooks.md"
TIMEOUT_SECONDS: Final = 30
"""Time for a program to start on a busy machine."""


class Request(TypedDict):
    """A request of the test vector, the receiver's clock, and whether it is genuine."""

    name: str
    verified: bool
    id: str
    timestamp: str
    signatures: str
    body: str
    now: int


VECTOR = json.loads((ROOT / "tests" / "data" / "webhooks" / "requests.json").read_text())
SECRET: Final[str] = VECTOR["secret"]
REQUESTS: Final[list[Request]] = VECTOR["requests"]
EXPECTED: Final = {request["name"]: request["verified"] for request in REQUESTS}


@dataclass(frozen=True)
class Language:
    """The file names and commands of the two programs of a language.

    ``driver`` checks the requests of the vector, which are in `requests.json`.
    """

    fence: str
    command: str
    files: tuple[str, str]
    run: tuple[str, ...]
    driver: str

    def write(self, folder: Path) -> list[str]:
        """Write the programs to ``folder`` and return the first words of a command."""
        for name, text in zip(self.files, code_blocks(DOCUMENT, self.fence), strict=True):
            (folder / name).write_text(text)
        return [self.command if "/" in self.command else find_program(self.command)]


PYTHON = Language(
    fence="python",
    command=sys.executable,
    files=("webhook.py", "receiver.py"),
    run=("receiver.py",),
    driver="""
import json
from webhook import verified
vector = json.load(open("requests.json"))
print(json.dumps({r["name"]: verified(vector["secret"], r["id"], r["timestamp"], r["signatures"],
                                      r["body"].encode(), r["now"]) for r in vector["requests"]}))
""",
)
PHP = Language(
    fence="php",
    command="php",
    files=("webhook.php", "receiver.php"),
    run=("-S", "127.0.0.1:{port}", "receiver.php"),
    driver="""<?php
require __DIR__ . '/webhook.php';
$vector = json_decode(file_get_contents('requests.json'), true);
$results = [];
foreach ($vector['requests'] as $r) {
    $results[$r['name']] = verified($vector['secret'], $r['id'], $r['timestamp'], $r['signatures'],
                                 $r['body'], $r['now']);
}
echo json_encode($results);
""",
)
NODE = Language(
    fence="js",
    command="node",
    files=("webhook.mjs", "receiver.mjs"),
    run=("receiver.mjs",),
    driver="""
import { readFileSync } from "node:fs";
import { verified } from "./webhook.mjs";
const vector = JSON.parse(readFileSync("requests.json"));
console.log(JSON.stringify(Object.fromEntries(vector.requests.map((r) => [r.name, verified(
  vector.secret, r.id, r.timestamp, r.signatures, Buffer.from(r.body), r.now)]))));
""",
)
LANGUAGES: Final = [PYTHON, PHP, NODE]
every_language = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.fence)


def test_own_verification_agrees_with_the_vector() -> None:
    """The service signs by the standard that the documents verify."""
    secrets = [Secret.parse(SECRET)]
    results = {
        request["name"]: not verification_error(
            secrets,
            headers={
                "webhook-id": request["id"],
                "webhook-timestamp": request["timestamp"],
                "webhook-signature": request["signatures"],
            },
            body=request["body"].encode(),
            now=datetime.fromtimestamp(request["now"], UTC),
        )
        for request in REQUESTS
    }
    assert results == EXPECTED


@every_language
def test_documented_program_verifies_the_vector(language: Language, tmp_path: Path) -> None:
    """Changed, replayed and wrongly signed requests are detected."""
    command = language.write(tmp_path)
    (tmp_path / "requests.json").write_text(json.dumps(VECTOR))
    driver = tmp_path / f"driver{Path(language.files[0]).suffix}"
    driver.write_text(language.driver)
    completed = subprocess.run(
        [*command, driver.name], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert json.loads(completed.stdout) == EXPECTED


def test_documented_shell_verifies_the_vector(tmp_path: Path) -> None:
    """The commands with openssl give the same results."""
    find_program("openssl")
    (script,) = code_blocks(DOCUMENT, "sh")
    (tmp_path / "verify.sh").write_text(script)
    results = {}
    for request in REQUESTS:
        values = (request["id"], request["timestamp"], request["signatures"], str(request["now"]))
        completed = subprocess.run(
            ["sh", "verify.sh", *values],
            cwd=tmp_path,
            env={**os.environ, "WEBHOOK_SECRET": SECRET},
            input=request["body"].encode(),
            capture_output=True,
            check=False,
        )
        assert completed.stderr == b""
        results[request["name"]] = completed.returncode == 0
    assert results == EXPECTED


@contextlib.contextmanager
def receiving(language: Language, folder: Path) -> Iterator[str]:
    """Run the receiver of ``language``, yield its URL, and stop it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [*language.write(folder), *(argument.format(port=port) for argument in language.run)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + TIMEOUT_SECONDS
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(TIMEOUT_SECONDS)


@every_language
def test_documented_receiver_accepts_our_requests(language: Language, tmp_path: Path) -> None:
    """New requests are accepted, also during rotation; changed or unsigned ones are not."""
    now = datetime.now(UTC)
    body = REQUESTS[0]["body"].encode()
    secrets = [Secret(key=b"k" * 32), Secret.parse(SECRET)]
    headers = {
        "content-type": "application/json",
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(secrets, message_id="evt_1", at=now, body=body),
    }
    with receiving(language, tmp_path) as url, httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        assert client.post(url, content=body, headers=headers).status_code == 204
        assert client.post(url, content=b" " + body, headers=headers).status_code == 401
        assert client.post(url, content=body).status_code == 401


def answer(url: str, length: str, body: bytes = b"") -> int:
    """Return the status of the response to a request that says it has ``length`` bytes."""
    address = httpx.URL(url)
    head = f"POST / HTTP/1.1\r\nHost: {address.host}\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection((address.host, address.port), TIMEOUT_SECONDS) as connection:
        connection.sendall(head.encode() + body)
        return int(connection.makefile("rb").readline().split()[1])


@every_language
def test_documented_receiver_limits_the_body(language: Language, tmp_path: Path) -> None:
    """It answers others afterwards, also where a client closed the connection."""
    size = 10_000_001
    body = b"" if language is PYTHON else b"x" * size  # which does not read what is too large
    with receiving(language, tmp_path) as url:
        assert answer(url, str(size), body) == 413
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
        assert answer(url, "2", b"{}") == 401


@pytest.mark.parametrize("length", ["-1", "+2", "1_0", "abc", "", "9" * 5_000])
def test_documented_python_receiver_refuses_a_length_that_is_no_number(
    length: str, tmp_path: Path
) -> None:
    """It would read to the end of the connection, or fail."""
    with receiving(PYTHON, tmp_path) as url:
        assert answer(url, length) == 411
