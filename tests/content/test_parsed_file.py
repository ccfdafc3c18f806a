"""Files are parsed as posts, or read for the digest of their words only."""

import pathlib
from collections.abc import Iterator
from contextlib import ExitStack

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
def test_digest_of_words_is_that_of_the_parsed_file(
    described: SiteSource, repository: Repository, tmp_path: pathlib.Path
) -> None:
    """Whether it is computed, cached, or cached with the other fields; empty without a post."""
    entries = repository.list_files(repository.head(), [Path("_posts")])
    versions = [(entry.path, entry.blob) for entry in entries]
    with ExitStack() as stack:

        def make_parser(name: str) -> FileParser:
            cache = Cache(tmp_path / f"{name}.db")
            stack.callback(cache.close)
            return FileParser(described, repository, cache, Vocabulary())

        parsed = make_parser("parsed").parse(versions)
        expected = {
            version: found.fields.word_digest if found.fields else b""
            for version, found in parsed.items()
        }
        assert list(map(bool, expected.values())) == [True, True, True, False, False]
        before = counter_value(telemetry.posts_parsed_total, source="news")
        assert make_parser("parsed").word_digests(versions) == expected
        assert counter_value(telemetry.posts_parsed_total, source="news") == before
        assert make_parser("words").word_digests(versions) == expected
        assert make_parser("words").word_digests(versions) == expected
        assert counter_value(telemetry.posts_parsed_total, source="news") == before + len(FILES)


def test_file_that_git_cannot_read_has_no_words_until_it_is_restored(
    repository: Repository, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Nothing is cached of a damaged file."""
    name = next(iter(FILES))
    version = (Path(name), BlobId(content.git("rev-parse", f"main:{name}")))
    lost = content.path / ".git" / "objects" / version[1][:2] / version[1][2:]
    hidden = lost.rename(tmp_path / "hidden")
    cache = Cache(tmp_path / "cache.db")
    parser = FileParser(SOURCES["settings"], repository, cache, Vocabulary())
    assert parser.word_digests([version]) == {version: b""}
    hidden.rename(lost)
    assert parser.word_digests([version])[version]
    cache.close()
