"""`syndicate subscriptions`, `deliveries`, `tokens` and `deliver`, on a real database."""

import asyncio
import json
import os
import pathlib
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from syndicate.model.post import PostId
from syndicate.model.subscription import UNDECRYPTABLE_REASON, SubscriptionId
from syndicate.service.content_service import ContentService
from syndicate.settings import load
from syndicate.storage.publish import StoredEvent, enqueue_for
from tests.channels.receiver import respond, run_receiver
from tests.cli.conftest import Run, complete
from tests.databases import open_database
from tests.render_pool import render_pool
from tests.stepwise_service import stepwise_service
from tests.storage.outbox_fixture import NOW, stored_event


@pytest.fixture
def database(file: pathlib.Path) -> str:
    """Return the address of the database of the settings; receivers may be on this host."""
    text = file.read_text()
    file.write_text(f'{text}\n[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n')
    return f"sqlite:///{file.parent / 'var' / 'syndicate.db'}"


def added(run: Run, file: pathlib.Path, *arguments: str) -> str:
    """Subscribe, and return the id."""
    outcome = run("subscriptions", "add", *arguments, "--json", "--config", file)
    assert outcome.code == 0, outcome.err
    return str(json.loads(outcome.out)["id"])


async def enqueue(database: str, subscription: str, *events: StoredEvent) -> None:
    """Put events into the outbox."""
    async with open_database(database) as opened, opened.write() as connection:
        await enqueue_for(connection, SubscriptionId(subscription), events, NOW)


@pytest.mark.slow
def test_add_show_and_remove_a_subscription(run: Run, file: pathlib.Path, database: str) -> None:
    """The secret is shown once."""
    assert database
    outcome = run("subscriptions", "add", "http://127.0.0.1:9/hook", "--config", file)
    which, secret = outcome.out.split()
    assert secret.startswith("whsec_")
    assert "not shown again" in outcome.err

    assert run("subscriptions", "list", "--config", file).out.split() == [
        which,
        "active",
        "http://127.0.0.1:9/hook",
    ]
    shown = run("subscriptions", "show", which, "--config", file).out
    assert re.search(r"^pending +0$", shown, re.MULTILINE)
    assert secret not in shown
    assert run("subscriptions", "pause", which, "--config", file).code == 0
    (listed,) = json.loads(run("subscriptions", "list", "--json", "--config", file).out)
    assert (listed["state"], listed["types"]) == (
        "paused",
        ["post.published", "post.updated", "post.removed"],
    )
    assert run("subscriptions", "resume", which, "--config", file).code == 0
    assert run("subscriptions", "remove", which, "--config", file).code == 0
    missing = run("subscriptions", "show", which, "--config", file)
    assert missing.code == 2
    assert "subscriptions list" in missing.err


@pytest.mark.slow
def test_options_of_a_subscription_are_stored(run: Run, file: pathlib.Path, database: str) -> None:
    """The selection is a feed query."""
    assert database
    which = added(
        run,
        file,
        "http://127.0.0.1:9/hook",
        *("--select", "category=TTS&carousel=true", "--types", "post.removed, post.published"),
        *("--no-minor", "--thin", "--owner", "Example agency"),
    )
    shown = json.loads(run("subscriptions", "show", which, "--json", "--config", file).out)
    assert (shown["selection"]["categories"], shown["selection"]["carousel"]) == (["tts"], True)
    assert (shown["minor"], shown["payload"]) == (False, "thin")
    assert (shown["types"], shown["owner"]) == (
        ["post.published", "post.removed"],
        "Example agency",
    )


