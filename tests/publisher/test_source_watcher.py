"""Watching sources: commits, errors, and posts that appear on time."""

import asyncio
import pathlib
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.errors import NotReady, RepositoryError, UnknownName
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.post import CommitId
from syndicate.publisher.source_watcher import SourceReader, SourceWatcher
from tests import samples
from tests.content_repository import ContentRepository
from tests.metric_samples import metric_value
from tests.publisher.sources_fixture import FIRST, POST, SourcesFixture


def titles(watcher: SourceWatcher) -> list[str]:
    """Return the titles of the posts in service."""
    return [post.title for post in watcher.edition.posts] if watcher.is_ready else []


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


async def run(
    watcher: SourceWatcher, *steps: tuple[Callable[[], object], Callable[[], bool]]
) -> None:
    """Run ``watcher``; take each step and wait until its condition holds."""
    running = asyncio.create_task(watcher.run())
    try:
        for act, holds in steps:
            act()
            async with asyncio.timeout(10):
                while not holds():  # noqa: ASYNC110 — what is waited for has no event
                    await asyncio.sleep(0.005)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def nothing() -> None:
    """Take no step: the condition comes true by itself."""


def test_no_edition_before_every_source_was_polled(sources: SourcesFixture) -> None:
    """The error says to try again."""
    watcher = sources.watcher(sources.reader())
    assert not watcher.is_ready
    with pytest.raises(NotReady):
        _ = watcher.edition


