"""Settings files, environment variables and errors of the settings."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from syndicate import __version__
from syndicate.errors import SettingsError
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.edition import NamedFeed
from syndicate.model.feed import ServiceInfo
from syndicate.model.markdown_options import KRAMDOWN
from syndicate.model.post import Path as PostPath
from syndicate.model.post import Source
from syndicate.model.selection import Selection
from syndicate.settings import Settings, json_schema, load
from tests.settings.conftest import DATA, MINIMAL_SETTINGS, write

CATEGORIES = (
    Category(slug="tts", title="Technology Transformation Services"),
    Category(slug="press-releases", title="Press releases"),
)


def test_sources_become_model_sources(complete_settings: Settings) -> None:
    """Folders are normalized, categories are those of the vocabulary, paths are absolute."""
    news, _ = complete_settings.sources

    assert news == Source(
        name="news",
        title="Example agency",
        repository="https://robot:token@git.example.gov/website.git",
        ref="release/2024",
        folders=(PostPath("content/news"), PostPath("content/blog")),
        dialect="news-and-blog",
        site_url="https://www.example.gov",
        id_authority="old.example.gov",
        zone=ZoneInfo("America/New_York"),
        language="es-PR",
        permalink="/news/:name",
        ids="url",
        categories=CATEGORIES,
        rights="Public domain",
        rights_url="https://www.example.gov/terms",
        icon_url="https://www.example.gov/icon.svg",
        logo_url="https://www.example.gov/logo.png",
        keys=(("summary", ("teaser", "lead")),),
        replacements=(("phone", "555-0100"),),
        authors=(("jane", "Jane Doe"),),
        embeds=("video.example.gov",),
        assets="serve",
        markdown=KRAMDOWN,
    )


def test_source_with_few_settings_has_defaults(complete_settings: Settings, tmp_path: Path) -> None:
    """A path is relative to the settings file; the host of the site is the authority of IDs."""
    _, local = complete_settings.sources

    assert local == Source(
        name="local",
        title="local",
        repository=str(tmp_path / "repositories" / "local.git"),
        folders=(PostPath(""),),
        dialect="program-updates",
        site_url="https://partners.example.gov",
        id_authority="partners.example.gov",
        zone=ZoneInfo("UTC"),
        derived=("language", "markdown", "permalink", "timezone"),
    )


def test_polling_and_push_hooks_are_settings_of_a_source(complete_settings: Settings) -> None:
    """By its name; only the secrets that are set."""
    assert complete_settings.poll_seconds == {"news": 60, "local": 15}
    assert complete_settings.hook_secrets == {"news": "push"}
    assert complete_settings.previews == {"news": ("refs/pull/*/head",), "local": ()}


def test_feeds_and_categories_become_model_values(complete_settings: Settings) -> None:
    """The categories of a feed are slugs, titles or aliases, and become slugs."""
    assert complete_settings.vocabulary == Vocabulary(
        definitions=(
            CategoryDefinition(
                category=Category(slug="tts", title="Technology Transformation Services"),
                aliases=("TTS",),
            ),
        )
    )
    assert complete_settings.feeds == (
        NamedFeed(
            name="technology-featured",
            title="Technology, featured",
            description="What the home page shows.",
            selection=Selection.create(
                categories=["technology", "tts"],
                match_all=True,
                carousel=True,
                sources=["news"],
                languages=["es"],
            ),
        ),
        NamedFeed(name="tts-any", title="tts-any", selection=Selection.create(categories=["tts"])),
    )
    assert complete_settings.redirects == {
        "/feeds/old": "/feeds/technology-featured",
        "/feeds/older": "",
    }


def test_service_table_becomes_service_info(complete_settings: Settings, tmp_path: Path) -> None:
    """Numbers may come from variables, secrets from files; URLs are normalized."""
    assert complete_settings.service_info == ServiceInfo(
        title="Example agency feeds",
        public_url="https://feeds.example.gov/syndication",
        hub_url="https://feeds.example.gov/syndication/hub",
        icon_url="https://agency.example.gov/icon.svg",
        logo_url="https://agency.example.gov/logo.png",
        contact="feeds@example.gov",
        version=__version__,
        max_age_seconds=60,
        templates_folder=str(tmp_path / "templates"),
        has_docs=True,
        agency=complete_settings.service_info.agency,
    )
    assert (complete_settings.service.host, complete_settings.service.port) == ("0.0.0.0", 8080)  # noqa: S104 — as written
    assert complete_settings.service.secret_key == "of the file"  # noqa: S105 — as written
    assert complete_settings.service.metrics_token == "look"  # noqa: S105 — as written
    assert (complete_settings.service.log, complete_settings.service.workers) == ("json", 4)
    assert complete_settings.service.cache_seconds == 60
    assert complete_settings.service.stale_while_revalidate == 120
    assert complete_settings.service.stale_if_error == 3600
    assert (complete_settings.service.requests_per_minute, complete_settings.service.proxies) == (
        600,
        2,
    )
    assert complete_settings.data_folder == tmp_path / "state"
    assert complete_settings.database_url == "postgresql://feeds:pass:word@db.example.gov/feeds"
    assert complete_settings.delivery.allow_networks == (
        ipaddress.ip_network("10.1.0.0/16"),
        ipaddress.ip_network("fd00::/8"),
    )
    assert complete_settings.delivery.allow_http
    assert complete_settings.delivery.proxy == "http://robot:token@proxy.example.gov:3128"
    assert list(complete_settings.delivery.retry_seconds) == [0, 1, 1]
    assert complete_settings.delivery.timeout_seconds == 2.5
    lease = complete_settings.websub.lease_seconds
    assert (lease.minimum, lease.default, lease.maximum) == (60, 120, 180)


def test_limits_table_becomes_limits(complete_settings: Settings) -> None:
    """Of posts and of served files."""
    limits = complete_settings.content_limits
    assert (limits.post_bytes, limits.categories, complete_settings.asset_bytes) == (
        2_000_000,
        20,
        1_000_000,
    )


def test_repr_of_settings_has_no_secret(complete_settings: Settings) -> None:
    """The text of the settings in a log or traceback has no secret."""
    text = repr(
        (
            complete_settings.service,
            complete_settings.delivery,
            complete_settings.hook_secrets.keys(),
        )
    ) + repr(complete_settings)

    assert not [secret for secret in ("of the file", "look", "push", "pass:word") if secret in text]


def test_minimal_settings_have_one_source(tmp_path: Path) -> None:
    """Everything else has a default; paths start at the folder of the file."""
    settings = load(write(tmp_path), {})

    assert settings.service_info.title == "Syndicate"
    assert settings.service_info.public_url == "http://127.0.0.1:8000"
    assert settings.sources[0].repository == str(tmp_path / "website.git")
    assert settings.database_url == f"sqlite:///{tmp_path}/var/syndicate.db"
    assert settings.data_folder == tmp_path / "var"
    assert settings.service.secret_key == ""
    assert list(settings.delivery.retry_seconds[:3]) == [0, 5, 60]
    assert settings.feeds == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("git@git.example.gov:agency/website.git", "git@git.example.gov:agency/website.git"),
        ("ssh://git.example.gov/website.git", "ssh://git.example.gov/website.git"),
        ("/srv/website.git", "/srv/website.git"),
        ("sites/a:b.git", "FOLDER/sites/a:b.git"),
        (".", "FOLDER"),
    ],
)
def test_repository_is_a_url_or_a_path(written: str, meant: str, tmp_path: Path) -> None:
    """As in git, a colon before the first slash makes a URL."""
    file = write(tmp_path, MINIMAL_SETTINGS.replace("website.git", written))

    assert load(file, {}).sources[0].repository == meant.replace("FOLDER", str(tmp_path))


def test_repository_may_be_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tilde is the home folder, as in a shell."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    file = write(tmp_path, MINIMAL_SETTINGS.replace("website.git", "~/website.git"))
    assert load(file, {}).sources[0].repository == str(tmp_path / "home" / "website.git")


@pytest.mark.parametrize(
    ("host", "public_url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 — compared only
        ("::", "http://[::1]:8000"),
        ("fd00::5", "http://[fd00::5]:8000"),
        ("feeds.example.gov", "http://feeds.example.gov:8000"),
    ],
)
def test_default_public_url_is_the_listening_address(
    host: str, public_url: str, tmp_path: Path
) -> None:
    """A first try needs no network settings."""
    settings = load(write(tmp_path), {"SYNDICATE_SERVICE__HOST": host})

    assert settings.service_info.public_url == public_url


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    """Values of tables, nested tables and lists; `${…}` is replaced in them."""
    settings = load(
        write(tmp_path, MINIMAL_SETTINGS + "[service]\nport = 1\n"),
        {
            "SYNDICATE_SERVICE__PORT": "8080",
            "SYNDICATE_SERVICE__CONTACT": "${WHO}@example.gov",
            "WHO": "feeds",
            "SYNDICATE_DELIVERY__ALLOW_HTTP": "true",
            "SYNDICATE_DELIVERY__ALLOW_NETWORKS": '["127.0.0.0/8"]',
            "SYNDICATE_WEBSUB__LEASE_SECONDS__MINIMUM": "60",
            "SYNDICATE_SERVICE_HOST": "set by another program",
        },
    )

    assert settings.service.port == 8080
    assert settings.service.contact == "feeds@example.gov"
    assert settings.service.host == "127.0.0.1"
    assert settings.delivery.allow_http
    assert [str(network) for network in settings.delivery.allow_networks] == ["127.0.0.0/8"]
    assert settings.websub.lease_seconds.minimum == 60


@pytest.mark.parametrize(
    ("text", "environ", "key"),
    [
        ("", {"SYNDICATE_SECRET_KEY": "a"}, "a"),
        ("", {"SYNDICATE_SECRET_KEY": "a", "SYNDICATE_SERVICE__SECRET_KEY": "b"}, "b"),
        ("[service]\nsecret_key = 'c'", {"SYNDICATE_SECRET_KEY": "a"}, "c"),
        ("[service]\nsecret_key = ''", {"SYNDICATE_SECRET_KEY": "a"}, ""),
    ],
)
def test_secret_key_has_its_own_variable(
    text: str, environ: Mapping[str, str], key: str, tmp_path: Path
) -> None:
    """The variable is used if the key has no other value."""
    assert load(write(tmp_path, MINIMAL_SETTINGS + text), environ).service.secret_key == key


def test_settings_file_is_given_or_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, else the variable, else `syndicate.toml` in the working directory."""
    for name in ("named", "variable", "here"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, MINIMAL_SETTINGS + f"[service]\ntitle = '{name}'")
    monkeypatch.chdir(tmp_path / "here")
    environ = {"SYNDICATE_CONFIG": str(tmp_path / "variable" / "syndicate.toml")}

    assert load(tmp_path / "named" / "syndicate.toml", environ).service.title == "named"
    assert load(None, environ).service.title == "variable"
    here = load(None, {})
    assert here.service.title == "here"
    assert here.data_folder == tmp_path / "here" / "var"


