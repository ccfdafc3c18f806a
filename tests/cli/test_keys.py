"""`syndicate keys rotate`, and keys that decrypt nothing."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SETTINGS, Run, complete
from tests.project_documents import code_blocks
from tests.storage.outbox_fixture import open_outbox

GUIDE = "docs/how-to/change-the-secret-key.md"


@pytest.fixture
def subscription(file: Path) -> Path:
    """Return settings whose database has a subscription, with a secret under the key ``old``."""

    async def subscribe() -> None:
        url = f"sqlite:///{file.parent / 'var' / 'syndicate.db'}"
        async with open_outbox(url, key="old") as outbox_fixture:
            await outbox_fixture.subscribe("a")

    complete(subscribe())
    return file


def set_keys(file: Path, key: str, *previous: str) -> None:
    """Write the keys into the settings."""
    keys = f'[service]\nsecret_key = "{key}"\nprevious_secret_keys = {json.dumps(previous)}'
    file.write_text(SETTINGS.replace("[service]", keys))


def test_key_is_replaced_as_the_guide_says(
    run: Run, subscription: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each step the secret can be read, and in the end without the old key."""
    monkeypatch.setenv("OLD_KEY", "old")
    monkeypatch.setenv("NEW_KEY", "new")
    for table in code_blocks(GUIDE, "toml"):
        subscription.write_text(SETTINGS.replace("[service]", table))
        assert "decrypts" not in run("doctor", "--config", subscription).out
    (command,) = code_blocks(GUIDE, "sh")

    rotated = run(*command.split()[1:], "--config", subscription)

    assert (rotated.code, rotated.out) == (
        0,
        "1 encrypted again, 0 had the present key, 0 cannot be decrypted\n",
    )
    set_keys(subscription, "new")
    assert "decrypts" not in run("doctor", "--config", subscription).out
    (entry,) = json.loads(run("audit", "list", "--json", "--config", subscription).out)
    assert entry["action"] == "keys.rotated"
    assert entry["detail"] == {"encrypted": 1, "current": 0, "unreadable": 0}


def test_secret_that_no_key_decrypts_is_a_failure(run: Run, subscription: Path) -> None:
    """It is left alone."""
    set_keys(subscription, "new", "other")
    outcome = run("keys", "rotate", "--json", "--config", subscription)
    assert outcome.code == 1
    assert json.loads(outcome.out) == {"encrypted": 0, "current": 0, "unreadable": 1}


def test_doctor_reports_the_key_of_another_service(run: Run, subscription: Path) -> None:
    """As an error."""
    set_keys(subscription, "new")
    outcome = run("doctor", "--config", subscription)
    assert outcome.code == 1
    assert "error    service.secret_key decrypts none of the stored secrets" in outcome.out


def test_doctor_counts_secrets_of_a_lost_key(run: Run, subscription: Path) -> None:
    """If others can be read."""

    async def subscribe() -> None:
        url = f"sqlite:///{subscription.parent / 'var' / 'syndicate.db'}"
        async with open_outbox(url, key="new") as outbox_fixture:
            await outbox_fixture.subscribe("b")

    complete(subscribe())
    set_keys(subscription, "new")
    outcome = run("doctor", "--config", subscription)
    assert "nor previous_secret_keys decrypts: 1\n" in outcome.out


def test_deliver_with_the_key_of_another_service_ends(run: Run, subscription: Path) -> None:
    """It sends nothing, and changes no subscription."""
    set_keys(subscription, "new")
    outcome = run("deliver", "--config", subscription)
    assert outcome.code == 1
    assert "decrypts none of the stored secrets" in outcome.err
    listed = json.loads(run("subscriptions", "list", "--json", "--config", subscription).out)
    assert [each["state"] for each in listed] == ["active"]


def test_deliver_serves_metrics_if_a_port_is_given(run: Run, subscription: Path) -> None:
    """While it runs, which is short here."""
    set_keys(subscription, "new")
    outcome = run("deliver", "--metrics-port", 0, "--config", subscription)
    assert '"event": "metrics served"' in outcome.err
    assert "metrics served" not in run("deliver", "--config", subscription).err


def test_previous_keys_are_not_displayed(run: Run, subscription: Path) -> None:
    """Like the present one."""
    set_keys(subscription, "new", "a very secret key")
    outcome = run("config", "show", "--config", subscription)
    assert "previous_secret_keys" in outcome.out
    assert "a very secret key" not in outcome.out