async def test_commit_is_noticed_before_the_next_poll(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """A local branch is watched: ``poll_seconds`` do not matter."""
    watcher = sources.watcher(sources.reader(poll_seconds=3600))
    await run(
        watcher,
        (nothing, lambda: titles(watcher) == ["First"]),
        (
            lambda: content.commit({FIRST: POST.format("Edited")}),
            lambda: titles(watcher) == ["Edited"],
        ),
    )


async def test_edition_is_prerendered_before_it_is_in_service(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """Meanwhile clients get the previous edition, for a limited time; an error keeps no edition.

    While one is still prerendered, the next ones are not: threads do not pile up.
    """
    prepared: list[str] = []
    going_on = threading.Event()

    def prerender(edition: Edition) -> None:
        prepared.append(edition.posts[0].title)
        if len(prepared) == 2:
            raise ZeroDivisionError
        assert going_on.wait(10)

    watcher = sources.watcher(sources.reader(), prerender=prerender)

    def edit(title: str) -> Callable[[], object]:
        return lambda: content.commit({FIRST: POST.format(title)})

    await run(
        watcher,
        (nothing, lambda: prepared == ["First"] and not watcher.is_ready),
        (going_on.set, lambda: titles(watcher) == ["First"]),
        (edit("Troubled"), lambda: titles(watcher) == ["Troubled"]),
        (going_on.clear, lambda: True),
        (edit("Slow"), lambda: titles(watcher) == ["Slow"] and not going_on.is_set()),
        (edit("Next"), lambda: titles(watcher) == ["Next"] and not going_on.is_set()),
        (going_on.set, lambda: True),
        (edit("Last"), lambda: titles(watcher) == ["Last"]),
    )
    assert [title for title in prepared if title != "Last"] == ["First", "Troubled", "Slow"]


async def test_future_post_appears_on_time(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """And an expired one disappears; no commit is needed."""
    soon = datetime.now(UTC) + timedelta(seconds=1)
    later = soon + timedelta(seconds=1)
    text = (
        f"---\ntitle: Brief\ndate: {soon.isoformat()}\nexpires: {later.isoformat()}\n---\nWords.\n"
    )
    content.commit(
        {FIRST: None, "news/brief.md": text, "news/2020-01-01-old.md": POST.format("Old")}
    )
    watcher = sources.watcher(sources.reader())
    await run(
        watcher,
        (nothing, lambda: titles(watcher) == ["Old"]),
        (nothing, lambda: titles(watcher) == ["Brief", "Old"]),
    )


async def test_failing_source_keeps_its_last_good_snapshot(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """The error is reported, other sources are not affected, and the source recovers by itself."""
    other = ContentRepository.create(sources.folder / "other")
    other.commit({"other/2023-11-07-x.md": POST.format("Other")})
    watcher = sources.watcher(sources.reader(), sources.reader("other", poll_seconds=0.05))
    away = sources.folder / "away"

    def failing() -> str:
        return watcher.edition.snapshot("other").error

    await run(
        watcher,
        (nothing, lambda: titles(watcher) == ["Other", "First"]),
        (lambda: shutil.move(other.path, away), lambda: bool(failing())),
        (
            lambda: content.commit({FIRST: POST.format("Edited")}),
            lambda: titles(watcher) == ["Other", "Edited"],
        ),
        (lambda: shutil.move(away, other.path), lambda: not failing()),
    )


async def test_accepted_removal_is_noticed(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """Without a commit, and without a restart."""
    watcher = sources.watcher(sources.reader())

    def failing() -> str:
        return watcher.edition.snapshot("news").error

    await run(
        watcher,
        (nothing, lambda: titles(watcher) == ["First"]),
        (lambda: content.commit({FIRST: None}), lambda: bool(failing())),
        (lambda: sources.accepted.add(CommitId(content.head())), lambda: not failing()),
    )
    assert titles(watcher) == []


async def test_source_that_was_never_read_is_unavailable(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """It is tried again, at once on request. A metric has the time of the last good read."""
    assert content.head()
    read_at = 'syndicate_source_read_timestamp_seconds{source="late"}'
    watcher = sources.watcher(sources.reader(), sources.reader("late", poll_seconds=3600))

    def arrive() -> None:
        assert metric_value(read_at) == 0
        late = ContentRepository.create(sources.folder / "late")
        late.commit({"late/2023-11-08-x.md": POST.format("Late")})
        watcher.refresh_now("late")

    def unread() -> bool:
        return watcher.is_ready and [one.source.name for one in watcher.edition.unavailable] == [
            "late"
        ]

    await run(
        watcher,
        (nothing, unread),
        (arrive, lambda: titles(watcher) == ["Late", "First"]),
    )
    assert metric_value(read_at) > 0


async def test_refresh_requests_during_a_poll_cause_one_more_poll(sources: SourcesFixture) -> None:
    """Together."""
    looks: list[threading.Event] = []

    def open_index() -> SourceIndex:
        looks.append(threading.Event())
        if len(looks) == 1:
            assert looks[0].wait(10)
        raise RepositoryError("it is not there yet")

    watcher = sources.watcher(
        SourceReader(samples.source(), poll_seconds=3600, open_index=open_index)
    )

    def burst() -> None:
        for _ in range(5):
            watcher.refresh_now("news")
        looks[0].set()

    await run(
        watcher,
        (nothing, lambda: len(looks) == 1),
        (burst, lambda: len(looks) == 2),
        (nothing, lambda: watcher.is_ready),
        (lambda: watcher.refresh_now("news"), lambda: len(looks) >= 3),
    )
    assert len(looks) == 3


def test_refresh_of_an_unknown_source_is_an_error(sources: SourcesFixture) -> None:
    """The error names the known ones."""
    watcher = sources.watcher(sources.reader(), sources.reader("other"))
    with pytest.raises(UnknownName, match="'nothing'") as caught:
        watcher.refresh_now("nothing")
    assert caught.value.choices == ("news", "other")


def test_unreachable_remote_leaves_its_mirror_readable(
    sources: SourcesFixture, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Fetching fails, but the mirror is read."""
    source = samples.source()
    repository = sources.exit_stack.enter_context(
        Repository.open(content.path.as_uri(), ref="main", mirrors=tmp_path / "mirrors")
    )
    index = SourceIndex(source, repository, cache=Cache(None), vocabulary=Vocabulary())
    reader = SourceReader(source, poll_seconds=1, open_index=lambda: index)
    before = reader.poll()
    assert isinstance(before, SourceSnapshot)
    assert not before.error
    shutil.move(content.path, tmp_path / "away")
    after = reader.poll()
    assert isinstance(after, SourceSnapshot)
    assert after.posts == before.posts
    assert after.error
    assert after.error_code == "not-a-repository"


async def test_unexpected_error_affects_one_source(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """The source is unavailable and says why; the others are served."""
    assert content.head()

    def open_index() -> SourceIndex:
        raise ZeroDivisionError

    odd = SourceReader(samples.source("odd"), poll_seconds=60, open_index=open_index)
    watcher = sources.watcher(sources.reader(), odd)
    await run(watcher, (nothing, lambda: titles(watcher) == ["First"]))
    (unread,) = watcher.edition.unavailable
    assert unread.error == "source odd cannot be read: ZeroDivisionError"
    assert unread.error_code == "internal-error"