def test_header_fields_are_added_and_replaced(run: Run, file: pathlib.Path, database: str) -> None:
    """Only their names are printed."""
    assert database
    two = ("--header", "X-Api-Key: 0123", "--header", "Authorization:Bearer a b")
    which = added(run, file, "http://127.0.0.1:9/hook", *two)
    shown = run("subscriptions", "show", which, "--json", "--config", file).out
    assert json.loads(shown)["headers"] == ["X-Api-Key", "Authorization"]
    edited = run("subscriptions", "edit", which, "--header", "X-A:b", "--config", file)
    assert edited.code == 0
    shown = run("subscriptions", "show", which, "--json", "--config", file).out
    assert json.loads(shown)["headers"] == ["X-A"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("http://127.0.0.1:9/", "--header", "Host: a"), "set by the service"),
        (("http://127.0.0.1:9/", "--header", "A: 1", "--header", "A: 2"), "given once"),
        (("https://10.0.0.1/",), "allow_networks"),
        (("http://127.0.0.1:9/", "--types", "post.fish"), "post.published"),
        (("http://127.0.0.1:9/", "--select", "category=fish"), "fish"),
    ],
)
def test_invalid_subscriptions_are_refused(
    run: Run, file: pathlib.Path, database: str, arguments: tuple[str, ...], said: str
) -> None:
    """With valid values."""
    assert database
    outcome = run("subscriptions", "add", *arguments, "--config", file)
    assert outcome.code == 2
    assert said in outcome.err


async def publish(file: pathlib.Path, database: str) -> None:
    """Record the first edition, as a service does when it starts."""
    with ContentService(load(file, {}), render_pool=render_pool()) as content_service:
        async with stepwise_service(content_service, database) as service:
            assert await service.publish()
            await service.ledger_writer.release_lease()


@pytest.mark.slow
def test_backfill_and_recover_enqueue_live_posts(
    run: Run, file: pathlib.Path, database: str
) -> None:
    """Backfill, the difference of two selections, and recovery."""

    def pending(which: str) -> int:
        shown = run("subscriptions", "show", which, "--json", "--config", file)
        return int(json.loads(shown.out)["pending"])

    early = run("subscriptions", "add", "http://127.0.0.1:9/", "--backfill", "--config", file)
    assert (early.code, "syndicate serve" in early.err) == (1, True)
    complete(publish(file, database))
    which = added(run, file, "http://127.0.0.1:9/hook", "--select", "category=tts", "--backfill")
    assert pending(which) == 1
    edit = ("subscriptions", "edit", which, "--config", file)
    changed = run(*edit, "--select", "source=updates")
    assert (changed.code, changed.err) == (0, f"{which}: updated\n")
    assert pending(which) == 3
    assert run(*edit, "--select", "", "--full", "--url", "http://127.0.0.1:9/new").code == 0
    assert pending(which) == 5
    again = run("subscriptions", "recover", which, "--config", file)
    assert again.err == "3 deliveries queued\n"
    shown = run("subscriptions", "show", which, "--config", file).out
    assert re.search(r"^url +http://127.0.0.1:9/new$", shown, re.MULTILINE)


@pytest.mark.slow
def test_rotated_secret_is_printed(run: Run, file: pathlib.Path, database: str) -> None:
    """The secret differs from the old one."""
    assert database
    which = added(run, file, "http://127.0.0.1:9/hook")
    first, second = (
        json.loads(run("subscriptions", "rotate-secret", which, "--json", "--config", file).out)
        for _ in range(2)
    )
    assert first["id"] == second["id"] == which
    assert first["secret"] != second["secret"]


@pytest.mark.slow
async def test_test_event_reports_success_or_failure(
    run: Run, file: pathlib.Path, database: str
) -> None:
    """A failure exits 1."""
    assert database

    async with run_receiver(respond(204), respond(500)) as receiver:
        which = await asyncio.to_thread(added, run, file, receiver.url())
        test = ("subscriptions", "test", which, "--config", str(file))
        well = await asyncio.to_thread(run, *test)
        assert (well.code, well.out[:21]) == (0, "delivered: status 204")
        ill = await asyncio.to_thread(run, *test)
        assert (ill.code, ill.err) == (1, "the response status was 500\n")
        assert json.loads(receiver.requests[0].body)["type"] == "subscription.test"


