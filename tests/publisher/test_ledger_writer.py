"""Telling an edition: what is written, what is silent, and who may."""

import asyncio
import pathlib
import shutil
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import StorageError
from syndicate.model.change import Change
from syndicate.model.edition import Edition
from syndicate.model.ledger import FIELD_NAMES, FieldName, PostEvent
from syndicate.publisher.ledger_writer import LedgerWriter
from syndicate.service.content_service import ContentService
from syndicate.storage.ledger import InSameTransaction
from tests.content_repository import ContentRepository
from tests.publisher.conftest import (
    FIRST,
    NOW,
    OTHER_SOURCE,
    SECOND,
    open_content_service,
    post_file,
)
from tests.stepwise_service import StepwiseService, sqlite_url, stepwise_service

Work = Callable[[StepwiseService], Awaitable[None]]


def within(newsroom: ContentService, folder: pathlib.Path, work: Work) -> None:
    """Do ``work`` in a bureau whose ledger in ``folder`` may have been told before."""

    async def do() -> None:
        async with stepwise_service(newsroom, sqlite_url(folder)) as office:
            await work(office)

    asyncio.run(do())


async def rows(office: StepwiseService) -> dict[str, tuple[str | None, bool, int]]:
    """Return (reason, live, generation) of each row, by the end of its address."""
    return {
        one.row.url.rpartition("-")[2]: (one.reason, one.row.is_live, one.row.generation)
        for one in (await office.ledger.entries()).values()
    }


class Ear:
    """Hears what is announced, and that it is written with the rows."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, PostEvent | None]] = []
        self.written: list[int] = []

    async def announce(self, changes: Sequence[Change], _: Edition) -> InSameTransaction:
        """Note what may have to be told."""
        self.heard += [
            (change.post.title if change.post else "", change.event_for()) for change in changes
        ]

        async def write(_: AsyncConnection, generation: int) -> None:
            self.written.append(generation)

        return write


def eared(office: StepwiseService) -> Ear:
    """Let somebody hear what ``office`` tells from now on."""
    ear = Ear()
    office.ledger_writer.prepare_events = ear.announce
    return ear


def test_the_first_start_is_a_baseline(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """Everything is written down, nobody is told; the same again is nothing to write."""

    async def work(office: StepwiseService) -> None:
        ear = eared(office)
        assert await office.publish()
        assert await office.publish()
        assert await rows(office) == {"first": ("new", True, 1)}
        assert (ear.heard, ear.written) == ([], [])
        assert (await office.ledger.end_cursor()).generation == 2

    within(content_service, tmp_path, work)


def test_a_baseline_of_nothing_is_one_too(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """The first post of a service that started without any is announced."""
    content.commit({FIRST: post_file("First", draft="true")})

    async def work(office: StepwiseService) -> None:
        ear = eared(office)
        await office.publish()
        content.commit({SECOND: post_file("Second")})
        await office.publish()
        assert ear.heard == [("Second", PostEvent(kind="post.published", reason="new"))]
        assert ear.written == [2]

    within(content_service, tmp_path, work)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (post_file("Better"), ("title",)),
        (post_file("First", "Other words."), ("summary", "words")),
        (post_file("First", "*Words.*"), ("markup",)),
        (post_file("First", permalink="/elsewhere-first"), ("url",)),
        (post_file("First", tags="[design]"), ("categories",)),
        (post_file("First", expires="2040-01-01"), ("expires",)),
        (post_file("First", readtime_str='"9"'), ()),
    ],
)
def test_an_edit_is_told_with_what_it_changed(
    content_service: ContentService,
    tmp_path: pathlib.Path,
    content: ContentRepository,
    text: str,
    changed: tuple[FieldName, ...],
) -> None:
    """Old and new are rendered and compared."""

    async def work(office: StepwiseService) -> None:
        await office.publish()
        ear = eared(office)
        content.commit({FIRST: text})
        await office.publish()
        ((_, telling),) = ear.heard
        assert telling == PostEvent(kind="post.updated", changed=changed)
        assert await rows(office) == {"first": (None, True, 2)}

    within(content_service, tmp_path, work)


def test_what_readers_cannot_see_is_silent(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Another file name or another way to write the same: noted, so that it is compared once."""

    async def work(office: StepwiseService) -> None:
        await office.publish()
        ear = eared(office)
        content.commit({FIRST: "---\ntitle:   'First'\n---\n\nWords.\n"})
        await office.publish()
        assert ear.written == []
        assert await rows(office) == {"first": ("new", True, 1)}
        (told,) = (await office.ledger.entries()).values()
        assert told.row.blob == office.edition.posts[0].blob
        assert not await again(office)

    async def again(office: StepwiseService) -> Sequence[str]:
        ear = eared(office)
        await office.new_ledger_writer().record(office.edition)
        return [title for title, _ in ear.heard]

    within(content_service, tmp_path, work)


