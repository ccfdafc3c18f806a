"""`syndicate doctor`."""

import json
import shutil
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
from tests.cli.conftest import FILES, CommandOutcome, Run
from tests.cli.conftest import SETTINGS as PLACEHOLDERS
from tests.content_repository import ContentRepository

BROKEN = "news/2023-11-10-broken.md"
SETTINGS = PLACEHOLDERS.replace("example.gov", "agency.gov").replace(
    "[service]", '[service]\ncontact = "feeds@agency.gov"\nsecret_key = "a long random text"'
)


@pytest.fixture
def file(file: Path) -> Path:
    """Return settings in which nothing is left to be desired."""
    file.write_text(SETTINGS)
    return file


def levels(outcome: CommandOutcome) -> dict[str, str]:
    """Return what was found, with its level."""
    return {finding["what"]: finding["level"] for finding in json.loads(outcome.out)}


def test_doctor_reports_what_works(run: Run, file: Path, content: ContentRepository) -> None:
    """All checks are listed; the exit code is 0."""
    content.commit({BROKEN: None})

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert all(line.startswith("ok       ") for line in lines)
    assert lines[0] == f"ok       settings {file}: valid"
    assert lines[1].startswith("ok       git 2.")
    assert lines[2] == f"ok       data folder {file.parent}/var: writable"
    news, updates = [line for line in lines if ": main is at " in line]
    assert news.startswith("ok       source news: main is at 2024-01-01 12:01 UTC, ")
    assert news.endswith(", with 4 posts")
    assert updates.endswith(", with 1 post")
    assert 'ok       source news: language = "en" (default)' in lines


def test_problems_in_posts_are_a_warning(run: Run, file: Path) -> None:
    """The service works, so the exit code is 0."""
    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    assert "warning  source news: problems in posts: 1 error." in outcome.out
    assert "         List the problems with: syndicate check" in outcome.out


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('repository = "content"', 'repository = "missing"', "missing"),
        ('folders = ["news"]', 'folders = ["newz"]', "source news: the folder newz has no posts"),
        ('title = "News"', 'ref = "nope"', "nope does not exist"),
    ],
)
def test_unavailable_source_is_an_error(
    run: Run, file: Path, right: str, wrong: str, said: str
) -> None:
    """With a hint; the other sources are checked nevertheless."""
    file.write_text(SETTINGS.replace(right, wrong, 1))

    outcome = run("doctor", "--json", "--config", file)

    found = levels(outcome)
    assert outcome.code == 1
    assert [level for what, level in found.items() if said in what] == ["error"]
    assert any(what.startswith("source updates: main is at") for what in found)


def test_unknown_ref_is_reported_with_the_branches(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """The error lists the branches that exist."""
    content.create_branch("editorial")
    file.write_text(SETTINGS.replace('title = "News"', 'ref = "editorials"'))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 1
    assert "Valid values: " in outcome.out
    assert "editorial" in outcome.out


def test_folder_without_posts_is_an_error(run: Run, file: Path, content: ContentRepository) -> None:
    """A folder that never had posts, and one whose last posts stay in service."""
    content.commit(dict.fromkeys(FILES))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 1
    assert "news had posts and has none now" in outcome.out
    assert "syndicate refresh --accept-removals" in outcome.out


def test_wrong_site_configuration_is_reported(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """A zone that does not exist is a warning, a configuration that cannot be read an error."""
    post = "---\ntitle: Repairs\n---\nWords.\n"
    config = "url: https://www.agency.gov\ntimezone: Mars/Base\n"
    file.write_text(
        '[service]\ntitle = "Feeds"\n[[sources]]\nname = "site"\nrepository = "content"\n'
        'id_authority = "www.agency.gov"\n'
    )
    content.commit({"_posts/2024-01-29-repairs.md": post, "_config.yml": config})
    outcome = run("doctor", "--json", "--config", file)
    wrong_zone = "source site: timezone in _config.yml is no IANA time zone: Mars/Base"
    assert (outcome.code, levels(outcome)[wrong_zone]) == (0, "warning")

    content.commit({"_config.yml": "url: [\n"})
    outcome = run("doctor", "--json", "--config", file)
    errors = [what for what, level in levels(outcome).items() if level == "error"]
    assert outcome.code == 1
    assert len(errors) == 1
    assert errors[0].startswith("source site: _config.yml: ")


def test_shallow_clone_is_a_warning(run: Run, file: Path, content: ContentRepository) -> None:
    """IDs and dates of its posts differ from those of a full clone."""
    content.commit({BROKEN: None})
    shallow = file.parent / "shallow"
    content.git("clone", "-q", "--depth=1", f"file://{content.path}", str(shallow))
    file.write_text(SETTINGS.replace('repository = "content"', 'repository = "shallow"', 1))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    assert "warning  source news: the clone is shallow" in outcome.out
    assert f"git -C {shallow} fetch --unshallow" in outcome.out


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"en-espanol"', '"news"', "news is the feed En español; the source News has"),
        ('"tts"', '"news"', "news is the source News; the category Technology Transform"),
        ('"updates"\ntitle', '"carousel"\ntitle', "carousel is the feed Carousel; the source"),
    ],
)
def test_shadowed_feed_names_are_a_warning(
    run: Run, file: Path, right: str, wrong: str, said: str
) -> None:
    """The warning names the feed without a URL."""
    file.write_text(SETTINGS.replace(right, wrong).replace('sources = ["updates"]', ""))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    assert f"warning  /feeds/{said}" in outcome.out


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", ""),
        ('host = "0.0.0.0"', "feeds use the local URL http://127.0.0.1:8000"),
        ('public_url = "http://feeds.agency.gov"', "does not use TLS"),
        ('host = "0.0.0.0"\npublic_url = "https://feeds.agency.gov"', ""),
    ],
)
def test_public_url_that_readers_cannot_use_is_a_warning(
    run: Run, file: Path, keys: str, said: str
) -> None:
    """The URL is part of every feed."""
    file.write_text(SETTINGS.replace("[service]", f"[service]\n{keys}"))

    found = levels(run("doctor", "--json", "--config", file))

    addresses = [what for what in found if "http" in what and "source " not in what]
    assert [said in what for what in addresses] == ([True] if said else [])
    assert all(found[what] == "warning" for what in addresses)


