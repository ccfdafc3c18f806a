"""Withdrawals: which posts a snapshot lacks, how long, and what that does to the dates of feeds."""

import json
import pathlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from syndicate.content.withdrawn_posts import WithdrawnPosts
from syndicate.errors import Conflict, StorageError, UnknownName
from syndicate.model.departure import Departure, latest_departure
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import Post
from syndicate.model.post_list import sort_key
from syndicate.model.selection import Selection
from syndicate.private_files import StateFile
from tests import samples

FIRST, SECOND = samples.posts(2)
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
    withdrawn.withdraw(FIRST)
    for process in (withdrawn, WithdrawnPosts(StateFile(file), clock)):
        applied = process.apply(snapshot(FIRST, SECOND))
        assert list(applied.posts) == [SECOND]
        (hidden,) = applied.hidden
        assert hidden.path == FIRST.path
        assert hidden.reason == "withdrawn by the operator on 2026-03-01 12:00 UTC"
        assert applied.withdrawn == clock.now
        assert process.apply(other) is other


def test_restored_post_is_back(withdrawn: WithdrawnPosts, clock: Clock) -> None:
    """Caches may store the feeds again."""
    withdrawn.withdraw(FIRST)
    clock.now += HOUR
    withdrawn.restore(FIRST.key)
    applied = withdrawn.apply(snapshot(FIRST, SECOND))
    assert set(applied.posts) == {FIRST, SECOND}
    assert (applied.hidden, applied.withdrawn) == ((), None)


def test_dates_of_feeds_never_go_back(withdrawn: WithdrawnPosts, clock: Clock) -> None:
    """Neither by a withdrawal nor by its end; other feeds keep their dates."""
    removed = Departure(at=clock.now - HOUR, before=withdrawn.withdraw(SECOND).attributes)
    withdrawn.restore(SECOND.key)
    times = []
    for step in (withdrawn.withdraw, lambda post: withdrawn.restore(post.key)):
        clock.now += HOUR
        step(FIRST)
        applied = withdrawn.apply(snapshot(FIRST, SECOND, departures=(removed,)))
        times.append(latest_departure(applied.departures, EVERYTHING))
        elsewhere = Selection.create(sources=["other"])
        assert latest_departure(applied.departures, elsewhere) is None
    assert times == [clock.now - HOUR, clock.now]


def test_removal_in_git_ends_a_withdrawal(withdrawn: WithdrawnPosts) -> None:
    """A later commit publishes the post again."""
    withdrawn.withdraw(FIRST)
    assert withdrawn.apply(snapshot(SECOND)).hidden == ()
    assert set(withdrawn.apply(snapshot(FIRST, SECOND)).posts) == {FIRST, SECOND}


def test_post_is_withdrawn_once(withdrawn: WithdrawnPosts) -> None:
    """And restored once; both errors say what there is."""
    withdrawn.require_not_withdrawn(FIRST.key)
    withdrawn.withdraw(FIRST)
    with pytest.raises(Conflict, match="withdrawn already"):
        withdrawn.withdraw(FIRST)
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
    withdrawn.withdraw(FIRST)
    assert len(withdrawn.apply(snapshot(FIRST)).hidden) == 1
    file.write_text(text)
    assert len(withdrawn.apply(snapshot(FIRST)).hidden) == 1
    with pytest.raises(StorageError, match="cannot be read"):
        withdrawn.withdraw(SECOND)
    assert file.read_text() == text


def test_end_that_cannot_be_stored_is_stored_later(
    withdrawn: WithdrawnPosts, file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The source is served meanwhile."""
    withdrawn.withdraw(FIRST)
    obstacle = file.with_name(f"{file.name}.new")
    obstacle.mkdir()
    assert list(withdrawn.apply(snapshot(SECOND)).posts) == [SECOND]
    assert "withdrawals not stored" in capsys.readouterr().err
    obstacle.rmdir()
    withdrawn.apply(snapshot(SECOND))
    (stored,) = json.loads(file.read_text())["withdrawals"]
    assert stored["ended"]