def test_json_schema_is_valid_and_has_every_key() -> None:
    """The schema accepts the settings file and rejects unknown keys."""
    Draft202012Validator.check_schema(json_schema())
    validator = Draft202012Validator(json_schema())

    source = {
        "name": "news",
        "repository": "website.git",
        "folders": ["_posts"],
        "dialect": "news-and-blog",
        "site_url": "https://www.example.gov",
    }
    assert validator.is_valid({"sources": [source], "service": {"port": 1}})
    assert not validator.is_valid({"sources": [source], "service": {"prot": 1}})
    assert not validator.is_valid({"sources": [source | {"dialect": "latin"}]})


def test_all_errors_are_reported_with_their_names(tmp_path: Path) -> None:
    """Errors have the expected and the found value, and a suggestion; never a secret."""
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    file = write(tmp_path, (DATA / "wrong.toml").read_text())
    environ = {
        "SYNDICATE_SERVICE__PORT": "abc",
        "SYNDICATE_SOURCES__0__NAME": "x",
        "SYNDICATE_FOO__BAR": "1",
        "SYNDICATE_WEBSUB__LEASE_SECONDS__MAXIMUM": "2",
    }

    with pytest.raises(SettingsError) as caught:
        load(file, environ)

    messages = list(caught.value.errors)
    assert messages == (DATA / "wrong.txt").read_text().splitlines()
    assert caught.value.message == f"{file} has {len(messages)} errors"
    assert not [line for line in messages if "secret@" in line or "12345" in line]