def test_unwritable_data_folder_is_an_error(run: Run, file: Path) -> None:
    """Cache, mirrors and database are stored there."""
    file.write_text(SETTINGS.replace("[service]", '[service]\ndata = "syndicate.toml/var"'))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 1
    assert "is not writable: Not a directory" in outcome.out


def test_missing_git_is_an_error(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The service needs git."""
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 1
    assert "error    git was not found" in outcome.out


def test_invalid_settings_end_the_diagnosis(run: Run, tmp_path: Path) -> None:
    """With every error, as in every command."""
    outcome = run("doctor", "--config", tmp_path / "nowhere.toml")

    assert (outcome.code, outcome.out) == (2, "")


def test_mirror_of_a_host_without_filters_is_reported(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """It holds every file; a host that allows filters is asked for what is read only."""
    said = "source news: the mirror holds every file of the history"
    file.write_text(
        SETTINGS.replace('repository = "content"', f'repository = "file://{content.path}"')
    )

    assert levels(run("doctor", "--json", "--config", file))[said] == "ok"

    content.git("config", "uploadpack.allowFilter", "true")
    shutil.rmtree(file.parent / "var" / "mirrors")
    assert said not in levels(run("doctor", "--json", "--config", file))


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
    lines = [line for line in SETTINGS.splitlines() if not line.startswith(f"{name} =")]
    text = "\n".join(lines).replace(first[table], f"{first[table]}\n{name} = {written}", 1)
    if name == "site_url":
        text = SETTINGS.replace("https://www.agency.gov", value)
    file.write_text(text)

    outcome = run("doctor", "--json", "--config", file)

    assert outcome.code == 1
    assert levels(outcome)[f"{key} is a placeholder: {value}"] == "error"


def test_words_about_examples_are_no_placeholders(run: Run, file: Path) -> None:
    """Neither titles nor names of repositories."""
    file.write_text(
        SETTINGS.replace('repository = "content"', 'repository = "example.gov"').replace(
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
    file.write_text("\n".join(line for line in SETTINGS.splitlines() if not line.startswith(key)))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    (warning,) = [line for line in outcome.out.splitlines() if f"service.{key}" in line]
    assert warning.startswith("warning  ")
    assert said in warning


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
    file.write_text(SETTINGS.replace('languages = ["es"]', f'categories = ["{category}"]'))

    outcome = run("doctor", "--config", file)

    assert outcome.code == code
    assert said in outcome.out
    assert ("Did you mean partners" in outcome.out) == bool(code)


def test_categories_of_feeds_are_not_judged_without_all_sources(run: Run, file: Path) -> None:
    """The source that cannot be read may have them."""
    text = SETTINGS.replace('languages = ["es"]', 'categories = ["absent"]')
    file.write_text(text.replace('repository = "content"', 'repository = "missing"', 1))
    assert "no post has the category" not in run("doctor", "--config", file).out


def test_feed_category_without_any_other_has_no_suggestion(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """There is nothing that could have been meant."""
    content.commit({path: text.replace("tags: [TTS]", "") for path, text in FILES.items()})
    text = SETTINGS.replace('languages = ["es"]', 'categories = ["absent"]')
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
        file.write_text(SETTINGS.replace('folders = ["news"]', f'folders = ["{wrong}"]'))
        assert f"Did you mean {right}?" in run("doctor", "--config", file).out
    file.write_text(SETTINGS.replace('folders = ["news"]', 'folders = ["qqq"]'))
    assert "Set the path of the folder from the root" in run("doctor", "--config", file).out


def test_folders_with_the_same_name_come_first() -> None:
    """At most three; the root of the repository is none."""
    paths = ["README.md", "a/news/x.md", "b/_News/x.md", "newz/x.md", "c/d/e.md"]
    assert similar_folders(PostPath("news"), paths) == ("a/news", "b/_News", "newz")


def test_ids_by_url_are_a_warning(run: Run, file: Path) -> None:
    """A post that moves is new to readers."""
    file.write_text(SETTINGS.replace('title = "News"', 'ids = "url"'))

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
    text = SETTINGS.replace('name = "news"', 'name = "new"')
    await anyio.Path(file).write_text(text)

    outcome = await to_thread.run_sync(run, "doctor", "--config", file)

    assert outcome.code == 0
    assert "warning  source old is not in the settings any more" in outcome.out
    assert "the removal of its 1 post\n" in outcome.out
    assert "Renaming a source is a removal and an addition" in outcome.out
    assert "source new is not" not in outcome.out
