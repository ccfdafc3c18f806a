"""Fixtures: a repository with a site of 30 posts, and indexes of it that leave all to the site."""

import pathlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.post import CommitId
from tests.content.sources import left_out
from tests.content.test_site_source import CONFIG
from tests.content_repository import Content, ContentRepository
from tests.sites.written_site import post

Open = Callable[..., SourceIndex]


def posts(number: int) -> dict[str, Content]:
    """Return the files of a number of posts."""
    return {f"_posts/2024-05-06-p{each}.md": post(title=f"P{each}") for each in range(number)}


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of a site with 30 posts."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit({"_config.yml": CONFIG, **posts(30)})
    return made


@pytest.fixture
def open_index(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[Open]:
    """Return a function that opens the index of `content`; all share one cache but ``cold``."""
    with ExitStack() as closing:

        def open_it(*accepted: str, cache: str = "cache", **settings: object) -> SourceIndex:
            repository = closing.enter_context(
                Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors")
            )
            disk = Cache(tmp_path / f"{cache}.db")
            closing.callback(disk.close)
            return SourceIndex(
                left_out(**settings),
                repository,
                cache=disk,
                vocabulary=Vocabulary(),
                accepted=lambda: frozenset(map(CommitId, accepted)),
            )

        yield open_it
