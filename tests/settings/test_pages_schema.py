"""Settings of the agency and of templates."""

from pathlib import Path

import pytest

from syndicate.errors import SettingsError
from syndicate.model.agency import Agency, AgencyLink, Colors
from syndicate.settings import Settings, load
from tests.settings.conftest import MINIMAL_SETTINGS, write

AGENCY = Agency(
    name="Example Agency",
    url="https://agency.example.gov",
    banner=True,
    links=(AgencyLink(title="Accessibility", url="https://agency.example.gov/accessibility"),),
    privacy_url="/about#privacy",
    colors=Colors(
        primary="#1a4480",
        primary_text="#fff",
        accent="#ffbe2e",
        link="#005ea2",
        link_dark="#8cc0fa",
    ),
)


def test_agency_table_becomes_the_agency_of_pages(complete_settings: Settings) -> None:
    """With links, banner and colors."""
    assert complete_settings.service_info.agency == AGENCY


def test_mistakes_in_templates_are_errors_of_the_setting(tmp_path: Path) -> None:
    """All of them, with their file; the folder is relative to the settings file."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "feed.html").write_text("{{ fed.title }}")
    (tmp_path / "templates" / "post.html").write_text("{% if %}")
    file = write(tmp_path, MINIMAL_SETTINGS + "[pages]\ntemplates = 'templates'\n")

    with pytest.raises(SettingsError) as caught:
        load(file, {})

    assert sorted(caught.value.errors) == [
        "pages.templates: feed.html: there is no variable fed",
        "pages.templates: post.html line 1: Expected an expression, got 'end of statement block'",
    ]


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("colors = { link = 'blue' }", "agency.colors.link: expected a color such as #14304f"),
        ("links = [{ title = 'A', url = 'javascript:a' }]", "agency.links[0].url: expected a URL"),
        ("links = [{ title = 'A' }]", "agency.links[0].url: required value is missing"),
        ("color = 'x'", "agency.color: unknown key (did you mean colors?)"),
    ],
)
def test_mistakes_in_the_agency_are_named(tmp_path: Path, written: str, error: str) -> None:
    """Each with its key."""
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, f"{MINIMAL_SETTINGS}[agency]\n{written}\n"), {})

    (message,) = caught.value.errors
    assert message.startswith(error)


def test_documentation_must_be_built(tmp_path: Path, complete_settings: Settings) -> None:
    """Its folder is relative to the settings file, and has a first page."""
    assert complete_settings.docs_folder == str(tmp_path / "site")
    file = write(tmp_path, MINIMAL_SETTINGS + "[pages]\ndocs = 'none'\n")

    with pytest.raises(SettingsError) as caught:
        load(file, {})

    (message,) = caught.value.errors
    expected = f"{tmp_path / 'none'} has no index.html; build it with: make docs"
    assert message == f"pages.docs: {expected}"
