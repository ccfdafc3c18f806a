"""The page of each engine in the documentation: its example has the URLs that it says."""

import re
from pathlib import Path

import pytest

from syndicate.settings import load
from syndicate.sites import ENGINES
from tests.content.conftest import OpenSource
from tests.content.sources import left_out
from tests.content.test_site_source import at_head
from tests.content_repository import ContentRepository
from tests.project_documents import ROOT, code_blocks

PAGES = ROOT / "docs" / "reference" / "sites"
_FILE = re.compile(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_URL = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def test_every_engine_has_a_page() -> None:
    """And every page an engine."""
    assert {page.stem for page in PAGES.glob("*.md")} == ENGINES.keys()


@pytest.mark.parametrize("engine", ENGINES)
def test_example_has_the_urls_of_its_table(
    engine: str, content: ContentRepository, open_source: OpenSource
) -> None:
    """No more and no fewer, out of the files of the page alone."""
    text = (PAGES / f"{engine}.md").read_text()
    files, urls = dict(_FILE.findall(text)), dict(_URL.findall(text))
    assert files
    assert urls
    content.commit(files)
    snapshot = at_head(open_source(left_out()))
    assert {post.path: post.url for post in snapshot.posts} == urls
    assert snapshot.source.dialect == engine


@pytest.mark.parametrize(
    ("guide", "number"), [("add-a-source", 0), ("add-a-source", 1), ("take-over-a-feed", 0)]
)
def test_settings_of_a_guide_can_be_copied(guide: str, number: int, tmp_path: Path) -> None:
    """Every example is a valid settings file."""
    file = tmp_path / "syndicate.toml"
    file.write_text(code_blocks(f"docs/how-to/{guide}.md", "toml")[number])
    (source,) = load(file, {}).sources
    assert source.name == "website"
