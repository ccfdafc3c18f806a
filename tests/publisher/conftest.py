"""Repositories of posts and a content service for the tests of the publisher."""

import pathlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from syndicate.service.content_service import ContentService
from syndicate.settings import load
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool

SETTINGS = """
[service]
title = "Example agency feeds"
workers = 1

[[sources]]
name = "news"
repository = "content"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
permalink = "/news/:name"
timezone = "America/New_York"
"""

OTHER_SOURCE = """
[[sources]]
name = "other"
repository = "other"
folders = ["other"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
permalink = "/other/:name"
"""

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
"""The time of everything, unless a test says otherwise."""

FIRST = "news/2023-11-06-first.md"
SECOND = "news/2023-11-07-second.md"


def post_file(title: str, words: str = "Words.", **keys: str) -> str:
    """Return a post with ``title``, further front matter ``keys``, and ``words``."""
    head = "".join(f"{key}: {value}\n" for key, value in {"title": title, **keys}.items())
    return f"---\n{head}---\n{words}\n"


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of the source ``news``, with one post."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit({FIRST: post_file("First")})
    return made


@pytest.fixture
def other(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of the source ``other``, with one post."""
    made = ContentRepository.create(tmp_path / "other")
    made.commit({"other/2023-11-08-other.md": post_file("Other")})
    return made


def open_content_service(folder: pathlib.Path, tables: str = "") -> ContentService:
    """Open a content service of the source ``news`` in ``folder`` and the sources in ``tables``."""
    settings_file = folder / "syndicate.toml"
    settings_file.write_text(SETTINGS + tables)
    return ContentService(load(settings_file, {}), clock=lambda: NOW, render_pool=render_pool())


@pytest.fixture
def content_service(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[ContentService]:
    """Return a content service of the source ``news``."""
    assert content.path == tmp_path / "content"
    with open_content_service(tmp_path) as opened:
        yield opened
