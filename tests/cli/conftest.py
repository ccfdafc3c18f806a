"""Running commands in this process, on a repository of posts and settings that name it."""

import asyncio
import json
import pathlib
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from syndicate import telemetry
from syndicate.cli import main
from syndicate.service import content_service
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """What a command left behind: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., CommandOutcome]


def complete(coroutine: Coroutine[object, object, None]) -> None:
    """Run ``coroutine`` to its end, for the synchronous tests of commands that run event loops."""
    asyncio.run(coroutine)


def prerelease_database(settings: pathlib.Path) -> pathlib.Path:
    """Make the database of the file ``settings`` one of a prerelease; return its file."""
    database = settings.parent / "var" / "syndicate.db"
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0004')")
        connection.commit()
    return database


@pytest.fixture(autouse=True)
def _shared_render_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands render in the processes that all tests share."""
    monkeypatch.setattr(content_service, "RenderPool", lambda **_: render_pool())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run `syndicate` with the given arguments; afterwards the log is as it was."""
    setting = telemetry._settings  # noqa: SLF001 — commands set up the log, which outlives them
    before = (setting.log_format, setting.threshold)

    def call(*arguments: object) -> CommandOutcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        code = left.value.code
        return CommandOutcome(
            code=code if isinstance(code, int) else 0, out=captured.out, err=captured.err
        )

    yield call
    setting.log_format, setting.threshold = before


SETTINGS = """
[service]
title = "Example agency feeds"

[[sources]]
name = "news"
title = "News"
repository = "content"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
permalink = "/news/:name"
timezone = "America/New_York"

[[sources]]
name = "updates"
title = "Updates"
repository = "content"
folders = ["updates"]
dialect = "program-updates"
site_url = "https://partners.example.gov"
permalink = "/updates/:name/"
categories = ["partners"]

[[categories]]
slug = "tts"
title = "Technology Transformation Services"
aliases = ["TTS"]

[[feeds]]
name = "en-espanol"
title = "En español"
languages = ["es"]
sources = ["updates"]
"""

FIRST = """---
title: First
carousel_show: true
carousel_summary: The *first* post
carousel_image: /assets/first.png
carousel_image_alt_text: A first picture
byline_str: Ada Editor
source_url: https://www.example.org/first
permalink: /first
tags: [TTS]
---
First words.
"""

FILES = {
    "news/2023-11-06-first.md": FIRST,
    "news/2023-11-07-second.md": "---\ntitle: Second\n---\nSecond words. ![Dots](/dots.png)\n",
    "news/2099-11-07-later.md": "---\ntitle: Later\n---\nLater words.\n",
    "news/2023-11-08-over.md": "---\ntitle: Over\nexpires: 2023-12-01\n---\nWords of then.\n",
    "news/2023-11-09-draft.md": "---\ntitle: Draft\ndraft: true\n---\nWords to be.\n",
    "news/2023-11-10-broken.md": "---\ntitle: [Broken\n---\nWords.\n",
    "updates/uno.md": "---\ntitle: Uno\nlang: es\ndate: 2023-11-06T12:00:00Z\n---\nPalabras.\n",
}


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository with posts of every kind in two folders."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit(FILES)
    return made


@pytest.fixture
def file(tmp_path: pathlib.Path, content: ContentRepository) -> pathlib.Path:
    """Return settings whose two sources are folders of `content`."""
    assert content.path == tmp_path / "content"
    file = tmp_path / "syndicate.toml"
    file.write_text(SETTINGS)
    return file


COMPLETE_SETTINGS = SETTINGS.replace("example.gov", "agency.gov").replace(
    "[service]", '[service]\ncontact = "feeds@agency.gov"\nsecret_key = "a long random text"'
)
"""Settings in which nothing is left to be desired."""


def levels(outcome: CommandOutcome) -> dict[str, str]:
    """Return what was found, with its level."""
    return {finding["what"]: finding["level"] for finding in json.loads(outcome.out)}
