"""The queue is fair between groups."""

import pytest

from syndicate.errors import SyndicateError
from syndicate.render.pool.render_queue import RenderBatch, RenderQueue, RenderTask
from tests.metric_samples import metric_value
from tests.render.render_requests import render_request


def batch(*bodies: str) -> RenderBatch:
    """Return a batch with one request for each body."""
    return [RenderTask((render_request(body),)) for body in bodies]


def bodies(taken: tuple[str, RenderBatch] | None) -> list[str]:
    """Return the bodies of the taken batch."""
    return [each.body for request in (taken[1] if taken else ()) for each in request.requests]


def test_queue_is_fair_between_groups() -> None:
    """The group with the fewest running batches comes first."""
    queue = RenderQueue(3)
    for body in ("1", "2", "3"):
        queue.put("slow", batch(body))
    queue.put("other", batch("x"))
    taken = [queue.take() for _ in range(3)]
    assert [each and each[0] for each in taken] == ["slow", "other", "slow"]


def test_extra_worker_is_reserved_for_a_group_without_one() -> None:
    """A group that uses all workers gets no more."""
    queue = RenderQueue(2)
    for body in ("1", "2", "3"):
        queue.put("slow", batch(body))
    assert [bodies(queue.take()) for _ in range(3)] == [["3"], ["2"], []]
    queue.put("other", batch("x"))
    assert bodies(queue.take()) == ["x"]
    queue.done("slow")
    assert queue.take() is None
    queue.done("other")
    assert bodies(queue.take()) == ["1"]


def test_failed_batch_is_retried_last_and_one_by_one() -> None:
    """New batches come first."""
    queue = RenderQueue(5)
    queue.put("news", batch("a", "b"))
    taken = queue.take()
    assert taken is not None
    queue.put("news", batch("c"))
    queue.retry(*taken)
    assert [bodies(queue.take()) for _ in range(4)] == [["c"], ["a"], ["b"], []]


def test_posts_that_wait_are_counted() -> None:
    """Until a worker takes them or the queue is closed."""
    before = metric_value("syndicate_render_queue_posts")

    def waiting() -> float:
        return metric_value("syndicate_render_queue_posts") - before

    queue = RenderQueue(5)
    queue.put("news", batch("a", "b"))
    queue.put("news", batch("c"))
    assert waiting() == 3
    queue.take()
    taken = queue.take()
    assert waiting() == 0
    assert taken is not None
    queue.retry(*taken)
    assert waiting() == 2
    queue.close()
    assert waiting() == 0


def test_closing_the_queue_fails_its_batches() -> None:
    """Queued and retried ones, and nothing more is accepted."""
    queue = RenderQueue(1)
    queue.put("news", waiting := batch("a"))
    queue.put("news", running := batch("b"))
    taken = queue.take()
    assert taken is not None
    queue.close()
    queue.retry(*taken)
    for request in (*waiting, *running):
        with pytest.raises(SyndicateError, match="stopping"):
            request.future.result(0)
    assert not queue.put("news", batch("c"))
    assert queue.take() is None
