"""Fixtures of the content tests: a repository of posts, and the index of its source."""

import pathlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from prometheus_client import Counter

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import CategoryDefinition, Vocabulary
from syndicate.model.post import CommitId, Path, Source
from tests import samples
from tests.content_repository import ContentRepository

VOCABULARY = Vocabulary(definitions=(CategoryDefinition(category=samples.TTS, aliases=("TTS",)),))

OpenIndex = Callable[..., SourceIndex]
OpenSource = Callable[[Source], SourceIndex]


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return an empty repository to write posts into."""
    return ContentRepository.create(tmp_path / "content")


@pytest.fixture
def disk_cache(tmp_path: pathlib.Path) -> Iterator[Cache]:
    """Return the disk cache that the indexes of `open_index` share."""
    cache = Cache(tmp_path / "cache.db")
    yield cache
    cache.close()


@pytest.fixture
def open_index(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[OpenIndex]:
    """Return a function that opens a new index of the folder ``news`` of `content`.

    All of them share one cache, as a service that was started again does.
    """
    with ExitStack() as stack:

        def open_source_index(  # noqa: PLR0913 — fields of the source by keyword
            *,
            accepted: str = "",
            folders: tuple[str, ...] = ("news",),
            cache: str = "cache",
            assets_url: str = "",
            dialect: str = "news-and-blog",
            derived: tuple[str, ...] = (),
            permalink: str = "/news/:name",
        ) -> SourceIndex:
            repository = stack.enter_context(
                Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors")
            )
            disk = Cache(tmp_path / f"{cache}.db")
            stack.callback(disk.close)
            source = samples.source(
                folders=tuple(map(Path, folders)), dialect=dialect, permalink=permalink
            )
            return SourceIndex(
                replace(source, derived=derived),
                repository,
                cache=disk,
                vocabulary=VOCABULARY,
                accepted=lambda: frozenset({CommitId(accepted)}),
                assets_url=assets_url,
            )

        yield open_source_index


@pytest.fixture
def index(open_index: OpenIndex) -> SourceIndex:
    """Return the index of the folder ``news`` of `content`."""
    return open_index()


def file(title: str = "A title", words: str = "Some words.", **keys: str) -> str:
    """Return a post file with ``title``, further front matter ``keys``, and ``words``."""
    head = "".join(f"{key}: {value}\n" for key, value in {"title": title, **keys}.items())
    return f"---\n{head}---\n{words}\n"


def counter_value(counter: Counter, **labels: str) -> float:
    """Return the value of ``counter`` with ``labels``, 0 before the first increment."""
    samples = [sample for metric in counter.collect() for sample in metric.samples]
    return sum(
        sample.value
        for sample in samples
        if sample.name.endswith("_total") and sample.labels == labels
    )


@pytest.fixture
def open_source(
    tmp_path: pathlib.Path, content: ContentRepository, disk_cache: Cache
) -> Iterator[OpenSource]:
    """Return a function that opens the index of a source in `content`."""
    with ExitStack() as closing:

        def open_it(source: Source) -> SourceIndex:
            repository = closing.enter_context(
                Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors")
            )
            return SourceIndex(source, repository, cache=disk_cache, vocabulary=Vocabulary())

        yield open_it
