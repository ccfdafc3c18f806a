"""Editions and items as commands see them."""

import pathlib
from datetime import UTC, datetime

import pytest

from syndicate.errors import RepositoryError
from syndicate.service.content_service import ContentService
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool
from tests.service.conftest import FIRST, POST, SETTINGS, settings


def titles(
    content_service: ContentService, *, rev: str = "", at: datetime | None = None
) -> list[str]:
    """Return the titles of an edition."""
    return [post.title for post in content_service.edition(rev=rev, at=at).posts]


def test_edition_follows_the_branch(settings_file: pathlib.Path) -> None:
    """Feeds are those of the settings, and the posts can be rendered."""
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        assert [post.title for post in edition.posts] == ["Second", "First"]
        assert edition.feed("tech").title == "Technology"
        items = content_service.render_posts(edition.posts, edition)
        assert [item.text for item in items] == ["2", "First words."]


def test_edition_of_another_branch(settings_file: pathlib.Path, content: ContentRepository) -> None:
    """As with ``--rev``; an unknown revision is an error that names it."""
    content.create_branch("editorial")
    content.commit({FIRST: POST.format("Better", "Words.")}, branch="editorial")
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        assert titles(content_service, rev="editorial") == ["Second", "Better"]
        assert titles(content_service) == ["Second", "First"]
        with pytest.raises(RepositoryError, match="nowhere"):
            titles(content_service, rev="nowhere")


def test_edition_at_another_time(settings_file: pathlib.Path) -> None:
    """As with ``--at``."""
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        assert titles(content_service, at=datetime(2023, 11, 7, tzinfo=UTC)) == ["First"]


def test_source_without_the_revision_stays_at_its_ref(
    settings_file: pathlib.Path, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Only some sources have an editorial branch."""
    other = ContentRepository.create(tmp_path / "other")
    other.commit({"posts/2023-11-08-third.md": POST.format("Third", "Words.")})
    content.create_branch("editorial")
    content.commit({FIRST: None}, branch="editorial")
    source = SETTINGS[SETTINGS.index("[[sources]]") : SETTINGS.index("[[categories]]")]
    settings_file.write_text(
        SETTINGS
        + source.replace('"news"\n', '"other"\n', 1)
        .replace('"content"', '"other"')
        .replace('["news"]', '["posts"]')
    )
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        assert titles(content_service, rev="editorial") == ["Third", "Second"]


def test_missing_repository_makes_the_source_unavailable(settings_file: pathlib.Path) -> None:
    """The edition has the error, and is built nevertheless."""
    settings_file.write_text(SETTINGS.replace('"content"', '"missing"'))
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        (unread,) = content_service.edition().unavailable
        assert "missing" in unread.error
