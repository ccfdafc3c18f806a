"""Settings for display, without secrets and with their origin."""

from pathlib import Path

from syndicate.settings import Settings, load
from tests.settings.conftest import MINIMAL_SETTINGS, write


def test_all_settings_except_secrets_are_displayed(complete_settings: Settings) -> None:
    """Each setting has value and origin; values with `${…}` are displayed as written."""
    displayed = {setting.name: setting for setting in complete_settings.displayed}

    assert displayed["service.title"].value == "Example agency feeds"
    assert displayed["service.title"].origin == str(complete_settings.file)
    assert displayed["service.port"].value == "${PORT}"
    assert displayed["service.secret_key"].value == "********"
    assert displayed["service.metrics_token"].value == "********"
    assert displayed["sources[0].hook_secret"].value == "********"
    assert displayed["sources[1].hook_secret"].value == ""
    assert displayed["sources[1].hook_secret"].origin == "default"
    assert displayed["database.url"].value == "postgres://feeds:********@db.example.gov/feeds"
    assert displayed["delivery.proxy"].value == "http://robot:********@proxy.example.gov:3128"
    assert (
        displayed["sources[0].repository"].value
        == "https://robot:********@git.example.gov/website.git"
    )
    assert displayed["sources[0].keys.summary"].value == ["teaser", "lead"]
    assert displayed["delivery.allow_networks"].value == ["10.1.0.0/16", "fd00::/8"]
    assert displayed["websub.lease_seconds.minimum"].value == 60
    assert displayed["feeds[1].carousel"].value is None
    assert displayed["redirects[1].from"].value == "/feeds/older"


def test_origin_of_an_override_is_its_variable(tmp_path: Path) -> None:
    """The origin is the name of the variable."""
    environ = {"SYNDICATE_SERVICE__PORT": "8080", "SYNDICATE_SECRET_KEY": "hidden"}
    displayed = {setting.name: setting for setting in load(write(tmp_path), environ).displayed}

    assert displayed["service.port"].value == 8080
    assert displayed["service.port"].origin == "SYNDICATE_SERVICE__PORT"
    assert displayed["service.secret_key"].value == "********"
    assert displayed["service.secret_key"].origin == "SYNDICATE_SECRET_KEY"
    assert displayed["feeds"].value == []
    assert displayed["sources[0].permalink"].origin == "default"


def test_token_without_a_user_is_masked(tmp_path: Path) -> None:
    """Tokens in place of a user, and passwords in the query, are masked."""
    file = write(
        tmp_path, MINIMAL_SETTINGS.replace('"website.git"', '"https://token@git.example.gov/w.git"')
    )
    url = "postgresql://feeds@db.example.gov/feeds?password=secret&sslmode=require"

    displayed = {s.name: s.value for s in load(file, {"SYNDICATE_DATABASE__URL": url}).displayed}

    assert displayed["sources[0].repository"] == "https://********@git.example.gov/w.git"
    assert (
        displayed["database.url"]
        == "postgresql://feeds@db.example.gov/feeds?password=********&sslmode=require"
    )


def test_contacts_of_editors_are_masked(tmp_path: Path) -> None:
    """The URL of a chat is all that is needed to write there."""
    table = '[[sources]]\nnotify = ["https://chat.example.gov/hook?key=x"]'
    file = write(tmp_path, MINIMAL_SETTINGS.replace("[[sources]]", table))

    displayed = {setting.name: setting.value for setting in load(file, {}).displayed}

    assert displayed["sources[0].notify"] == "********"
