"""Search of a running service: real files, threads and editions."""

import asyncio
import pathlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from syndicate.model.search import SearchTerms
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.search_service import SearchService
from tests.content_repository import ContentRepository
from tests.service.conftest import FIRST, POST, settings

WORDS = SearchTerms(text="words", words=("words",))


@asynccontextmanager
async def searching(
    file: pathlib.Path, *, first_update_seconds: float = 60
) -> AsyncIterator[tuple[SearchService, SourceWatcher]]:
    """Yield the search of a running publisher."""
    with ContentService(settings(file)) as content:
        watcher = SourceWatcher(
            content.source_readers(), build_edition=content.build_edition, clock=content.clock
        )
        search = SearchService(
            content.post_search(),
            watcher,
            first_update_seconds=first_update_seconds,
            retry_seconds=0.01,
        )
        tasks = [asyncio.create_task(run()) for run in (watcher.run, search.run)]
        try:
            await watcher.next_edition()
            yield search, watcher
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            search.close()


async def find_until_complete(
    search: SearchService, watcher: SourceWatcher, terms: SearchTerms
) -> int:
    """Return how many posts of the edition in service are found once all are indexed."""
    async with asyncio.timeout(30):
        while True:
            result = await search.find(terms, watcher.edition, watcher.edition.posts)
            if result.is_complete:
                return len(result.posts)
            await asyncio.sleep(0.01)


async def test_first_search_makes_the_index(settings_file: pathlib.Path) -> None:
    """It waits for it, long before the index would be made by itself."""
    async with searching(settings_file) as (search, watcher):
        assert await find_until_complete(search, watcher, WORDS) == 1
        (post,) = [post for post in watcher.edition.posts if post.path == FIRST]
        excerpt = (await search.excerpts(WORDS, [post]))[post.id]
        assert excerpt.text == (("First ", False), ("words", True), (".", False))
    assert list((settings_file.parent / "var" / "cache").glob("search-*")) == []


async def test_index_is_made_although_nobody_searches(settings_file: pathlib.Path) -> None:
    """So that the first search has an answer at once."""
    async with searching(settings_file, first_update_seconds=0.01):
        cache = settings_file.parent / "var" / "cache"
        async with asyncio.timeout(30):
            while not list(cache.glob("search-*.db")):  # noqa: ASYNC110 — a file has no event
                await asyncio.sleep(0.01)


async def test_search_follows_each_edition(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """A commit is searched as soon as it is served."""
    async with searching(settings_file) as (search, watcher):
        assert await find_until_complete(search, watcher, WORDS) == 1
        before = watcher.edition
        content.commit({"news/2023-11-08-third.md": POST.format("Third", "More words.")})
        await watcher.next_edition(before)
        assert await find_until_complete(search, watcher, WORDS) == 2


async def test_error_is_logged_and_the_update_repeated(
    settings_file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index is made as soon as the folder can be written."""
    cache = settings_file.parent / "var" / "cache"
    async with searching(settings_file) as (search, watcher):
        cache.rename(cache.with_name("away"))
        cache.write_text("not a folder")
        result = await search.find(WORDS, watcher.edition, watcher.edition.posts)
        assert (len(result.posts), result.is_complete) == (0, False)
        cache.unlink()
        assert await find_until_complete(search, watcher, WORDS) == 1
    assert "search index not updated" in capsys.readouterr().err