class Endpoint(BaseHTTPRequestHandler):
    """Takes what is sent, and then stops the command that sends in this process."""

    left = 0

    def do_POST(self) -> None:
        """Take one request; after the last, tell the command to stop."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
        Endpoint.left -= 1
        if not Endpoint.left:
            os.kill(os.getpid(), signal.SIGTERM)

    @override
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def endpoint(requests: int) -> Iterator[str]:
    """Serve an endpoint that stops the command after so many requests, and give its address."""
    Endpoint.left = requests
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_deliveries_are_held_and_released(run: Run, file: pathlib.Path, database: str) -> None:
    """The commands can be repeated; the diagnosis names a hold."""
    assert database
    assert run("deliveries", "release", "--config", file).err == "deliveries are not held\n"
    assert run("deliveries", "hold", "--config", file).err == "all deliveries are held\n"
    assert run("deliveries", "hold", "--config", file).err == "all deliveries are held already\n"
    assert re.search(
        "^warning +all deliveries are held", run("doctor", "--config", file).out, re.MULTILINE
    )
    which = added(run, file, "http://127.0.0.1:9/hook")
    refused = run("subscriptions", "test", which, "--config", file)
    assert (refused.code, "held by the operator" in refused.err) == (2, True)
    assert run("deliveries", "release", "--config", file).err == "deliveries are released\n"
    assert "are held" not in run("doctor", "--config", file).out
    logged = run("audit", "list", "--config", file).out
    assert all(action in logged for action in ("deliveries.held", "deliveries.released"))


@pytest.mark.slow
def test_deliver_sends_without_a_web_server(run: Run, file: pathlib.Path, database: str) -> None:
    """Deliveries are listed, shown and replayed; a signal stops the process."""
    with endpoint(2) as address:
        which = added(run, file, f"{address}/hook")
        complete(enqueue(database, which, stored_event(1), stored_event(2)))
        outcome = run("deliver", "--config", file)
    events = [json.loads(line)["event"] for line in outcome.err.splitlines()]
    assert (outcome.code, events) == (0, ["delivering", "stopped"])

    first, second = f"{which}.1", f"{which}.2"
    listed = run("deliveries", "list", which, "--config", file).out
    assert listed.splitlines() == [
        f"{second}  delivered  1 attempt    post.updated",
        f"{first}  delivered  1 attempt    post.updated",
    ]
    none = run("deliveries", "list", which, "--limit", 0, "--config", file)
    assert (none.code, none.out) == (2, "")
    few = run("deliveries", "list", which, "--limit", 1, "--json", "--config", file)
    assert [one["seq"] for one in json.loads(few.out)] == [2]
    shown = run("deliveries", "show", first, "--json", "--config", file)
    assert [one["status"] for one in json.loads(shown.out)["attempts"]] == [204]
    assert "  204  " in run("deliveries", "show", first, "--config", file).out
    again = run("deliveries", "replay", first, "--config", file)
    assert again.err == f"{first}: pending\n"
    failed = ("deliveries", "replay", "--failed", "--since", "2024-01-01", "--config", file)
    assert run(*failed).err == "0 deliveries queued\n"
    for wrong in ((), ("--failed",), (first, "--failed"), ("--since", "2024-01-01")):
        assert run("deliveries", "replay", *wrong, "--config", file).code == 2
    recovered = run("subscriptions", "recover", which, "--since", "2024-01-01", "--config", file)
    assert recovered.err == "2 deliveries queued\n"
    now = json.loads(run("subscriptions", "show", which, "--json", "--config", file).out)
    assert (now["last_attempt"]["status"], now["pending"]) == (204, 2)


def test_websub_delivery_is_listed_by_its_topic(
    run: Run, file: pathlib.Path, database: str
) -> None:
    """Its body is not an event, and may not be JSON."""
    which = added(run, file, "https://127.0.0.1:9/hook")
    topic = PostId("https://feeds.example.gov/feeds/all.rss")
    event = replace(stored_event(1), type="topic", post_id=topic, full_body=b"<rss/>")
    complete(enqueue(database, which, event))
    listed = run("deliveries", "list", which, "--config", file)
    assert listed.out == f"{which}.1  pending    0 attempts   {topic}\n"


@pytest.mark.slow
def test_proxy_is_logged_at_the_start(
    run: Run, file: pathlib.Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy decides where requests go."""
    with endpoint(1) as address:
        monkeypatch.setenv("SYNDICATE_DELIVERY__PROXY", address)
        complete(
            enqueue(database, added(run, file, "http://partner.example/hook"), stored_event(1))
        )
        outcome = run("deliver", "--config", file)
    assert outcome.code == 0
    assert f"requests to subscribers use the proxy {address}" in outcome.err


