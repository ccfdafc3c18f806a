"""What reads the Markdown of a source."""

from dataclasses import replace

import pytest

from syndicate.content.site_source import (
    SiteSource,
    asks_site,
    engine_of,
    engine_of_body,
    engine_of_field,
    markdown_origin,
    resolve,
)
from syndicate.model.markdown_options import COMMONMARK, GOLDMARK, KRAMDOWN
from syndicate.model.post import Path
from tests.content.sources import left_out
from tests.sites.written_site import WrittenFiles, post

CONFIG = "url: https://agency.gov\n"
POST = post(title="A")
KRAMDOWN_OPTIONS = "kramdown: {hard_wrap: true, auto_ids: false}\n"


@pytest.mark.parametrize(
    ("config", "settings", "markdown", "origin"),
    [
        (KRAMDOWN_OPTIONS, {}, "kramdown (hard_breaks, typographer)", "kramdown in _config.yml"),
        ("", {}, "kramdown (typographer, heading_ids)", "default of Jekyll"),
        ("", {"markdown": COMMONMARK}, "commonmark", "settings"),
        (
            KRAMDOWN_OPTIONS,
            {"markdown": KRAMDOWN},
            "kramdown (hard_breaks, typographer)",
            "settings",
        ),
        (
            "",
            {"dialect": "program-updates"},
            "kramdown (hard_breaks, typographer, heading_ids)",
            "default of Jekyll",
        ),
    ],
)
def test_markdown_is_that_of_settings_site_and_dialect(
    config: str, settings: dict[str, object], markdown: str, origin: str
) -> None:
    """Options of the site count unless the settings name another flavour."""
    files = {"_config.yml": CONFIG + config, "_posts/2024-05-06-a.md": POST}
    described = resolve(left_out(**settings), WrittenFiles(files))
    assert str(engine_of(described.source)) == markdown
    assert markdown_origin(described) == origin


def test_dialect_decides_how_markdown_is_read_where_no_engine_is_found() -> None:
    """Without a configuration, nothing is known of the site."""
    source = left_out(dialect="program-updates", site_url="https://a.gov")
    described = resolve(source, WrittenFiles({"content/a.md": POST}))
    assert described.source.markdown is None
    assert markdown_origin(described) == "the dialect"
    assert engine_of(described.source).options.hard_breaks
    everything_set = replace(source, derived=("markdown", "permalink"))
    assert not asks_site(everything_set)
    assert markdown_origin(SiteSource(source=everything_set)) == "the dialect"


def test_pages_in_html_are_not_read_as_markdown() -> None:
    """Their summaries are."""
    source = left_out(dialect="hugo")
    assert engine_of_body(source, Path("a/b.HTML")).flavour == "html"
    assert engine_of_body(source, Path("a/b.htm")).flavour == "html"
    assert engine_of_body(source, Path("a/b.md")) == GOLDMARK
    assert str(engine_of_field(source)) == "commonmark (autolinks)"