def test_settings_without_sources_are_an_error(tmp_path: Path) -> None:
    """Tables of the wrong type are reported as well."""
    with pytest.raises(SettingsError) as caught:
        load(
            write(tmp_path, "service = 1\nfeeds = [2]\n[categories]\n"),
            {"SYNDICATE_SECRET_KEY": "a"},
        )

    assert caught.value.errors == (
        "service: expected a table; found 1",
        "categories: expected a list of tables, each under [[categories]]",
        "feeds[0]: expected a table; found 2",
        "sources: at least one source is required",
    )
    with pytest.raises(SettingsError, match=r"has 1 error$"):
        load(write(tmp_path, ""), {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[service]\nport = \n", r"invalid TOML in \S+: Invalid value \(at line 2, column 8\)"),
        (b"[service]\ntitle = 'caf\xe9'\n", r"invalid TOML in \S+: 'utf-8' codec"),
    ],
)
def test_invalid_toml_is_reported_with_its_line(content: bytes, said: str, tmp_path: Path) -> None:
    """The message has line and column."""
    file = tmp_path / "syndicate.toml"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match=said):
        load(file, {})


def test_unreadable_settings_file_is_named(tmp_path: Path) -> None:
    """The file is missing, or a folder."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml does not exist") as caught:
        load(tmp_path / "nowhere.toml", {})
    assert "syndicate init" in caught.value.hint
    with pytest.raises(SettingsError, match=r"cannot read settings file \S+: Is a directory"):
        load(tmp_path, {})
