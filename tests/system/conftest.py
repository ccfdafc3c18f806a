"""What the tests of the whole share: the corpora as sources, and editions of them."""

import pathlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from syndicate.cache import Cache
from syndicate.git import Repository
from syndicate.index.part import SourceIndex
from syndicate.model.post import Source
from tests import corpora

OpenCorpus = Callable[[Source], SourceIndex]


@pytest.fixture(scope="session")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pathlib.Path]:
    """Return a function that gives a clone of a corpus, the same one each time."""
    folder = tmp_path_factory.mktemp("corpora")
    made: dict[str, pathlib.Path] = {}

    def clone(name: str) -> pathlib.Path:
        if name not in made:
            made[name] = corpora.clone(name, folder)
        return made[name]

    return clone


@pytest.fixture(scope="session")
def open_corpus(
    clones: Callable[[str], pathlib.Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenCorpus]:
    """Return a function that opens the index of a corpus; all share one cache."""
    folder = tmp_path_factory.mktemp("cache")
    with ExitStack() as closing:
        cache = Cache(folder / "cache.db")
        closing.callback(cache.close)

        def open_it(source: Source) -> SourceIndex:
            path = str(clones(source.repository))
            repository = closing.enter_context(
                Repository.open(path, ref="main", mirrors=folder / "mirrors")
            )
            return SourceIndex(
                replace(source, repository=path),
                repository,
                cache=cache,
                vocabulary=corpora.VOCABULARY,
            )

        yield open_it
