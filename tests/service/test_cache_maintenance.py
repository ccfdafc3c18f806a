"""Pruning of the cache, and saving of index snapshots."""

import asyncio
import pathlib
import sqlite3
from asyncio import Task
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from syndicate.cache import Cache
from syndicate.errors import RepositoryError
from syndicate.model.edition import Edition, SourceSnapshot, UnavailableSource
from syndicate.model.post import BlobId
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.cache_maintenance import (
    close_idle_previews,
    prune_cache_daily,
    save_indexes_hourly,
)
from syndicate.service.content_service import ContentService
from syndicate.service.preview_content import PreviewContent
from syndicate.service.supervisor import Restarts
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool
from tests.service.conftest import FIRST, POST, SETTINGS, settings

THIRD = "news/2023-11-08-third.md"


def size(folder: pathlib.Path) -> dict[str, int]:
    """Return how many values each namespace of the cache below ``folder`` has."""
    connection = sqlite3.connect(folder / "var" / "cache" / "syndicate.db")
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            bytes.fromhex(name.removeprefix("namespace_")).decode(): connection.execute(
                f"SELECT count(*) FROM {name}"  # noqa: S608 — our own names
            ).fetchone()[0]
            for (name,) in tables.fetchall()
        }
    finally:
        connection.close()


