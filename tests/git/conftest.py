"""A content repository and the reader of its branch."""

import pathlib
from collections.abc import Iterator

import pytest

from syndicate.git import Repository
from tests.content_repository import ContentRepository


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Make an empty content repository."""
    return ContentRepository.create(tmp_path / "content")


@pytest.fixture
def repository(content: ContentRepository, tmp_path: pathlib.Path) -> Iterator[Repository]:
    """Open the content repository at its branch."""
    where = str(content.path)
    with Repository.open(where, ref="main", mirrors=tmp_path / "var", source_name="usds") as opened:
        yield opened


@pytest.fixture
def upstream(tmp_path: pathlib.Path) -> ContentRepository:
    """Make a bare repository with one commit, to be fetched from."""
    made = ContentRepository.create(tmp_path / "upstream", bare=True)
    made.commit({"posts/a.md": "1"})
    return made


@pytest.fixture
def remote(upstream: ContentRepository, tmp_path: pathlib.Path) -> Iterator[Repository]:
    """Open it by its file address."""
    address = f"file://{upstream.path}"
    with Repository.open(
        address, ref="main", mirrors=tmp_path / "var", source_name="usds"
    ) as opened:
        yield opened
