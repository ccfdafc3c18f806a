"""Withdrawals: which posts a snapshot lacks, how long, and what that does to the dates of feeds."""

import json
import pathlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from syndicate.content.withdrawn_posts import WithdrawnPosts
from syndicate.errors import Conflict, StorageError, UnknownName
from syndicate.git import Repository
from syndicate.model.departure import Departure, latest_departure
from syndicate.model.edition import SourceSnapshot, UnavailableSource
from syndicate.model.post import CommitId, Post
from syndicate.model.post_list import sort_key
from syndicate.model.selection import Selection
from syndicate.private_files import StateFile
from tests import samples
from tests.content_repository import ContentRepository

FIRST, SECOND = samples.posts(2)
COMMIT: Final = samples.COMMIT
HOUR: Final = timedelta(hours=1)
EVERYTHING: Final = Selection()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return the file of the withdrawals."""
    return tmp_path / "var" / "withdrawn.json"


@pytest.fixture
def withdrawn(file: pathlib.Path, clock: Clock) -> WithdrawnPosts:
    """Return what is withdrawn: nothing."""
    return WithdrawnPosts(StateFile(file), clock)


def snapshot(*posts: Post, departures: tuple[Departure, ...] = ()) -> SourceSnapshot:
    """Return the source ``news`` with ``posts``."""
    snapshot = samples.source_snapshot(None, departures=departures)
    return replace(snapshot, posts=sorted(posts, key=sort_key))


def test_withdrawn_post_is_hidden_with_a_reason(
    withdrawn: WithdrawnPosts, file: pathlib.Path, clock: Clock
) -> None:
    """Another process sees that, too; other posts and sources stay as they are."""
    other = samples.source_snapshot(samples.source("other"))
    withdrawn.withdraw(FIRST, COMMIT)
    for process in (withdrawn, WithdrawnPosts(StateFile(file), clock)):
        applied = process.apply(snapshot(FIRST, SECOND))
        assert list(applied.posts) == [SECOND]
        (hidden,) = applied.hidden
        assert hidden.path == FIRST.path
        assert hidden.reason == "withdrawn by the operator on 2026-03-01 12:00 UTC"
        assert applied.withdrawn == clock.now
        assert applied.withdrawn_ids == {FIRST.id}
        assert process.apply(other) is other


def test_withdrawn_post_of_an_unread_source_is_known(withdrawn: WithdrawnPosts) -> None:
    """Until it is restored."""
    unread = UnavailableSource(source=snapshot().source, error="lost")
    assert withdrawn.apply_unread(unread) is unread
    withdrawal = withdrawn.withdraw(FIRST, COMMIT)
    assert withdrawn.apply_unread(unread).withdrawn_ids == {FIRST.id}
    withdrawn.restore(withdrawal.key)
    assert withdrawn.apply_unread(unread) is unread


def test_restored_post_is_back(withdrawn: WithdrawnPosts, clock: Clock) -> None:
    """Caches may store the feeds again."""
    withdrawn.withdraw(FIRST, COMMIT)
    clock.now += HOUR
    withdrawn.restore(FIRST.key)
    applied = withdrawn.apply(snapshot(FIRST, SECOND))
    assert set(applied.posts) == {FIRST, SECOND}
    assert (applied.hidden, applied.withdrawn) == ((), None)


def test_dates_of_feeds_never_go_back(withdrawn: WithdrawnPosts, clock: Clock) -> None:
    """Neither by a withdrawal nor by its end; other feeds keep their dates."""
    removed = Departure(at=clock.now - HOUR, before=withdrawn.withdraw(SECOND, COMMIT).attributes)
    withdrawn.restore(SECOND.key)
    times = []
    steps: tuple[Callable[[], object], ...] = (
        lambda: withdrawn.withdraw(FIRST, COMMIT),
        lambda: withdrawn.restore(FIRST.key),
    )
    for step in steps:
        clock.now += HOUR
        step()
        applied = withdrawn.apply(snapshot(FIRST, SECOND, departures=(removed,)))
        times.append(latest_departure(applied.departures, EVERYTHING))
        elsewhere = Selection.create(sources=["other"])
        assert latest_departure(applied.departures, elsewhere) is None
    assert times == [clock.now - HOUR, clock.now]


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository with the files of both posts."""
    repository = ContentRepository.create(tmp_path / "content")
    repository.commit({FIRST.path: "First", SECOND.path: "Second"})
    return repository


