"""`syndicate doctor`."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import COMPLETE_SETTINGS, FILES, Run, levels
from tests.content_repository import ContentRepository

BROKEN = "news/2023-11-10-broken.md"


@pytest.fixture
def file(file: Path) -> Path:
    """Return settings in which nothing is left to be desired."""
    file.write_text(COMPLETE_SETTINGS)
    return file


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
    origin = "(sources[1].permalink in syndicate.toml)"
    assert f'ok       source updates: permalink = "/updates/:name/" {origin}' in lines
    assert not any("title =" in line for line in lines)
    assert (
        "ok       source news: Markdown is kramdown (typographer, heading_ids): the dialect"
        in lines
    )


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
    file.write_text(COMPLETE_SETTINGS.replace(right, wrong, 1))

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
    file.write_text(COMPLETE_SETTINGS.replace('title = "News"', 'ref = "editorials"'))

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


def test_settings_in_force_have_one_origin_each(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """A pattern of the site is not in force where the settings have one."""
    file.write_text(
        '[service]\ntitle = "Feeds"\n[[sources]]\nname = "site"\nrepository = "content"\n'
        'markdown = "commonmark"\npermalinks = {_posts = "/n/:title/"}\n'
        'id_authority = "www.agency.gov"\n'
    )
    post = "---\ntitle: Repairs\n---\nWords.\n"
    content.commit(
        {
            "_posts/2024-01-29-repairs.md": post,
            "_notes/one.md": post,
            "_config.yml": "url: https://www.agency.gov\ncollections: {notes: {output: true}}\n",
        }
    )
    said = list(levels(run("doctor", "--json", "--config", file)))
    markdown = [what for what in said if "Markdown is commonmark" in what]
    assert [what.rpartition(": ")[2] for what in markdown] == [
        "sources[0].markdown in syndicate.toml"
    ]
    posts = [what for what in said if what.startswith("source site: permalinks._posts")]
    origin = "sources[0].permalinks._posts in syndicate.toml"
    assert posts == [f'source site: permalinks._posts = "/n/:title/" ({origin})']


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
    file.write_text(
        COMPLETE_SETTINGS.replace('repository = "content"', 'repository = "shallow"', 1)
    )

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
    file.write_text(COMPLETE_SETTINGS.replace(right, wrong).replace('sources = ["updates"]', ""))

    outcome = run("doctor", "--config", file)

    assert outcome.code == 0
    assert f"warning  /feeds/{said}" in outcome.out


@pytest.mark.slow
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
    file.write_text(COMPLETE_SETTINGS.replace("[service]", f"[service]\n{keys}"))

    found = levels(run("doctor", "--json", "--config", file))

    addresses = [what for what in found if "http" in what and "source " not in what]
    assert [said in what for what in addresses] == ([True] if said else [])
    assert all(found[what] == "warning" for what in addresses)


def test_unwritable_data_folder_is_an_error(run: Run, file: Path) -> None:
    """Cache, mirrors and database are stored there."""
    file.write_text(
        COMPLETE_SETTINGS.replace("[service]", '[service]\ndata = "syndicate.toml/var"')
    )

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
        COMPLETE_SETTINGS.replace('repository = "content"', f'repository = "file://{content.path}"')
    )

    assert levels(run("doctor", "--json", "--config", file))[said] == "ok"

    content.git("config", "uploadpack.allowFilter", "true")
    shutil.rmtree(file.parent / "var" / "mirrors")
    assert said not in levels(run("doctor", "--json", "--config", file))
