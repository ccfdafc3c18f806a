"""What the tests of the service share: a repository of posts and settings that name it."""

import pathlib

import pytest

from syndicate.settings import Settings, load
from tests.content_repository import ContentRepository

POST = "---\ntitle: {}\ntags: [tts]\n---\n{}\n"
FIRST = "news/2023-11-06-first.md"
SECOND = "news/2023-11-07-second.md"

SETTINGS = """
[service]
title = "Example agency feeds"
port = 0

[[sources]]
name = "news"
repository = "content"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
permalink = "/news/:name"
timezone = "America/New_York"
poll_seconds = 1

[[categories]]
slug = "tts"
title = "Technology Transformation Services"

[[feeds]]
name = "tech"
title = "Technology"
categories = ["tts"]
"""


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository of two posts."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit({FIRST: POST.format("First", "First words."), SECOND: POST.format("Second", "*2*")})
    return made


@pytest.fixture
def settings_file(tmp_path: pathlib.Path, content: ContentRepository) -> pathlib.Path:
    """Return a settings file whose only source is `content`."""
    assert content.path == tmp_path / "content"
    file = tmp_path / "syndicate.toml"
    file.write_text(SETTINGS)
    return file


def settings(file: pathlib.Path, **environ: str) -> Settings:
    """Return the settings in ``file`` with overrides by the names of environment variables."""
    return load(file, environ)
