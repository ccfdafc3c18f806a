"""Files of a repository, served where the settings say so."""

import pathlib

import pytest

from syndicate.errors import UnknownName
from syndicate.model import asset
from syndicate.service import newsroom as room
from syndicate.service.newsroom import Newsroom
from tests.content_repository import ContentRepository, Symlink
from tests.service.conftest import FIRST, SETTINGS, settings

SERVED = SETTINGS.replace('dialect = "news', 'assets = "serve"\ndialect = "news')
POST = (
    "---\ntitle: First\ncarousel_show: true\ncarousel_image: /img/card.png\n"
    "carousel_image_alt_text: A card\n---\n![Lake](/img/lake.png) ![No](/img/no.png)\n"
)
PICTURES = {"img/lake.png": b"\x89lake", "img/card.png": b"\x89card"}


def test_pictures_come_from_the_repository(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """In text and card; a picture that changes has another address, one that is not there not."""
    settings_file.write_text(SERVED)
    content.commit({FIRST: POST, **PICTURES})
    with Newsroom(settings(settings_file)) as newsroom:
        edition = newsroom.edition()
        post = next(post for post in edition.posts if post.path == FIRST)
        (item,) = newsroom.items([post], edition)
        blob = content.git("rev-parse", "main:img/lake.png")
        base = f"{newsroom.settings.masthead.public_url}/assets/news/img"
        assert f'src="{base}/lake.png?v={blob}"' in item.content
        assert 'src="https://www.example.gov/img/no.png"' in item.content
        assert item.image
        assert item.card
        assert item.image.url == item.card.image
        assert item.image.url.startswith(f"{base}/card.png?v=")
        assert newsroom.asset("news", "img/lake.png", edition).content == b"\x89lake"
        assert newsroom.asset("news", "img/lake.png", edition).blob == blob

        content.commit({"img/lake.png": b"\x89other"})
        later = newsroom.edition()
        (again,) = newsroom.items([post], later)
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
    with Newsroom(settings(settings_file)) as newsroom:
        edition = newsroom.edition()
        with pytest.raises(UnknownName, match="no file is served"):
            newsroom.asset("news", path, edition)


def test_nothing_is_served_of_a_source_that_links(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Which is what every source does that says nothing."""
    content.commit(PICTURES)
    with Newsroom(settings(settings_file)) as newsroom:
        edition = newsroom.edition()
        with pytest.raises(UnknownName, match="no file is served"):
            newsroom.asset("news", "img/lake.png", edition)


def test_a_file_too_large_is_not_served(
    settings_file: pathlib.Path, content: ContentRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not even read."""
    assert asset.LARGEST > 1_000_000
    monkeypatch.setattr(room, "LARGEST", 3)
    settings_file.write_text(SERVED)
    content.commit(PICTURES)
    with Newsroom(settings(settings_file)) as newsroom:
        edition = newsroom.edition()
        with pytest.raises(UnknownName, match="no file is served"):
            newsroom.asset("news", "img/lake.png", edition)