def test_a_lost_past_counts_as_changed_in_all_parts(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """After a force-push and a collection of garbage nobody knows what it was."""

    async def work(office: StepwiseService) -> None:
        await office.publish()
        ear = eared(office)
        content.git("checkout", "-q", "--orphan", "new")
        content.git("branch", "-D", "main")
        content.git("symbolic-ref", "HEAD", "refs/heads/main")
        content.commit({FIRST: post_file("Anew")}, committed=NOW - timedelta(days=31))
        content.git("reflog", "expire", "--expire=now", "--all")
        content.git("gc", "-q", "--prune=now")
        await office.publish()
        assert [telling and telling.changed for _, telling in ear.heard] == [FIELD_NAMES]

    within(content_service, tmp_path, work)


def test_a_post_that_left_is_told_with_why(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """And told anew when it is back."""

    async def work(office: StepwiseService) -> None:
        await office.publish()
        content.commit({FIRST: post_file("First", published="false")})
        await office.publish()
        assert await rows(office) == {"first": ("unpublished", False, 2)}
        content.commit({FIRST: post_file("First", expires="2024-02-02")})
        await office.publish()
        assert await rows(office) == {"first": ("new", True, 3)}
        await office.publish(timedelta(days=3))
        assert await rows(office) == {"first": ("expired", False, 4)}

    within(content_service, tmp_path, work)


def test_a_source_taken_out_of_the_settings_is_told(
    tmp_path: pathlib.Path, content: ContentRepository, other: ContentRepository
) -> None:
    """While one that cannot be read is not."""

    async def start(office: StepwiseService) -> None:
        await office.publish()
        shutil.move(other.path, tmp_path / "away")
        assert await office.publish()
        assert len(await rows(office)) == 2

    async def without(office: StepwiseService) -> None:
        await office.publish()
        assert (await rows(office))["other"] == ("source_removed", False, 2)

    assert content.head()
    with open_content_service(tmp_path, OTHER_SOURCE) as newsroom:
        within(newsroom, tmp_path, start)
    with open_content_service(tmp_path) as newsroom:
        within(newsroom, tmp_path, without)


@pytest.mark.parametrize("has_git_ended", [False, True])
def test_a_source_that_breaks_while_it_is_compared_waits(
    tmp_path: pathlib.Path,
    content: ContentRepository,
    other: ContentRepository,
    *,
    has_git_ended: bool,
) -> None:
    """The others are told; it is compared again when it can be read."""

    async def work(office: StepwiseService) -> None:
        await office.publish()
        content.commit({FIRST: post_file("Better")})
        other.commit({"other/2023-11-08-other.md": post_file("Other", "New words.")})
        office.edition = newsroom.edition()
        shutil.move(other.path, tmp_path / "away")
        if has_git_ended:
            newsroom.index(office.edition.snapshot("other").source).repository.close()
        assert await office.ledger_writer.record(office.edition)
        assert await rows(office) == {"first": (None, True, 2), "other": ("new", True, 1)}
        shutil.move(tmp_path / "away", other.path)
        assert await office.ledger_writer.record(office.edition)
        assert (await rows(office))["other"] == (None, True, 3)

    with open_content_service(tmp_path, OTHER_SOURCE) as newsroom:
        within(newsroom, tmp_path, work)


def test_post_that_cannot_be_read_is_announced_when_it_can_be(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Its object is damaged after it was indexed; other posts are announced meanwhile."""

    async def work(office: StepwiseService) -> None:
        await office.publish()
        ear = eared(office)
        content.commit({FIRST: post_file("Better"), SECOND: post_file("Second")})
        office.edition = content_service.edition()
        blob = content.git("rev-parse", f"HEAD:{SECOND}").strip()
        found = content.path / ".git" / "objects" / blob[:2] / blob[2:]
        found.rename(tmp_path / "object")
        assert await office.ledger_writer.record(office.edition)
        assert [title for title, _ in ear.heard] == ["Better"]
        (tmp_path / "object").rename(found)
        assert await office.ledger_writer.record(office.edition)
        assert [title for title, _ in ear.heard] == ["Better", "Second"]

    within(content_service, tmp_path, work)


def test_one_teller_at_a_time(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Who loses the right knows nothing any more, and reads the ledger when it has it again."""

    async def work(office: StepwiseService) -> None:
        here, there = office.ledger_writer, office.new_ledger_writer("there")
        assert await office.publish()
        assert not await there.record(office.edition)
        await here.release_lease()
        content.commit({FIRST: post_file("Better")})
        office.edition = content_service.edition()
        assert await there.record(office.edition)
        assert not await here.record(office.edition)
        await there.release_lease()
        assert await here.record(office.edition)
        assert await rows(office) == {"first": (None, True, 2)}

    within(content_service, tmp_path, work)


def test_a_right_that_another_had_meanwhile_is_a_new_one(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Who slept while another told and left does not tell that again."""

    async def work(office: StepwiseService) -> None:
        here, there = office.ledger_writer, office.new_ledger_writer("there")
        assert await office.publish()
        content.commit({FIRST: post_file("Better")})
        office.edition = content_service.edition()
        there.clock = lambda: NOW + timedelta(minutes=1)
        assert await there.record(office.edition)
        await there.release_lease()
        assert await here.record(office.edition)
        assert await rows(office) == {"first": (None, True, 2)}

    within(content_service, tmp_path, work)


def test_a_right_that_is_lost_on_the_way_writes_nothing(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """As after a long sleep: the other process goes on."""

    async def work(office: StepwiseService) -> None:
        late = LedgerWriter(
            ledger=office.ledger,
            holder="late",
            renderer=content_service,
            clock=iter([NOW, NOW + timedelta(minutes=1)]).__next__,
        )
        assert not await late.record(office.edition)
        assert await rows(office) == {}
        assert content.head()

    within(content_service, tmp_path, work)


def test_a_database_that_fails_is_an_error(
    content_service: ContentService, tmp_path: pathlib.Path
) -> None:
    """Nothing is taken for told, so that it is told the next time."""

    async def work(office: StepwiseService) -> None:
        ear = eared(office)
        await office.publish()
        office.edition = content_service.edition(at=NOW - timedelta(days=365))

        async def fail(_: AsyncConnection, __: int) -> None:
            raise StorageError("the disk is full")

        async def failing(_: Sequence[Change], __: Edition) -> InSameTransaction:
            return fail

        office.ledger_writer.prepare_events = failing
        with pytest.raises(StorageError, match="disk is full"):
            await office.ledger_writer.record(office.edition)
        assert await rows(office) == {"first": ("new", True, 1)}
        office.ledger_writer.prepare_events = ear.announce
        assert await office.ledger_writer.record(office.edition)
        assert ear.written == [2]

    within(content_service, tmp_path, work)
