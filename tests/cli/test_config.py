"""`syndicate config`."""

import json
from pathlib import Path

import pytest

from syndicate.cli.config import with_derived_settings
from syndicate.content.site_source import SiteSource
from syndicate.model.post import Path as PostPath
from syndicate.settings.display import DisplayedSetting
from syndicate.sites.site import ConfiguredValue, PostFolder, Site
from tests.cli.conftest import Run
from tests.samples import source

SETTINGS = """
[service]
title = "Agência"
secret_key = "hidden"

[[sources]]
name = "news"
repository = "website.git"
folders = ["_posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write settings and return their file."""
    file = tmp_path / "syndicate.toml"
    file.write_text(SETTINGS)
    return file


def test_settings_are_shown_with_their_origin(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each, without secrets."""
    monkeypatch.setenv("SYNDICATE_SERVICE__PORT", "8080")

    outcome = run("config", "show", "--config", file)

    assert (outcome.code, outcome.err) == (0, "")
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert f'service.title = "Agência" # {file}' in lines
    assert "service.port = 8080 # SYNDICATE_SERVICE__PORT" in lines
    assert 'service.host = "127.0.0.1" # default' in lines
    assert f'sources[0].folders = ["_posts"] # {file}' in lines
    assert "hidden" not in outcome.out


def test_settings_as_json(run: Run, file: Path) -> None:
    """A list of objects; `--config` may precede the command."""
    outcome = run("--config", file, "config", "show", "--json")

    assert outcome.code == 0
    first = json.loads(outcome.out)[0]
    assert first == {"name": "service.title", "value": "Agência", "origin": str(file)}


def test_option_after_the_command_takes_precedence(run: Run, file: Path) -> None:
    """Over the same option before the command."""
    outcome = run("--config", "nowhere.toml", "config", "show", "--config", file)

    assert outcome.code == 0


def test_all_settings_errors_are_printed(run: Run, file: Path) -> None:
    """On stderr, with a hint; stdout is empty."""
    file.write_text(SETTINGS.replace("news-and-blog", "x").replace("title", "titel"))

    outcome = run("config", "show", "--config", file)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"Error: {file} has 2 errors\n"
        "  service.titel: unknown key (did you mean title?)\n"
        "  sources[0].dialect: expected one of news-and-blog, program-updates, jekyll, hugo, "
        'eleventy, zola, docusaurus, next, astro; found "x"\n'
        "`syndicate config schema` prints the allowed keys and values.\n"
    )


def test_the_schema_is_printed(run: Run) -> None:
    """Without any settings being there."""
    outcome = run("config", "schema")

    assert outcome.code == 0
    assert json.loads(outcome.out)["properties"]["sources"]["type"] == "array"


def test_derived_settings_take_the_place_of_defaults() -> None:
    """Only of sources whose site is asked; a pattern stands for each folder."""
    folders = DisplayedSetting(name="sources[0].folders", value=[], origin="default")
    asked = SiteSource(
        source=source(folders=(PostPath("_posts"),), permalink=""),
        site=Site(
            engine="jekyll",
            root="",
            folders=(
                PostFolder(
                    path="_posts",
                    kind="collection",
                    name="posts",
                    permalink=ConfiguredValue(value="/:title", origin="permalink in _config.yml"),
                    origin="_posts",
                ),
            ),
        ),
        origins=(("folders", "_posts: _posts"), ("permalink", "_posts: x")),
    )

    found = with_derived_settings([folders], [asked, SiteSource(source=source())])

    assert found == (
        DisplayedSetting(name="sources[0].folders", value=["_posts"], origin="_posts: _posts"),
        DisplayedSetting(
            name="sources[0].permalinks._posts", value="/:title", origin="permalink in _config.yml"
        ),
    )
