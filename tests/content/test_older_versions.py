"""Of older versions of files, only what dates of feeds and *updated* need is read."""

import pathlib
from collections.abc import Iterator
from contextlib import closing

import pytest

from syndicate.cache import Cache
from syndicate.content.parsed_file import FileParser, FileVersion, ParsedVersion, PresentFiles
from syndicate.content.site_source import SiteSource, resolve
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.content_reader import ContentLimits
from syndicate.model.post import Path
from tests import samples
from tests.content.conftest import file
from tests.content.sources import left_out
from tests.content_repository import ContentRepository
from tests.sites.written_site import WrittenFiles

HUGO = """baseURL = "https://agency.gov"
[frontmatter]
date = [":filename", ":default"]
[languages.en]
contentDir = "content/en"
[languages.fr]
contentDir = "content/fr"
"""
JEKYLL = "url: https://agency.gov\nexclude: [_posts/2024-01-31-c.md]\n"
DEFAULTS = "defaults: [{scope: {path: ''}, values: {description: Given, lang: es, tags: [x]}}]\n"
POSTS = {
    "2024-01-29-a.md": file("A", carousel_show="true", tags="[one, two]", lang="de"),
    "2024-01-30-b.md": file("B", "Post filed in: [TTS](/?category=tts)\n\nWords."),
    "2024-01-31-c.md": "---\ndescription: Own\n---\n# Heading\n\nWords.",
    "2024-02-01-d.md": file("D", date="2024-02-03 09:00:00 -0500", expires="2025-01-01"),
    "2024-02-02-e.md": file("E", draft="true"),
    "2024-02-03-f._es.md": file("F"),
    "2024-02-04-many.md": file("Many", tags="[a, b, c, d]"),
    "2024-02-05-plain.md": "Words.",
    "2024-02-06-broken.md": "---\ntitle: [\n---\nWords.",
    "undated.md": file("G"),
}
FOLDERS = ("_posts", "content/en/news", "content/fr/news")
FILES = {f"{folder}/{name}": text for folder in FOLDERS for name, text in POSTS.items()}
HUGO_FILES = {path: text for path, text in FILES.items() if path.startswith("content")}
SOURCES = {
    "settings": SiteSource(source=samples.source(folders=(Path("_posts"),), dialect="jekyll")),
    "jekyll": resolve(left_out(), WrittenFiles({"_config.yml": JEKYLL + DEFAULTS, **FILES})),
    "hugo": resolve(left_out(), WrittenFiles({"hugo.toml": HUGO, **HUGO_FILES})),
}
LIMITS = ContentLimits(categories=3)


@pytest.fixture
def repository(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[Repository]:
    """Open a repository with `FILES`."""
    content.commit(FILES)
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "var") as opened:
        yield opened


@pytest.fixture
def versions(repository: Repository) -> list[FileVersion]:
    """Return the files of the repository as versions."""
    entries = repository.list_files(repository.head(), list(map(Path, FOLDERS)))
    return [(entry.path, entry.blob) for entry in entries]


@pytest.mark.parametrize("described", SOURCES.values(), ids=SOURCES)
def test_older_version_says_what_it_said_as_the_newest(
    described: SiteSource, repository: Repository, versions: list[FileVersion]
) -> None:
    """Words, dates, categories, carousel, language, and whether it was hidden or broken."""
    parser = FileParser(described, repository, Cache(None), Vocabulary(), LIMITS)
    parsed = parser.parse(versions)
    assert parser.parse_older(versions) == {
        version: ParsedVersion.of(file) for version, file in parsed.items()
    }
    assert {file.is_broken for file in parser.parse_older(versions).values()} == {True, False}


@pytest.fixture
def without_files(tmp_path: pathlib.Path) -> Iterator[Repository]:
    """Open a repository without `FILES`."""
    other = ContentRepository.create(tmp_path / "other")
    other.commit({"a.md": "Words."})
    mirrors = tmp_path / "other-mirrors"
    with Repository.open(str(other.path), ref="main", mirrors=mirrors) as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: pathlib.Path) -> Iterator[Cache]:
    """Return an empty cache."""
    with closing(Cache(tmp_path / "cache.db")) as opened:
        yield opened


def test_older_versions_are_read_once(
    repository: Repository, without_files: Repository, cache: Cache, versions: list[FileVersion]
) -> None:
    """The cache has them, so that a repository without these files gives the same."""
    first = FileParser(SOURCES["settings"], repository, cache, Vocabulary())
    second = FileParser(SOURCES["settings"], without_files, cache, Vocabulary())
    assert second.parse_older(versions) != (read := first.parse_older(versions))
    assert second.parse_older(versions) == read


def test_present_versions_are_read_once_for_history_and_posts(
    repository: Repository, without_files: Repository, cache: Cache, versions: list[FileVersion]
) -> None:
    """The cache has them in full, so that a repository without these files gives the same."""
    first = FileParser(SOURCES["settings"], repository, cache, Vocabulary())
    second = FileParser(SOURCES["settings"], without_files, cache, Vocabulary())
    parsed = FileParser(SOURCES["settings"], repository, Cache(None), Vocabulary()).parse(versions)
    present = PresentFiles(first, dict(versions[1:]))
    assert first.parse_older(versions, present) == {
        version: ParsedVersion.of(file) for version, file in parsed.items()
    }
    assert second.parse(versions[1:]) == {version: parsed[version] for version in versions[1:]}
    assert second.parse(versions[:1]) != {versions[0]: parsed[versions[0]]}


def test_present_versions_that_were_read_otherwise_do_not_count(
    repository: Repository, versions: list[FileVersion]
) -> None:
    """As at an older commit, with the configuration that was in force then."""
    now = FileParser(SOURCES["settings"], repository, Cache(None), Vocabulary())
    then = FileParser(SOURCES["jekyll"], repository, Cache(None), Vocabulary())
    present = PresentFiles(now, dict(versions))
    assert then.parse_older(versions, present) == then.parse_older(versions)
    assert then.parse_older(versions) != now.parse_older(versions)