@pytest.mark.slow
def test_create_list_and_revoke_tokens(run: Run, file: pathlib.Path) -> None:
    """Each token is shown once."""
    create = ("tokens", "create", "--role", "partner", "--name", "Example agency", "--config", file)
    made = run(*create)
    assert made.out.startswith("syn_")
    assert "not shown again" in made.err
    second = json.loads(run(*create, "--expires", "2040-01-01", "--json").out)
    assert second["token"].startswith("syn_")
    admin = ("tokens", "create", "--role", "admin", "--name", "Ops", "--config", file, "--json")
    third = json.loads(run(*admin).out)
    revoked = run("tokens", "revoke", third["id"], "--config", file)
    assert revoked.err == f"{third['id']} (Ops): revoked\n"
    lines = run("tokens", "list", "--config", file).out.splitlines()
    assert [line.split()[1:3] for line in lines] == [
        ["partner", "valid"],
        ["partner", "valid"],
        ["admin", "revoked"],
    ]
    listed = json.loads(run("tokens", "list", "--json", "--config", file).out)
    assert [one["name"] for one in listed] == ["Example agency", "Example agency", "Ops"]
    assert [one["state"] for one in listed] == ["valid", "valid", "revoked"]
    assert [one["expires"] for one in listed][::2] == [None, None]
    assert datetime.fromisoformat(listed[1]["expires"]).tzinfo == UTC
    assert "T" in listed[0]["made"]
    assert {one["last_used"] for one in listed} == {None}
    assert made.out.strip() not in str(listed)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("--name", ""), "invalid token name ''"),
        (("--name", "Ops", "--expires", "2024-01-01"), "the expiry is in the past"),
        (("--name", "Ops", "--contact", "nobody"), "invalid contact 'nobody'"),
    ],
)
def test_invalid_tokens_are_refused(
    run: Run, file: pathlib.Path, wrong: tuple[str, ...], why: str
) -> None:
    """No token is printed."""
    outcome = run("tokens", "create", "--role", "partner", *wrong, "--config", file)
    assert (outcome.code, outcome.out) == (2, "")
    assert why in outcome.err


@pytest.mark.slow
def test_unreadable_secret_is_listed_with_pending_deliveries(
    run: Run, file: pathlib.Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other subscriptions are listed as usual; a new secret or the old key repairs it."""
    assert database
    fine = added(run, file, "http://127.0.0.1:9/fine")
    monkeypatch.setenv("SYNDICATE_SECRET_KEY", "right")
    sealed = added(run, file, "http://127.0.0.1:9/sealed")
    monkeypatch.setenv("SYNDICATE_SECRET_KEY", "wrong")
    listed = run("subscriptions", "list", "--config", file).out.splitlines()
    assert listed[0] == f"{fine}  active     http://127.0.0.1:9/fine"
    assert listed[1] == f"{sealed}  active     http://127.0.0.1:9/sealed  ({UNDECRYPTABLE_REASON})"
    tested = run("subscriptions", "test", sealed, "--config", file)
    assert (tested.code, UNDECRYPTABLE_REASON in tested.err) == (1, True)
    edited = run("subscriptions", "edit", sealed, "--header", "X-A: b", "--config", file)
    assert (edited.code, "Rotate the secret first" in edited.err) == (2, True)
    assert run("subscriptions", "rotate-secret", sealed, "--config", file).code == 0
    assert UNDECRYPTABLE_REASON not in run("subscriptions", "list", "--config", file).out
