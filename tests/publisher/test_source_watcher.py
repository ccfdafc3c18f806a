"""Following sources: commits that are noticed, trouble that is reported, turns that are kept."""

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
from syndicate.publisher.file_watch import watch_folders
from syndicate.publisher.source_watcher import SourceReader, SourceWatcher
from syndicate.web.http.server import uvloop_runner
from tests import samples
from tests.content_repository import ContentRepository

POST = "---\ntitle: {}\n---\nWords.\n"
FIRST = "news/2023-11-06-first.md"


class Office:
    """Followers of repositories below a folder, and a clock to set."""

    def __init__(self, folder: pathlib.Path, closing: ExitStack) -> None:
        self.folder = folder
        self.closing = closing
        self.ahead = timedelta()
        self.accepted: set[CommitId] = set()

    def clock(self) -> datetime:
        """Return the time, as far ahead as somebody set it."""
        return datetime.now(UTC) + self.ahead

    def follower(self, name: str = "news", *, poll_seconds: float = 60) -> SourceReader:
        """Return a follower of the repository in the folder ``name``."""
        source = samples.source(name)

        def open_index() -> SourceIndex:
            repository = self.closing.enter_context(
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

        return SourceReader(source, poll_seconds=poll_seconds, open_index=open_index)

    def put_together(
        self, seen: Sequence[SourceSnapshot | UnavailableSource], _: Edition | None = None
    ) -> Edition:
        """Return the edition of now."""
        return Edition.build(
            (one for one in seen if isinstance(one, SourceSnapshot)),
            unavailable=(one for one in seen if isinstance(one, UnavailableSource)),
            at=self.clock(),
        )

    def publisher(
        self, *followers: SourceReader, prepare: Callable[[Edition], None] = lambda _: None
    ) -> SourceWatcher:
        """Return a publisher of ``followers``."""
        return SourceWatcher(
            followers, build_edition=self.put_together, clock=self.clock, prerender=prepare
        )


@pytest.fixture
def office(tmp_path: pathlib.Path) -> Iterator[Office]:
    """Return an office over the test's folder."""
    with ExitStack() as closing:
        yield Office(tmp_path, closing)


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of the source ``news`` with one post."""
    made = ContentRepository.create(tmp_path / "news")
    made.commit({FIRST: POST.format("First")})
    return made


def titles(publisher: SourceWatcher) -> list[str]:
    """Return the titles in service."""
    return [post.title for post in publisher.edition.posts] if publisher.is_ready else []


def run(publisher: SourceWatcher, *steps: tuple[Callable[[], object], Callable[[], bool]]) -> None:
    """Run ``publisher``; take each step and wait until its condition holds."""

    async def until_done() -> None:
        running = asyncio.create_task(publisher.run())
        try:
            for act, holds in steps:
                act()
                async with asyncio.timeout(10):
                    while not holds():  # noqa: ASYNC110 — what is waited for has no event
                        await asyncio.sleep(0.005)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(until_done())


def nothing() -> None:
    """Take no step: the condition comes true by itself."""


def test_there_is_no_edition_before_every_source_was_tried(office: Office) -> None:
    """The error says that it is a matter of a moment."""
    publisher = office.publisher(office.follower())
    assert not publisher.is_ready
    with pytest.raises(NotReady):
        _ = publisher.edition


def test_a_commit_is_noticed_without_being_asked_for(
    office: Office, content: ContentRepository
) -> None:
    """A local branch is watched: nobody waits for ``poll_seconds``."""
    publisher = office.publisher(office.follower(poll_seconds=3600))
    run(
        publisher,
        (nothing, lambda: titles(publisher) == ["First"]),
        (
            lambda: content.commit({FIRST: POST.format("Edited")}),
            lambda: titles(publisher) == ["Edited"],
        ),
    )


def test_many_sources_are_glanced_at_less_often_each(office: Office) -> None:
    """A hundred sources together do not take more of the loop than ten do."""
    glances = 0

    class Counted(SourceReader):
        @override
        def fingerprint(self) -> Hashable:
            nonlocal glances
            glances += 1
            return None

    def unread() -> SourceIndex:
        raise RepositoryError("nothing is there", code="no-repository")

    followers = [
        Counted(samples.source(f"s{n}"), poll_seconds=60, open_index=unread) for n in range(100)
    ]

    async def watch() -> None:
        publisher = office.publisher(*followers)
        running = asyncio.create_task(publisher.run())
        await publisher.next_edition()
        before = glances
        await asyncio.sleep(1)
        running.cancel()
        await asyncio.wait([running])
        assert 0 < glances - before < 500

    asyncio.run(watch())


def test_a_branch_is_watched_where_the_loop_can(office: Office, content: ContentRepository) -> None:
    """What changes beside it wakes for nothing, and what is not there is not watched."""
    stirs: list[int] = []

    async def work() -> None:
        follower = office.follower()
        follower.poll()
        missing, odd = f"{office.folder}/missing", os.fsdecode(b"caf\xe9")
        with watch_folders((missing, odd, *follower.watched_folders()), lambda: stirs.append(1)):
            content.commit({FIRST: POST.format("Edited")})
            while not stirs:  # noqa: ASYNC110 — what is waited for has no event
                await asyncio.sleep(0.005)
        stirs.clear()
        content.commit({FIRST: POST.format("Edited again")})
        await asyncio.sleep(0.05)

    assert office.follower().watched_folders() == ()
    with uvloop_runner() as loop:
        loop.run(work())
    assert stirs == []


def test_an_edition_is_prepared_before_it_is_in_service(
    office: Office, content: ContentRepository
) -> None:
    """Meanwhile readers get the one before; but not for long, and trouble keeps no edition.

    While one is still being prepared, the next ones are not: threads do not pile up.
    """
    prepared: list[str] = []
    going_on = threading.Event()

    def prepare(edition: Edition) -> None:
        prepared.append(edition.posts[0].title)
        if len(prepared) == 2:
            raise ZeroDivisionError
        assert going_on.wait(10)

    publisher = office.publisher(office.follower(), prepare=prepare)

    def edit(title: str) -> Callable[[], object]:
        return lambda: content.commit({FIRST: POST.format(title)})

    run(
        publisher,
        (nothing, lambda: prepared == ["First"] and not publisher.is_ready),
        (going_on.set, lambda: titles(publisher) == ["First"]),
        (edit("Troubled"), lambda: titles(publisher) == ["Troubled"]),
        (going_on.clear, lambda: True),
        (edit("Slow"), lambda: titles(publisher) == ["Slow"] and not going_on.is_set()),
        (edit("Next"), lambda: titles(publisher) == ["Next"] and not going_on.is_set()),
        (going_on.set, lambda: True),
        (edit("Last"), lambda: titles(publisher) == ["Last"]),
    )
    assert [title for title in prepared if title != "Last"] == ["First", "Troubled", "Slow"]


def test_a_post_of_the_future_appears_by_itself(office: Office, content: ContentRepository) -> None:
    """And an expiring one vanishes; no commit is needed."""
    soon = datetime.now(UTC) + timedelta(seconds=1)
    later = soon + timedelta(seconds=1)
    text = (
        f"---\ntitle: Brief\ndate: {soon.isoformat()}\nexpires: {later.isoformat()}\n---\nWords.\n"
    )
    content.commit(
        {FIRST: None, "news/brief.md": text, "news/2020-01-01-old.md": POST.format("Old")}
    )
    publisher = office.publisher(office.follower())
    run(
        publisher,
        (nothing, lambda: titles(publisher) == ["Old"]),
        (nothing, lambda: titles(publisher) == ["Brief", "Old"]),
    )


def test_a_source_that_breaks_keeps_its_last_good_part(
    office: Office, content: ContentRepository
) -> None:
    """The reason is told, the other source goes on, and healing needs nobody."""
    other = ContentRepository.create(office.folder / "other")
    other.commit({"other/2023-11-07-x.md": POST.format("Other")})
    publisher = office.publisher(office.follower(), office.follower("other", poll_seconds=0.05))
    away = office.folder / "away"

    def failing() -> str:
        return publisher.edition.snapshot("other").error

    run(
        publisher,
        (nothing, lambda: titles(publisher) == ["Other", "First"]),
        (lambda: shutil.move(other.path, away), lambda: bool(failing())),
        (
            lambda: content.commit({FIRST: POST.format("Edited")}),
            lambda: titles(publisher) == ["Other", "Edited"],
        ),
        (lambda: shutil.move(away, other.path), lambda: not failing()),
    )


def test_an_accepted_removal_is_noticed(office: Office, content: ContentRepository) -> None:
    """Without a commit, and without a restart."""
    publisher = office.publisher(office.follower())

    def failing() -> str:
        return publisher.edition.snapshot("news").error

    run(
        publisher,
        (nothing, lambda: titles(publisher) == ["First"]),
        (lambda: content.commit({FIRST: None}), lambda: bool(failing())),
        (lambda: office.accepted.add(CommitId(content.head())), lambda: not failing()),
    )
    assert titles(publisher) == []


def test_a_source_that_was_never_read_is_unread(office: Office, content: ContentRepository) -> None:
    """It is tried again, and at once when somebody asks for it."""
    assert content.head()
    publisher = office.publisher(office.follower(), office.follower("late", poll_seconds=3600))

    def arrive() -> None:
        late = ContentRepository.create(office.folder / "late")
        late.commit({"late/2023-11-08-x.md": POST.format("Late")})
        publisher.refresh_now("late")

    def unread() -> bool:
        return publisher.is_ready and [
            one.source.name for one in publisher.edition.unavailable
        ] == ["late"]

    run(
        publisher,
        (nothing, unread),
        (arrive, lambda: titles(publisher) == ["Late", "First"]),
    )


def test_a_burst_of_asking_is_one_more_look(office: Office) -> None:
    """Whoever asks while a look is under way is served by the one after it, together."""
    looks: list[threading.Event] = []

    def open_index() -> SourceIndex:
        looks.append(threading.Event())
        if len(looks) == 1:
            assert looks[0].wait(10)
        raise RepositoryError("it is not there yet")

    publisher = office.publisher(
        SourceReader(samples.source(), poll_seconds=3600, open_index=open_index)
    )

    def burst() -> None:
        for _ in range(5):
            publisher.refresh_now("news")
        looks[0].set()

    run(
        publisher,
        (nothing, lambda: len(looks) == 1),
        (burst, lambda: len(looks) == 2),
        (nothing, lambda: publisher.is_ready),
        (lambda: publisher.refresh_now("news"), lambda: len(looks) >= 3),
    )
    assert len(looks) == 3


def test_nobody_can_ask_for_a_source_that_is_not_followed(office: Office) -> None:
    """The error names those that are."""
    publisher = office.publisher(office.follower(), office.follower("other"))
    with pytest.raises(UnknownName, match="'nothing'") as caught:
        publisher.refresh_now("nothing")
    assert caught.value.choices == ("news", "other")


def test_a_remote_that_cannot_be_reached_leaves_what_was_mirrored(
    office: Office, content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Fetching fails, but the mirror is still there to be read."""
    source = samples.source()
    repository = office.closing.enter_context(
        Repository.open(content.path.as_uri(), ref="main", mirrors=tmp_path / "mirrors")
    )
    index = SourceIndex(source, repository, cache=Cache(None), vocabulary=Vocabulary())
    follower = SourceReader(source, poll_seconds=1, open_index=lambda: index)
    before = follower.poll()
    assert isinstance(before, SourceSnapshot)
    assert not before.error
    shutil.move(content.path, tmp_path / "away")
    after = follower.poll()
    assert isinstance(after, SourceSnapshot)
    assert after.posts == before.posts
    assert after.error
    assert after.error_code == "not-a-repository"


def test_an_error_nobody_thought_of_is_the_trouble_of_one_source(
    office: Office, content: ContentRepository
) -> None:
    """The source is unread and says so; the others are served."""
    assert content.head()

    def open_index() -> SourceIndex:
        raise ZeroDivisionError

    odd = SourceReader(samples.source("odd"), poll_seconds=60, open_index=open_index)
    publisher = office.publisher(office.follower(), odd)
    run(publisher, (nothing, lambda: titles(publisher) == ["First"]))
    (unread,) = publisher.edition.unavailable
    assert unread.error == "source odd cannot be read: ZeroDivisionError"
    assert unread.error_code == "internal-error"
