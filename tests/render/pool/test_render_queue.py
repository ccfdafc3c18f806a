"""Which portion of posts is rendered next."""

import pytest

from syndicate.errors import SyndicateError
from syndicate.render.pool.render_queue import RenderBatch, RenderQueue, RenderTask
from tests.render.render_requests import render_request


def portion(*bodies: str) -> RenderBatch:
    """Return a portion of one request for each body."""
    return [RenderTask((render_request(body),)) for body in bodies]


def bodies(taken: tuple[str, RenderBatch] | None) -> list[str]:
    """Return the bodies of what was taken; none if nothing was."""
    return [each.body for request in (taken[1] if taken else ()) for each in request.requests]


def test_groups_take_turns() -> None:
    """The one with the fewest portions in work comes first, however much the others wait for."""
    queue = RenderQueue(3)
    for body in ("1", "2", "3"):
        queue.put("slow", portion(body))
    queue.put("other", portion("x"))
    taken = [queue.take() for _ in range(3)]
    assert [each and each[0] for each in taken] == ["slow", "other", "slow"]


def test_one_worker_more_is_for_a_group_that_has_none() -> None:
    """A group that has all workers gets no more; another gets the next at once."""
    queue = RenderQueue(2)
    for body in ("1", "2", "3"):
        queue.put("slow", portion(body))
    assert [bodies(queue.take()) for _ in range(3)] == [["3"], ["2"], []]
    queue.put("other", portion("x"))
    assert bodies(queue.take()) == ["x"]
    queue.done("slow")
    assert queue.take() is None
    queue.done("other")
    assert bodies(queue.take()) == ["1"]


def test_a_portion_that_failed_is_tried_again_last_and_one_by_one() -> None:
    """What has not failed yet goes first."""
    queue = RenderQueue(5)
    queue.put("news", portion("a", "b"))
    taken = queue.take()
    assert taken is not None
    queue.put("news", portion("c"))
    queue.retry(*taken)
    assert [bodies(queue.take()) for _ in range(4)] == [["c"], ["a"], ["b"], []]


def test_what_waits_in_a_closed_queue_fails() -> None:
    """What waited, what is put back, and nothing more is taken."""
    queue = RenderQueue(1)
    queue.put("news", waiting := portion("a"))
    queue.put("news", running := portion("b"))
    taken = queue.take()
    assert taken is not None
    queue.close()
    queue.retry(*taken)
    for request in (*waiting, *running):
        with pytest.raises(SyndicateError, match="stopping"):
            request.future.result(0)
    assert not queue.put("news", portion("c"))
    assert queue.take() is None
