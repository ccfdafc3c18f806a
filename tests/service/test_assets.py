"""Files of a repository, served where the settings say so."""

import os
import pathlib
import shutil

import pytest

from syndicate.errors import RepositoryError, UnknownName
from syndicate.service.content_service import ContentService
from tests.content_repository import ContentRepository, Symlink
from tests.render_pool import render_pool
from tests.service.conftest import FIRST, SECOND, SETTINGS, settings

SERVED = SETTINGS.replace('dialect = "news', 'assets = "serve"\ndialect = "news')
POST = (
    "---\ntitle: First\ncarousel_show: true\ncarousel_image: /img/card.png\n"
    "carousel_image_alt_text: A card\n---\n![Lake](/img/lake.png) ![No](/img/no.png)\n"
)
PICTURES = {"img/lake.png": b"\x89lake", "img/card.png": b"\x89card"}


def test_images_come_from_the_repository(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """In text and card; a changed image has another URL, a missing one none."""
    settings_file.write_text(SERVED)
    content.commit({FIRST: POST, **PICTURES})
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        post = next(post for post in edition.posts if post.path == FIRST)
        (item,) = content_service.render_posts([post], edition)
        blob = content.git("rev-parse", "main:img/lake.png")
        base = f"{content_service.settings.service_info.public_url}/assets/news/img"
        assert f'src="{base}/lake.png?v={blob}"' in item.content
        assert 'src="https://www.example.gov/img/no.png"' in item.content
        assert item.image
        assert item.card
        assert item.image.url == item.card.image
        assert item.image.url.startswith(f"{base}/card.png?v=")
        assert content_service.asset("news", "img/lake.png", edition).content == b"\x89lake"
        assert content_service.asset("news", "img/lake.png", edition).blob == blob

        content.commit({"img/lake.png": b"\x89other"})
        later = content_service.edition()
        (again,) = content_service.render_posts([post], later)
        assert blob not in again.content


@pytest.mark.parametrize(
    "path", ["img/none.png", "img/../img/lake.png", "/img/lake.png", FIRST, "link.png", "img", ""]
)
def test_other_files_are_not_served(
    settings_file: pathlib.Path, content: ContentRepository, path: str
) -> None:
    """No other path to a file, no link, no folder, nothing but pictures, sounds and films."""
    settings_file.write_text(SERVED)
    content.commit({**PICTURES, "link.png": Symlink("/etc/passwd")})
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        with pytest.raises(UnknownName, match="no file is served"):
            content_service.asset("news", path, edition)


def test_source_with_linked_assets_serves_no_files(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Linking is the default."""
    content.commit(PICTURES)
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        with pytest.raises(UnknownName, match="no file is served"):
            content_service.asset("news", "img/lake.png", edition)


def test_file_over_the_limit_is_not_served(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Nor read; one byte less is served."""
    settings_file.write_text(f"{SERVED}\n[limits]\nasset_bytes = 2000\n")
    content.commit({"img/lake.png": b"x" * 2001, "img/pond.png": b"x" * 2000})
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        with pytest.raises(UnknownName, match="no file is served"):
            content_service.asset("news", "img/lake.png", edition)
        assert len(content_service.asset("news", "img/pond.png", edition).content) == 2000


@pytest.fixture
def started(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return the file in which each start of git becomes a line."""
    started = tmp_path / "started"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    git = shutil.which("git")
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {started}\nexec {git} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    return started


def test_requests_for_files_start_no_processes(
    settings_file: pathlib.Path, content: ContentRepository, started: pathlib.Path
) -> None:
    """Two long-lived processes of git answer all of them, and none answers for who has it."""
    settings_file.write_text(SERVED)
    pictures = {f"img/{n}.png": b"x" * n for n in range(1, 100)}
    content.commit({FIRST: POST, **pictures})
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        before = started.read_text()
        for path in pictures:
            content_service.asset("news", path, edition, with_content=False)
        assert started.read_text() == before
        for path, text in (*pictures.items(), *pictures.items()):
            assert content_service.asset("news", path, edition).content == text
        assert len(started.read_text().splitlines()) <= len(before.splitlines()) + 2
        content.commit({"img/1.png": b"other"})
        content_service.edition()
        assert content_service.asset("news", "img/1.png", edition).content == b"x"


def test_requests_start_no_processes_while_the_next_commit_cannot_be_read(
    settings_file: pathlib.Path, content: ContentRepository, started: pathlib.Path
) -> None:
    """The files of the commit in service stay known, however long that lasts."""
    settings_file.write_text(SERVED)
    content.commit({FIRST: POST, SECOND: None, "img/lake.png": b"x"})
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        assert content_service.asset("news", "img/lake.png", edition).content == b"x"
        content.commit({FIRST: None})
        content.commit({"news/2024-01-01-lost.md": "---\ntitle: Lost\n---\n"})
        lose(content, "main:news/2024-01-01-lost.md")
        assert "missing" in content_service.edition().source_errors["news"]
        before = started.read_text()
        for _ in range(3):
            content_service.asset("news", "img/lake.png", edition, with_content=False)
        assert started.read_text() == before


def lose(content: ContentRepository, revision: str) -> None:
    """Remove the object that ``revision`` means from the repository."""
    content.git("repack", "-adq")
    blob = content.git("rev-parse", revision)
    pack = next((content.path / ".git/objects/pack").glob("*.pack"))
    moved = pack.rename(content.path / "moved.pack")
    for file in (content.path / ".git/objects/pack").iterdir():
        file.unlink()
    content.git("unpack-objects", "-q", stdin=moved.read_bytes())
    (content.path / ".git/objects" / blob[:2] / blob[2:]).unlink()


def test_damaged_file_is_an_error_of_the_repository(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Not a file that is unknown."""
    settings_file.write_text(SERVED)
    content.commit({FIRST: POST, "img/lake.png": os.urandom(1_000)})
    lose(content, "main:img/lake.png")
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        with pytest.raises(RepositoryError, match="missing or corrupt"):
            content_service.asset("news", "img/lake.png", edition)
