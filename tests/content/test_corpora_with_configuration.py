"""With the configuration that such a site has, a source needs no more than a name and a place."""

import pathlib
from dataclasses import fields, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import SourceSnapshot
from syndicate.model.markdown_options import MARKDOWN_IT
from syndicate.model.post import Source
from tests.content_repository import ContentRepository
from tests.corpora import EIGHTEEN_F, LOGIN, USDS, clone

DERIVED = ("dialect", "folders", "language", "permalink", "site_url", "timezone")
COMMITTED = datetime(2026, 1, 1, tzinfo=UTC)

USDS_SITE = {
    "_config.yml": """
url: https://www.usds.gov
timezone: America/New_York
collections:
  news-and-blog: {output: true, permalink: /news-and-blog/:name}
"""
}
LOGIN_SITE = {
    "_config.yml": """
collections_dir: content
kramdown: {hard_wrap: true}
collections:
  program_updates: {output: true, permalink: /partners/program-updates/:name/}
"""
}
EIGHTEEN_F_SITE = {
    "eleventy.config.js": "export default {}",
    "_data/site.json": '{"url": "https://18f.gsa.gov"}',
    "content/posts/posts.json": """
{"permalink": "/{{ page.date | date: '%Y/%m/%d' }}/{{ page.fileSlug }}/"}
""",
}


def left_to_the_site(source: Source, *, site_url: str) -> Source:
    """Return ``source`` with only its name, repository and authority, and perhaps its URL."""
    left = [name for name in DERIVED if name != "site_url" or not site_url]
    return replace(
        source,
        dialect="",
        folders=(),
        site_url=site_url,
        permalink="",
        zone=ZoneInfo("UTC"),
        language="en",
        derived=tuple(left),
    )


def snapshot(source: Source, repository: pathlib.Path, folder: pathlib.Path) -> SourceSnapshot:
    """Return the head of ``repository`` as ``source`` describes it."""
    cache = Cache(folder / f"{len(source.derived)}.db")
    with Repository.open(str(repository), ref="main", mirrors=folder / "mirrors") as opened:
        index = SourceIndex(source, opened, cache=cache, vocabulary=Vocabulary())
        found = index.snapshot(opened.head())
    cache.close()
    return found


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "source", "site", "site_url"),
    [
        ("usds", USDS, USDS_SITE, ""),
        ("login", LOGIN, LOGIN_SITE, LOGIN.site_url),
        ("18f", replace(EIGHTEEN_F, markdown=MARKDOWN_IT), EIGHTEEN_F_SITE, ""),
    ],
)
def test_posts_are_those_of_full_settings(
    tmp_path: pathlib.Path, name: str, source: Source, site: dict[str, str], site_url: str
) -> None:
    """In every value, IDs and URLs included."""
    content = ContentRepository(path=clone(name, tmp_path), bare=True)
    content.commit(site, committed=COMMITTED)

    full = snapshot(source, content.path, tmp_path)
    short = snapshot(left_to_the_site(source, site_url=site_url), content.path, tmp_path)

    assert len(full.posts) > 5
    assert list(short.posts) == list(full.posts)
    changed = {
        each.name
        for each in fields(Source)
        if getattr(short.source, each.name) != getattr(full.source, each.name)
    }
    assert changed <= {"derived", "dialect", "permalink", "markdown", "authors"}
