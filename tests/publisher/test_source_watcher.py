"""Watching sources: commits, errors, and posts that appear on time."""

import asyncio
import os
import pathlib
import shutil
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from typing_extensions import override

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.errors import NotReady, RepositoryError, UnknownName
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import Edition, SourceSnapshot, UnavailableSource
from syndicate.model.post import CommitId
from syndicate.publisher import source_watcher
from syndicate.publisher.source_watcher import SourceReader, SourceWatcher, watch_folders
from syndicate.web.http.server import uvloop_runner
from tests import samples
from tests.content_repository import ContentRepository
from tests.metric_samples import metric_value

POST = "---\ntitle: {}\n---\nWords.\n"
FIRST = "news/2023-11-06-first.md"


class SourcesFixture:
    """Source readers of repositories below a folder, and a clock to set."""

    def __init__(self, folder: pathlib.Path, exit_stack: ExitStack) -> None:
        self.folder = folder
        self.exit_stack = exit_stack
        self.ahead = timedelta()
        self.accepted: set[CommitId] = set()

    def clock(self) -> datetime:
        """Return the time, moved by ``ahead``."""
        return datetime.now(UTC) + self.ahead

    def reader(
        self,
        name: str = "news",
        *,
        poll_seconds: float = 60,
        kind: type[SourceReader] = SourceReader,
    ) -> SourceReader:
        """Return a reader of the repository in the folder ``name``."""
        source = samples.source(name)

        def open_index() -> SourceIndex:
            repository = self.exit_stack.enter_context(
                Repository.open(
                    str(self.folder / name),
                    ref="main",
                    mirrors=self.folder / "mirrors",
                    source_name=name,
                )
            )
            return SourceIndex(
                source,
                repository,
                cache=Cache(None),
                vocabulary=Vocabulary(),
                accepted=lambda: frozenset(self.accepted),
            )

        return kind(source, poll_seconds=poll_seconds, open_index=open_index)

    def build_edition(
        self, snapshots: Sequence[SourceSnapshot | UnavailableSource], _: Edition | None = None
    ) -> Edition:
        """Return the edition of now."""
        return Edition.build(
            (snapshot for snapshot in snapshots if isinstance(snapshot, SourceSnapshot)),
            unavailable=(source for source in snapshots if isinstance(source, UnavailableSource)),
            at=self.clock(),
        )

    def watcher(
        self, *readers: SourceReader, prerender: Callable[[Edition], None] = lambda _: None
    ) -> SourceWatcher:
        """Return a watcher of ``readers``."""
        return SourceWatcher(
            readers, build_edition=self.build_edition, clock=self.clock, prerender=prerender
        )


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


def titles(watcher: SourceWatcher) -> list[str]:
    """Return the titles of the posts in service."""
    return [post.title for post in watcher.edition.posts] if watcher.is_ready else []


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


def test_folders_are_watched_where_the_loop_supports_it(
    sources: SourcesFixture, content: ContentRepository
) -> None:
    """Changes elsewhere do not wake it; of a missing folder, the one that gets it is watched."""
    stirs: list[int] = []

    async def work() -> None:
        reader = sources.reader()
        reader.poll()
        with watch_folders(reader.watched_folders(), lambda: stirs.append(1)) as is_watched:
            assert is_watched
            content.commit({FIRST: POST.format("Edited")})
            await until(lambda: bool(stirs))
        stirs.clear()
        content.commit({FIRST: POST.format("Edited again")})
        await asyncio.sleep(0.05)
        assert stirs == []
        missing = sources.folder / "missing"
        with watch_folders((f"{missing}/inside",), lambda: stirs.append(1)) as is_watched:
            assert is_watched
            missing.mkdir()
            await until(lambda: bool(stirs))

    assert sources.reader().watched_folders() == ()
    with uvloop_runner() as loop:
        loop.run(work())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 — what is waited for has no event
            await asyncio.sleep(0.005)


def test_folders_that_cannot_be_watched_are_reported(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that are no UTF-8, folders that vanish, and event loops that watch nothing."""
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    odd.mkdir()

    async def is_watched(*folders: str) -> bool:
        with watch_folders(folders, lambda: None) as watched:
            return watched

    with uvloop_runner() as loop:
        assert not loop.run(is_watched(str(tmp_path), str(odd)))
        assert loop.run(is_watched("missing", str(tmp_path)))
        with monkeypatch.context() as patch:
            patch.setattr(source_watcher, "_existing_folder", lambda folder: folder)
            assert not loop.run(is_watched(str(tmp_path), f"{tmp_path}/gone-meanwhile"))
    assert not asyncio.run(is_watched(str(tmp_path)))


def test_watched_branches_are_checked_seldom(
    sources: SourcesFixture, content: ContentRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit is served all the same, and a refresh that is asked for is done."""
    checks = polls = 0

    class Counted(SourceReader):
        @override
        def fingerprint(self) -> Hashable:
            nonlocal checks
            checks += 1
            return super().fingerprint()

        @override
        def poll(self) -> SourceSnapshot | UnavailableSource:
            nonlocal polls
            polls += 1
            return super().poll()

    async def work() -> None:
        watcher = sources.watcher(sources.reader(kind=Counted))
        running = asyncio.create_task(watcher.run())
        first = await watcher.next_edition()
        await asyncio.sleep(0.5)
        assert checks < 10
        content.commit({FIRST: POST.format("Edited")})
        async with asyncio.timeout(20):
            await watcher.next_edition(first)
        before = polls
        watcher.refresh_now("news")
        await until(lambda: polls > before)
        running.cancel()
        await asyncio.wait([running])

    monkeypatch.setattr(source_watcher, "_CHECK_SECONDS", 60.0)
    with uvloop_runner() as loop:
        loop.run(work())


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