def test_pruning_keeps_what_the_next_start_reads(
    settings_file: pathlib.Path, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Old renderings are deleted; files of removed posts are kept for the dates of feeds."""
    content.commit({THIRD: POST.format("X", "Before the first start.")})
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        for words in ("One.", "Two.", "Three."):
            content.commit({FIRST: POST.format("First", words), THIRD: POST.format("X", words)})
            edition = content_service.edition()
            content_service.render_posts(edition.posts, edition)
        content.commit({THIRD: None})
        edition = content_service.edition()
        others = {"index-snapshots": 0, "served-commits": 1}
        stored = {"file-versions": 9, "parsed-files": 7, "renderings": 7}
        assert size(tmp_path) == stored | others

        content_service.prune_cache(edition)

        kept = {"file-versions": 9, "parsed-files": 2, "renderings": 2}
        assert size(tmp_path) == kept | others
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        assert [one.text for one in content_service.render_posts(edition.posts, edition)] == [
            "2",
            "Three.",
        ]
    assert size(tmp_path) == kept | others


def test_pruning_keeps_the_last_renderings_of_live_posts(
    settings_file: pathlib.Path, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Of earlier versions too, until the current one is rendered; none of removed posts."""
    with ContentService(
        settings(settings_file), is_public=True, render_pool=render_pool()
    ) as content_service:
        content.commit({THIRD: POST.format("X", "Words.")})
        edition = content_service.edition()
        content_service.render_posts(edition.posts, edition)
        content.commit({FIRST: POST.format("First", "New words."), THIRD: None})

        content_service.prune_cache(content_service.edition())

    assert size(tmp_path)["last-renderings"] == 2
    assert size(tmp_path)["renderings"] == 2


def test_pruning_keeps_everything_while_a_source_is_unavailable(
    settings_file: pathlib.Path, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Its files are not known."""
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        content_service.edition()
        content.commit({FIRST: POST.format("First", "New words.")})
        content_service.edition()
    settings_file.write_text(SETTINGS.replace('"content"', '"missing"'))
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        content_service.prune_cache(content_service.edition())
    assert size(tmp_path)["parsed-files"] == 3


def test_pruning_keeps_renderings_while_a_post_is_unreadable(
    settings_file: pathlib.Path, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """The rendering is still served, and the file may be restored."""
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        edition = content_service.edition()
        content_service.render_posts(edition.posts, edition)
        before = size(tmp_path)
        part = edition.snapshots[0]
        lost = tuple(replace(post, blob=BlobId("1" * 40)) for post in part.posts)
        content.commit({FIRST: POST.format("First", "New words.")})
        with pytest.raises(RepositoryError, match="cannot be read"):
            content_service.prune_cache(content_service.build_edition([replace(part, posts=lost)]))
    assert size(tmp_path)["renderings"] == before["renderings"]


@asynccontextmanager
async def running(*works: Coroutine[None, None, None]) -> AsyncIterator[tuple[Task[None], ...]]:
    """Run ``works`` as tasks, which are cancelled at the end."""
    tasks = tuple(asyncio.create_task(work) for work in works)
    try:
        yield tasks
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def content_service(settings_file: pathlib.Path) -> Iterator[ContentService]:
    """Return the content service of the settings file."""
    with ContentService(settings(settings_file), render_pool=render_pool()) as opened:
        yield opened


@pytest.fixture
def watcher(content_service: ContentService) -> SourceWatcher:
    """Return the watcher of the sources, not running yet."""
    return SourceWatcher(
        content_service.source_readers(),
        build_edition=content_service.build_edition,
        clock=content_service.clock,
    )


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds; files and logs have no event."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 — see above
            await asyncio.sleep(0.02)


async def test_running_service_prunes_the_cache_repeatedly(
    content_service: ContentService,
    watcher: SourceWatcher,
    content: ContentRepository,
    tmp_path: pathlib.Path,
) -> None:
    """Values that the edition does not use are deleted each time."""
    cache = Cache(tmp_path / "var" / "cache" / "syndicate.db")
    pruning = prune_cache_daily(
        content_service, watcher, Restarts(), first_seconds=0, interval_seconds=0.1
    )
    async with running(watcher.run(), pruning):
        edition = await watcher.next_edition()
        for words in ("One.", "Two."):
            content.commit({FIRST: POST.format("First", words)})
            edition = await watcher.next_edition(edition)
            cache.put("parsed-files", {words: b"of no version"})
            await wait_until(lambda: not cache.get("parsed-files", ["One.", "Two."]))


async def test_pruning_error_is_logged_and_retried(
    content_service: ContentService, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing repository is tried again the next time."""

    def build_edition_of_missing_repository(
        found: Sequence[SourceSnapshot | UnavailableSource], _: Edition | None
    ) -> Edition:
        (snapshot,) = (each for each in found if isinstance(each, SourceSnapshot))
        source = replace(snapshot.source, name="gone", repository="/nowhere")
        return content_service.build_edition([replace(snapshot, source=source)])

    watcher = SourceWatcher(
        content_service.source_readers(),
        build_edition=build_edition_of_missing_repository,
        clock=content_service.clock,
    )
    pruning = prune_cache_daily(
        content_service, watcher, Restarts(), first_seconds=0, interval_seconds=0.01
    )
    async with running(watcher.run(), pruning) as (_, pruning_task):
        await wait_until(lambda: "cache not pruned" in capsys.readouterr().err)
        assert not pruning_task.done()


async def test_indexes_are_saved_periodically_and_at_the_end(
    settings_file: pathlib.Path, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """The next start parses nothing again, and pruning keeps the indexes."""
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        watcher = SourceWatcher(
            content_service.source_readers(),
            build_edition=content_service.build_edition,
            clock=content_service.clock,
        )
        saving = save_indexes_hourly(content_service, watcher, Restarts(), first_seconds=0)
        async with running(watcher.run(), saving):
            edition = await watcher.next_edition()
            await wait_until(lambda: "index-snapshots" in size(tmp_path))
            content_service.prune_cache(edition)
            content.commit({FIRST: None, THIRD: POST.format("X", "New words.")})
            await watcher.next_edition(edition)
    assert size(tmp_path)["index-snapshots"] == 1
    cache = Cache(tmp_path / "var" / "cache" / "syndicate.db")
    for namespace in ("parsed-files", "file-versions"):
        cache.retain_only(namespace, [])
    with ContentService(settings(settings_file), render_pool=render_pool()) as content_service:
        assert THIRD in {post.path for post in content_service.edition().posts}
    assert (size(tmp_path)["parsed-files"], size(tmp_path)["file-versions"]) == (0, 0)


async def test_index_of_a_missing_repository_is_saved(
    content_service: ContentService,
    watcher: SourceWatcher,
    content: ContentRepository,
    tmp_path: pathlib.Path,
) -> None:
    """The repository may be back at the next start, and saving does not wait for it."""
    saving = save_indexes_hourly(content_service, watcher, Restarts())
    async with running(watcher.run(), saving) as (_, saving_task):
        edition = await watcher.next_edition()
        content.path.rename(tmp_path / "elsewhere")
        watcher.refresh_now("news")
        edition = await watcher.next_edition(edition)
        assert edition.source_errors
    assert saving_task.cancelled()
    assert size(tmp_path)["index-snapshots"] == 1


async def test_previews_are_closed_while_nobody_uses_them(
    content_service: ContentService,
) -> None:
    """What is in use stays open."""
    previews = PreviewContent(content_service)

    def is_another() -> bool:
        with previews.use() as service:
            return service is not used

    async with running(close_idle_previews(previews, Restarts(), idle_seconds=0.01)):
        with previews.use() as used:
            await asyncio.sleep(0.1)
            assert not is_another()
        await wait_until(is_another)
    previews.close()
