"""What `syndicate doctor` finds in settings that are valid."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from syndicate.cli.settings_checks import similar_folders
from syndicate.model.change import ledger_of
from syndicate.model.post import Path as PostPath
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from tests import samples
from tests.cli.conftest import COMPLETE_SETTINGS, FILES, Run, levels
from tests.content_repository import ContentRepository


@pytest.fixture
def file(file: Path) -> Path:
    """Return settings in which nothing is left to be desired."""
    file.write_text(COMPLETE_SETTINGS)
    return file


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("service.public_url", "https://feeds.example.gov/x"),
        ("service.contact", "feeds@example.com"),
        ("sources[0].site_url", "https://www.example.gov"),
        ("sources[0].id_authority", "example.org"),
        ("sources[1].embeds", "video.example.net"),
    ],
)
def test_placeholders_are_errors(run: Run, file: Path, key: str, value: str) -> None:
    """A URL, host or e-mail address that is kept for examples, by the name of its setting."""
    table, _, name = key.rpartition(".")
    written = json.dumps([value] if name == "embeds" else value)
    first = {"service": "[service]", "sources[0]": "[[sources]]", "sources[1]": 'name = "updates"'}
    lines = [line for line in COMPLETE_SETTINGS.splitlines() if not line.startswith(f"{name} =")]
    text = "\n".join(lines).replace(first[table], f"{first[table]}\n{name} = {written}", 1)
    if name == "site_url":
        text = COMPLETE_SETTINGS.replace("https://www.agency.gov", value)
    file.write_text(text)

    outcome = run("doctor", "--json", "--config", file)

    assert outcome.code == 1
    assert levels(outcome)[f"{key} is a placeholder: {value}"] == "error"


def test_words_about_examples_are_no_placeholders(run: Run, file: Path) -> None:
    """Neither titles nor names of repositories."""
    file.write_text(
        COMPLETE_SETTINGS.replace('repository = "content"', 'repository = "example.gov"').replace(
            '"News"', '"example.gov"'
        )
    )
    (file.parent / "content").rename(file.parent / "example.gov")

    outcome = run("doctor", "--json", "--config", file)

    assert outcome.code == 0
    assert "placeholder" not in outcome.out


@pytest.mark.parametrize(
    ("key", "said"), [("contact", "cannot reach anybody"), ("secret_key", "stored unencrypted")]
)
def test_empty_contact_and_key_are_warnings(
    run: Run, file: Path, key: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service works without them."""
    monkeypatch.delenv("SYNDICATE_SECRET_KEY", raising=False)
    file.write_text(
        "\n".join(line for line in COMPLETE_SETTINGS.splitlines() if not line.startswith(key))
    )

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    (warning,) = [line for line in outcome.out.splitlines() if f"service.{key}" in line]
    assert warning.startswith("warning  ")
    assert said in warning


@pytest.mark.parametrize(
    ("notify", "mail", "is_warned"),
    [
        ("mailto:web@agency.gov", "", True),
        ("https://chat.agency.gov/hook", "", False),
        (
            "mailto:web@agency.gov",
            '[mail]\nsmtp_url = "smtp://mail.agency.gov"\nfrom = "feeds@agency.gov"\n',
            False,
        ),
    ],
)
def test_editors_without_mail_are_a_warning(
    run: Run, file: Path, notify: str, mail: str, is_warned: bool
) -> None:
    """Addresses need a mail server, URLs do not; neither is printed."""
    table = f'[[sources]]\nnotify = ["{notify}"]'
    file.write_text(COMPLETE_SETTINGS.replace("[[sources]]", table, 1) + mail)

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    assert ("no mail is sent to the addresses in notify" in outcome.out) == is_warned
    assert "web@" not in outcome.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("category", "code", "said"),
    [
        ("TTS", 0, ""),
        ("partners", 0, ""),
        ("partnres", 1, "error    feed en-espanol: no post has the category partnres"),
    ],
)
def test_unknown_category_of_a_feed_is_an_error(
    run: Run, file: Path, category: str, code: int, said: str
) -> None:
    """One that neither the settings nor any post has; the hint names a similar one."""
    file.write_text(COMPLETE_SETTINGS.replace('languages = ["es"]', f'categories = ["{category}"]'))

    outcome = run("doctor", "--config", file)

    assert outcome.code == code
    assert said in outcome.out
    assert ("Did you mean partners" in outcome.out) == bool(code)


def test_categories_of_feeds_are_not_judged_without_all_sources(run: Run, file: Path) -> None:
    """The source that cannot be read may have them."""
    text = COMPLETE_SETTINGS.replace('languages = ["es"]', 'categories = ["absent"]')
    file.write_text(text.replace('repository = "content"', 'repository = "missing"', 1))
    assert "no post has the category" not in run("doctor", "--config", file).out


