"""Rendering in processes that can be ended."""

from collections.abc import Iterator

import pytest

from syndicate.errors import SyndicateError
from syndicate.render.body import Job, render
from syndicate.render.workroom import Workroom

SLOW = "[[x]" * 100_000


def job(body: str) -> Job:
    """Return a job as the index makes them."""
    return Job(
        body=body,
        first_line=5,
        page_url="https://agency.example.gov/a/",
        site_url="https://agency.example.gov",
        key="k1",
    )


@pytest.fixture(name="workroom")
def _workroom() -> Iterator[Workroom]:
    room = Workroom(processes=2, seconds=0.5)
    yield room
    room.close()


def test_a_workroom_renders_as_anybody_does_and_in_order(workroom: Workroom) -> None:
    """The answers are those of `render`, in the order of the jobs."""
    jobs = [job(f"post *{number}*") for number in range(20)]
    assert workroom.render(jobs) == [render(each) for each in jobs]


def test_a_post_that_takes_too_long_is_cut_off_and_the_others_are_not(workroom: Workroom) -> None:
    """A slow post costs its worker's life; it comes back cut off, with an error, the rest whole."""
    slow, *others = workroom.render([job(SLOW), *[job("fine")] * 5])
    assert [(note.level, note.rule) for note in slow.notes] == [("error", "too-slow")]
    assert slow.content
    assert {each.content for each in others} == {"<p>fine</p>"}


def test_a_closed_workroom_says_so() -> None:
    """Whoever comes too late gets an error of ours."""
    room = Workroom(processes=1)
    room.close()
    with pytest.raises(SyndicateError, match="stopping"):
        room.render([job("late")])
