"""The reader that stays with one edition."""

import asyncio
from pathlib import Path

from syndicate.cli.edition_snapshot import open_snapshot
from syndicate.model.edition import Readiness
from tests.cli.conftest import SETTINGS
from tests.content_repository import ContentRepository


def test_it_is_ready_from_the_start(file: Path) -> None:
    """Every source was tried when it was made."""
    with open_snapshot(file, rev="", at=None) as reader:
        assert reader.readiness == Readiness(is_ready=True)
        assert [post.title for post in reader.edition.posts] == ["Second", "Uno", "First"]


def test_it_has_files_where_the_settings_say_so(file: Path, content: ContentRepository) -> None:
    """Of the commit that is looked at."""
    file.write_text(SETTINGS.replace('dialect = "news', 'assets = "serve"\ndialect = "news'))
    content.commit({"x.png": "picture"})
    with open_snapshot(file, rev="", at=None) as reader:
        assert asyncio.run(reader.asset("news", "x.png")).content == b"picture"


def test_it_renders_posts_in_their_order(file: Path) -> None:
    """Nobody else waits, so every post is rendered."""
    with open_snapshot(file, rev="", at=None) as reader:
        items = asyncio.run(reader.render_posts(reader.edition.posts, reader.edition))
    assert [item.post.title for item in items] == ["Second", "Uno", "First"]
