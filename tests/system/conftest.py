"""Fixtures of the system tests: clones of the corpora, and indexes of them."""

import pathlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.post import Source
from tests import corpora

OpenCorpus = Callable[[Source], SourceIndex]


@pytest.fixture(scope="session")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pathlib.Path]:
    """Return a function that returns the clone of a corpus, made once."""
    folder = tmp_path_factory.mktemp("corpora")
    clones_by_name: dict[str, pathlib.Path] = {}

    def clone(name: str) -> pathlib.Path:
        if name not in clones_by_name:
            clones_by_name[name] = corpora.clone(name, folder)
        return clones_by_name[name]

    return clone


@pytest.fixture(scope="session")
def corpus_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    """Return the cache that all indexes of corpora share."""
    with closing(Cache(tmp_path_factory.mktemp("cache") / "cache.db")) as cache:
        yield cache


@pytest.fixture(scope="module")
def open_corpus(
    clones: Callable[[str], pathlib.Path],
    corpus_cache: Cache,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OpenCorpus]:
    """Return a function that opens the index of a corpus."""
    folder = tmp_path_factory.mktemp("mirrors")
    with ExitStack() as exit_stack:

        def open_index(source: Source) -> SourceIndex:
            path = str(clones(source.repository))
            repository = exit_stack.enter_context(Repository.open(path, ref="main", mirrors=folder))
            return SourceIndex(
                replace(source, repository=path),
                repository,
                cache=corpus_cache,
                vocabulary=corpora.VOCABULARY,
            )

        yield open_index
