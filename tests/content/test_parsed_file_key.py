"""What the cache key of a parsed file depends on: code and configuration that decide its fields."""

import ast
import pathlib
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

import syndicate
from syndicate.content.parsed_file import PARSER_CODE
from tests.content.conftest import OpenSource
from tests.content.sources import left_out
from tests.content.test_site_source import at_head
from tests.content_repository import ContentRepository
from tests.sites.written_site import post

_HOME = pathlib.Path(syndicate.__file__).parent
_PURE = tuple(f"syndicate.{name}." for name in ("content", "dialects", "render", "sites"))
"""Packages whose functions make values of files."""
_LISTS = frozenset({"syndicate.data_files", "syndicate.model.languages"})
"""Others that decide what a file says."""
_WITHOUT_VALUES = frozenset(
    {
        "syndicate.content.code_fingerprint",
        "syndicate.content.site_source",
        "syndicate.render.allowlist",
        "syndicate.render.messages",
    }
)
"""Modules of which only types, fingerprints or lists for HTML are used."""


def test_every_module_that_decides_how_a_file_is_read_is_part_of_the_key() -> None:
    """Else a new version of Syndicate would serve what an earlier one read."""
    covered = {file for path in PARSER_CODE for file in _files(path)}
    imported = {name for file in covered for name in _imports(file)} - _WITHOUT_VALUES
    files = {_HOME.parent.joinpath(*name.split(".")).with_suffix(".py") for name in imported}
    assert {file for file in files if file.is_file()} <= covered
    assert {pathlib.Path(_HOME, package) for package in ("dialects", "sites")} <= {*PARSER_CODE}


def test_order_in_which_hugo_looks_for_a_date_is_part_of_the_key(
    content: ContentRepository, open_source: OpenSource
) -> None:
    """The file name before the key, in place of after it; both name the same keys."""
    config = 'baseURL = "https://agency.gov"\n[frontmatter]\ndate = ["date", ":filename"]\n'
    page = post(title="A", date="2024-06-07")
    content.commit({"hugo.toml": config, "content/news/2024-05-06-a.md": page})
    index = open_source(left_out())
    (before,) = at_head(index).posts
    content.commit({"hugo.toml": config.replace('"date", ":filename"', '":filename", "date"')})
    (after,) = at_head(index).posts
    assert (f"{before.published:%F}", f"{after.published:%F}") == ("2024-06-07", "2024-05-06")


@pytest.mark.parametrize(
    ("before", "after", "day"),
    [
        ('["created"]', '["revised"]', "2024-09-09"),
        ('["created"]', '[":filename", "created"]', "2024-05-06"),
    ],
)
def test_keys_that_hugo_asks_for_the_date_are_part_of_the_key(
    content: ContentRepository, open_source: OpenSource, before: str, after: str, day: str
) -> None:
    """The site names other keys in a later commit, and the file is read again."""
    config = f'baseURL = "https://agency.gov"\n[frontmatter]\ndate = {before}\n'
    page = post(title="A", date="2023-01-01", created="2024-06-07", revised="2024-09-09")
    content.commit({"hugo.toml": config, "content/news/2024-05-06-a.md": page})
    index = open_source(left_out())
    assert f"{at_head(index).posts[0].published:%F}" == "2024-06-07"
    content.commit({"hugo.toml": config.replace(before, after)})
    assert f"{at_head(index).posts[0].published:%F}" == day


@pytest.mark.parametrize(
    ("zone", "line", "offset"),
    [
        (None, "", "+00:00"),
        (None, 'timeZone = "America/New_York"\n', "-04:00"),
        ("America/Chicago", "", "-05:00"),
        ("America/Chicago", 'timeZone = "America/New_York"\n', "-05:00"),
    ],
)
def test_day_in_a_file_name_begins_in_the_zone_of_the_settings_else_of_the_site(
    content: ContentRepository, open_source: OpenSource, zone: str | None, line: str, offset: str
) -> None:
    """As a date without zone in front matter does; what neither says is UTC, as for Hugo."""
    config = f'baseURL = "https://agency.gov"\n{line}[frontmatter]\ndate = [":filename", "date"]\n'
    content.commit(
        {
            "hugo.toml": config,
            "content/news/2024-05-06-a.md": post(title="A"),
            "content/news/b.md": post(title="B", date="2024-05-06"),
        }
    )
    source = left_out(zone=ZoneInfo(zone), timezone=zone) if zone else left_out()
    posts = at_head(open_source(source)).posts
    assert {each.published.isoformat() for each in posts} == {f"2024-05-06T00:00:00{offset}"}
    assert len(posts) == 2


def _files(path: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _imports(file: pathlib.Path) -> Iterator[str]:
    """Yield the modules of the pure packages that ``file`` imports at its top."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names)):
                if name in _LISTS or name.startswith(_PURE):
                    yield name