@pytest.fixture
def repository(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[Repository]:
    """Return the same repository, opened."""
    with Repository.open(
        str(content.path), ref="main", mirrors=tmp_path / "mirrors", source_name="news"
    ) as opened:
        yield opened


def head(content: ContentRepository, *posts: Post) -> SourceSnapshot:
    """Return the source at the head of the repository, with ``posts``."""
    return replace(snapshot(*posts), commit=CommitId(content.head()))


def test_commit_that_removes_the_file_ends_a_withdrawal(
    withdrawn: WithdrawnPosts, content: ContentRepository, repository: Repository
) -> None:
    """A later commit publishes the post again; caches may have it for a while."""
    withdrawn.withdraw(FIRST, CommitId(content.head()))
    content.commit({FIRST.path: None})
    withdrawn.end_removed(head(content, SECOND), repository)
    applied = withdrawn.apply(snapshot(FIRST, SECOND))
    assert set(applied.posts) == {FIRST, SECOND}
    assert applied.withdrawn is not None


def test_other_absence_ends_no_withdrawal(
    withdrawn: WithdrawnPosts, content: ContentRepository, repository: Repository
) -> None:
    """A draft, other settings, or a branch that was reset to a commit before the post."""
    before = CommitId(content.commit({"news/other.md": "Other"}))
    content.git("checkout", "--quiet", "--orphan", "beginning")
    content.git("rm", "--quiet", "-r", "--force", ".")
    content.git("commit", "--quiet", "--allow-empty", "--message", "Begin")
    beginning = CommitId(content.git("rev-parse", "HEAD").strip())
    withdrawn.withdraw(FIRST, before)
    withdrawn.end_removed(replace(snapshot(SECOND), commit=before), repository)
    withdrawn.end_removed(replace(snapshot(), commit=beginning), repository)
    withdrawn.end_removed(replace(snapshot(FIRST), commit=before), repository)
    assert set(withdrawn.apply(snapshot(FIRST, SECOND)).posts) == {SECOND}


def test_post_is_withdrawn_once(withdrawn: WithdrawnPosts) -> None:
    """And restored once; both errors say what there is."""
    withdrawn.require_not_withdrawn(FIRST.key)
    withdrawn.withdraw(FIRST, COMMIT)
    with pytest.raises(Conflict, match="withdrawn already"):
        withdrawn.withdraw(FIRST, COMMIT)
    with pytest.raises(Conflict, match="withdrawn already"):
        withdrawn.require_not_withdrawn(FIRST.key)
    with pytest.raises(UnknownName) as caught:
        withdrawn.restore(SECOND.key)
    assert caught.value.choices == (FIRST.key,)


@pytest.mark.parametrize("text", ["{", '{"withdrawals": [{}]}', '{"withdrawals": 1}'])
def test_unreadable_file_withdraws_what_was_withdrawn_before(
    withdrawn: WithdrawnPosts, file: pathlib.Path, text: str
) -> None:
    """The file is not overwritten."""
    withdrawn.withdraw(FIRST, COMMIT)
    assert len(withdrawn.apply(snapshot(FIRST)).hidden) == 1
    file.write_text(text)
    assert len(withdrawn.apply(snapshot(FIRST)).hidden) == 1
    with pytest.raises(StorageError, match="cannot be read"):
        withdrawn.withdraw(SECOND, COMMIT)
    assert file.read_text() == text


def test_end_that_cannot_be_stored_is_stored_later(
    withdrawn: WithdrawnPosts,
    file: pathlib.Path,
    content: ContentRepository,
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The source is served meanwhile."""
    withdrawn.withdraw(FIRST, CommitId(content.head()))
    content.commit({FIRST.path: None})
    obstacle = file.with_name(f"{file.name}.new")
    obstacle.mkdir()
    withdrawn.end_removed(head(content, SECOND), repository)
    assert "withdrawals not stored" in capsys.readouterr().err
    obstacle.rmdir()
    withdrawn.end_removed(head(content, SECOND), repository)
    (stored,) = json.loads(file.read_text())["withdrawals"]
    assert stored["ended"]
    assert not stored["restored"]