def test_feed_category_without_any_other_has_no_suggestion(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """There is nothing that could have been meant."""
    content.commit({path: text.replace("tags: [TTS]", "") for path, text in FILES.items()})
    text = COMPLETE_SETTINGS.replace('languages = ["es"]', 'categories = ["absent"]')
    text = text.replace('categories = ["partners"]', "")
    start = text.index("[[categories]]")
    file.write_text(text[:start] + text[text.index("[[feeds]]") :])

    outcome = run("doctor", "--json", "--config", file)

    (hint,) = [each["hint"] for each in json.loads(outcome.out) if "absent" in each["what"]]
    assert hint == ""


def test_wrong_folder_has_a_suggestion(run: Run, file: Path, content: ContentRepository) -> None:
    """A folder of the same name elsewhere, or one that is spelled nearly so."""
    content.commit({"site/_notes/a.md": FILES["updates/uno.md"]})
    for wrong, right in (("newz", "news"), ("notes", "site/_notes")):
        file.write_text(COMPLETE_SETTINGS.replace('folders = ["news"]', f'folders = ["{wrong}"]'))
        assert f"Did you mean {right}?" in run("doctor", "--config", file).out
    file.write_text(COMPLETE_SETTINGS.replace('folders = ["news"]', 'folders = ["qqq"]'))
    assert "Set the path of the folder from the root" in run("doctor", "--config", file).out


def test_folders_with_the_same_name_come_first() -> None:
    """At most three; the root of the repository is none."""
    paths = ["README.md", "a/news/x.md", "b/_News/x.md", "newz/x.md", "c/d/e.md"]
    assert similar_folders(PostPath("news"), paths) == ("a/news", "b/_News", "newz")


def test_ids_by_url_are_a_warning(run: Run, file: Path) -> None:
    """A post that moves is new to readers."""
    file.write_text(COMPLETE_SETTINGS.replace('title = "News"', 'ids = "url"'))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    assert "warning  source news: with ids = 'url' a post that moves" in outcome.out


def test_every_derived_value_has_its_origin(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Also one that is a default, and the authority of IDs that the history names."""
    content.commit(
        {"_config.yml": "url: https://agency.gov\n", "_posts/2024-01-29-a.md": "---\n---\n"}
    )
    file.write_text('[[sources]]\nname = "site"\nrepository = "content"\n')

    found = run("doctor", "--config", file).out

    for line in (
        'site_url = "https://agency.gov" (url in _config.yml)',
        'timezone = "UTC" (default)',
        'folders = ["_posts"] (_posts: _posts)',
        'id_authority = "agency.gov" (oldest commit whose configuration names a host)',
        "permalinks._posts = ",
    ):
        assert f"ok       source site: {line}" in found


async def test_renamed_source_is_a_removal_and_an_addition(run: Run, file: Path) -> None:
    """Known from the posts that the database holds as announced."""
    database = await Database.open(f"sqlite:///{file.parent}/var/syndicate.db")
    ledger = Ledger(database)
    await ledger.acquire_lease("publisher", samples.NOW)
    posts = (samples.post("a.md", source="new"), samples.post("b.md", source="old"))
    await ledger.record("publisher", ledger_of(samples.edition(*posts)).values(), samples.NOW)
    await database.close()
    text = COMPLETE_SETTINGS.replace('name = "news"', 'name = "new"')
    await anyio.Path(file).write_text(text)

    outcome = await to_thread.run_sync(run, "doctor", "--config", file)

    assert outcome.code == 0
    assert "warning  source old is not in the settings any more" in outcome.out
    assert "the removal of its 1 post\n" in outcome.out
    assert "Renaming a source is a removal and an addition" in outcome.out
    assert "source new is not" not in outcome.out


def test_identity_that_would_mislead_is_a_warning(run: Run, file: Path) -> None:
    """Colors that are hard to read, and an official banner on another host."""
    text = COMPLETE_SETTINGS.replace(
        "[service]", '[service]\npublic_url = "https://feeds.agency.org"'
    )
    file.write_text(f'{text}\n[agency]\nbanner = true\ncolors = {{ primary = "#ffbe2e" }}\n')

    found = levels(run("doctor", "--json", "--config", file))

    assert found["agency.colors.primary_text: #ffffff on #ffbe2e has a contrast of 1.7:1"] == (
        "warning"
    )
    banner = "agency.banner is for .gov and .mil hosts; service.public_url has feeds.agency.org"
    assert found[banner] == "warning"


@pytest.mark.parametrize(
    ("days", "level", "verb"),
    [(-1, "error", "expired"), (0, "warning", "expire"), (29, "warning", "expire"), (31, "", "")],
)
def test_credentials_are_named_before_they_expire(
    run: Run, file: Path, days: int, level: str, verb: str
) -> None:
    """From 30 days before their last day; afterwards it is an error."""
    last_day = datetime.now(UTC).date() + timedelta(days=days)
    setting = f'name = "news"\ncredentials_expire = {last_day}'
    file.write_text(COMPLETE_SETTINGS.replace('name = "news"', setting))

    found = levels(run("doctor", "--json", "--config", file))

    named = [(what, found[what]) for what in found if "its credentials" in what]
    expected = f"source news: its credentials {verb} on {last_day}"
    assert named == ([(expected, level)] if level else [])
