"""Files are parsed as posts, or read for the digest of their words only."""

import pathlib
from collections.abc import Iterator
from contextlib import closing

import pytest

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.content.parsed_file import FileParser
from syndicate.content.site_source import SiteSource, resolve
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.post import BlobId, Path
from tests import samples
from tests.content.conftest import counter_value, file
from tests.content.sources import left_out
from tests.content_repository import ContentRepository
from tests.sites.written_site import WrittenFiles

CONFIG = "url: https://agency.gov\ndefaults: [{scope: {path: ''}, values: {description: Given}}]\n"
FILES = {
    "_posts/2024-01-29-a.md": file("A"),
    "_posts/2024-01-30-b.md": file("B", "Post filed in: [TTS](/?category=tts)\n\nWords."),
    "_posts/2024-01-31-c.md": "---\ndescription: Own\n---\n# Heading\n\nWords.",
    "_posts/2024-02-01-no-front-matter.md": "Words.",
    "_posts/2024-02-02-broken.md": "---\ntitle: [\n---\nWords.",
}
SOURCES = {
    "settings": SiteSource(source=samples.source(folders=(Path("_posts"),), dialect="jekyll")),
    "site": resolve(left_out(), WrittenFiles({"_config.yml": CONFIG, **FILES})),
}


@pytest.fixture
def repository(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[Repository]:
    """Open a repository with `FILES`."""
    content.commit(FILES)
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "var") as opened:
        yield opened


@pytest.mark.parametrize("described", SOURCES.values(), ids=SOURCES)
def test_parsed_files_are_cached(
    described: SiteSource, repository: Repository, tmp_path: pathlib.Path
) -> None:
    """Posts, files without front matter and files with errors; none is parsed again."""
    entries = repository.list_files(repository.head(), [Path("_posts")])
    versions = [(entry.path, entry.blob) for entry in entries]
    with closing(Cache(tmp_path / "cache.db")) as cache:
        parsed = FileParser(described, repository, cache, Vocabulary()).parse(versions)
        assert [bool(file.fields) for file in parsed.values()] == [True, True, True, False, False]
        before = counter_value(telemetry.posts_parsed_total, source="news")
        again = FileParser(described, repository, cache, Vocabulary()).parse(versions)
        assert again == parsed
        assert counter_value(telemetry.posts_parsed_total, source="news") == before


def test_damaged_file_is_parsed_once_it_is_restored(
    repository: Repository, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Nothing is cached of a damaged file."""
    name = next(iter(FILES))
    version = (Path(name), BlobId(content.git("rev-parse", f"main:{name}")))
    lost = content.path / ".git" / "objects" / version[1][:2] / version[1][2:]
    hidden = lost.rename(tmp_path / "hidden")
    with closing(Cache(tmp_path / "cache.db")) as cache:
        parser = FileParser(SOURCES["settings"], repository, cache, Vocabulary())
        assert parser.parse([version])[version].is_damaged
        hidden.rename(lost)
        assert parser.parse([version])[version].fields
