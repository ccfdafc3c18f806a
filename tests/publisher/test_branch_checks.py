"""How often branches are looked at."""

import asyncio
import pathlib
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import ExitStack

import pytest
from typing_extensions import override

from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from syndicate.model.edition import SourceSnapshot, UnavailableSource
from syndicate.publisher import source_watcher
from syndicate.publisher.source_watcher import SourceReader
from syndicate.web.http.server import uvloop_runner
from tests import samples
from tests.content_repository import ContentRepository
from tests.publisher.sources_fixture import FIRST, POST, SourcesFixture


@pytest.fixture
def sources(tmp_path: pathlib.Path) -> Iterator[SourcesFixture]:
    """Return sources below the folder of the test."""
    with ExitStack() as exit_stack:
        yield SourcesFixture(tmp_path, exit_stack)


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of the source ``news`` with one post."""
    repository = ContentRepository.create(tmp_path / "news")
    repository.commit({FIRST: POST.format("First")})
    return repository


async def test_many_sources_are_checked_less_often(sources: SourcesFixture) -> None:
    """A hundred sources together take no more of the event loop than ten."""
    glances = 0

    class Counted(SourceReader):
        @override
        def fingerprint(self) -> Hashable:
            nonlocal glances
            glances += 1
            return None

    def unread() -> SourceIndex:
        raise RepositoryError("nothing is there", code="no-repository")

    readers = [
        Counted(samples.source(f"s{n}"), poll_seconds=60, open_index=unread) for n in range(100)
    ]

    watcher = sources.watcher(*readers)
    running = asyncio.create_task(watcher.run())
    await watcher.next_edition()
    before = glances
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait([running])
    assert 0 < glances - before < 500


def test_watched_branches_are_checked_seldom(
    sources: SourcesFixture, content: ContentRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit is served all the same, and a refresh that is asked for is done."""
    counts = Counter[str]()

    class Counted(SourceReader):
        @override
        def fingerprint(self) -> Hashable:
            counts["checks"] += 1
            return super().fingerprint()

        @override
        def poll(self) -> SourceSnapshot | UnavailableSource:
            counts["polls"] += 1
            return super().poll()

    async def work() -> None:
        reader = sources.reader(kind=Counted)
        assert reader.watched_folders() == ()  # before the repository is open
        watcher = sources.watcher(reader)
        running = asyncio.create_task(watcher.run())
        first = await watcher.next_edition()
        await asyncio.sleep(0.5)
        assert counts["checks"] < 10
        content.commit({FIRST: POST.format("Edited")})
        async with asyncio.timeout(20):
            await watcher.next_edition(first)
        before = counts["polls"]
        watcher.refresh_now("news")
        async with asyncio.timeout(20):
            while counts["polls"] == before:  # noqa: ASYNC110 — what is waited for has no event
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.wait([running])

    monkeypatch.setattr(source_watcher, "_CHECK_SECONDS", 60.0)
    with uvloop_runner() as loop:
        loop.run(work())
