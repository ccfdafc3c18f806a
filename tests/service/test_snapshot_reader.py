"""Reading the sources once, outside a running service."""

from pathlib import Path

import pytest

from syndicate.service.snapshot_reader import SnapshotReader
from tests.content_repository import ContentRepository
from tests.service.conftest import FIRST, POST, SETTINGS, settings


def test_snapshot_reads_every_source(settings_file: Path) -> None:
    """Every source is tried when the edition is first used."""
    with SnapshotReader(settings(settings_file)) as reader:
        assert reader.removed == ()
        assert [post.title for post in reader.edition.posts] == ["Second", "First"]


def serve_assets(file: Path) -> None:
    """Let the service serve files of the repository."""
    file.write_text(SETTINGS.replace('dialect = "news', 'assets = "serve"\ndialect = "news'))


@pytest.mark.anyio
async def test_files_are_read_from_the_commit_of_the_edition(
    settings_file: Path, content: ContentRepository
) -> None:
    """Where the settings let this service serve them."""
    serve_assets(settings_file)
    content.commit({"x.png": "picture"})
    with SnapshotReader(settings(settings_file)) as reader:
        assert (await reader.asset("news", "x.png")).content == b"picture"


@pytest.mark.slow
@pytest.mark.anyio
async def test_all_posts_are_rendered_in_their_order(settings_file: Path) -> None:
    """However long rendering takes: no client is waiting."""
    with SnapshotReader(settings(settings_file)) as reader:
        edition = reader.edition
        rendered = await reader.render_posts(edition.posts, edition)
        in_time = await reader.render_posts_in_time(edition.posts, edition)
    assert [post.post.title for post in rendered] == ["Second", "First"]
    assert in_time.items == rendered


@pytest.mark.parametrize(("is_fixed", "title"), [(True, "First"), (False, "Edited")])
def test_the_sources_are_read_again_unless_the_edition_is_fixed(
    settings_file: Path, content: ContentRepository, is_fixed: bool, title: str
) -> None:
    """Commands report one state; catching up follows a running service."""
    with SnapshotReader(settings(settings_file), is_fixed=is_fixed) as reader:
        assert [post.title for post in reader.edition.posts] == ["Second", "First"]
        content.commit({FIRST: POST.format("Edited", "New words.")})
        assert [post.title for post in reader.edition.posts] == ["Second", title]
