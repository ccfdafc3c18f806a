"""The queue of the render pool, fair between groups of requests."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from syndicate import telemetry
from syndicate.errors import SyndicateError
from syndicate.render.messages import RenderRequest, RenderResult


@dataclass(frozen=True, slots=True)
class RenderTask:
    """The requests of one post, and the future of their results."""

    requests: tuple[RenderRequest, ...]
    future: Future[tuple[RenderResult, ...]] = field(default_factory=Future)


RenderBatch = Sequence[RenderTask]
"""Tasks that are sent to a worker together."""


@dataclass(slots=True)
class _Group:
    """What waits of one group: new portions, and requests of portions that failed."""

    new: list[RenderBatch] = field(default_factory=list)
    retried: deque[RenderBatch] = field(default_factory=deque)
    running: int = 0

    def pop(self) -> RenderBatch:
        """Remove and return the newest batch; batches that failed come last.

        The newest batch is what a reader waits for now. A batch that failed may hold a slow post.
        """
        return self.new.pop() if self.new else self.retried.popleft()

    @property
    def has_work(self) -> bool:
        return bool(self.new or self.retried)


class RenderQueue:
    """A thread-safe queue of batches, fair between groups.

    One group may use all ``workers`` of a pool. One worker more is available to a group that has
    none.
    """

    def __init__(self, workers: int) -> None:
        self._workers: Final = workers
        self._lock: Final = threading.Lock()
        self._groups: Final[dict[str, _Group]] = {}
        """Groups with work, the least recently served one first."""
        self._is_closed = False

    def put(self, group: str, batch: RenderBatch) -> bool:
        """Add a batch of ``group``; return False if the queue is closed."""
        with self._lock:
            if not self._is_closed:
                self._groups.setdefault(group, _Group()).new.append(batch)
                telemetry.render_queue_posts.inc(len(batch))
            return not self._is_closed

    def retry(self, group: str, batch: RenderBatch) -> None:
        """Add the tasks of a failed batch one by one, behind all batches of the group."""
        with self._lock:
            if not self._is_closed:
                self._groups[group].retried.extend([task] for task in batch)
                telemetry.render_queue_posts.inc(len(batch))
                return
        _fail(batch)

    def take(self) -> tuple[str, RenderBatch] | None:
        """Return the next batch and its group, None if none is due; call `done` afterwards."""
        with self._lock:
            due = [name for name, group in self._groups.items() if group.has_work]
            if sum(group.running for group in self._groups.values()) >= self._workers:
                due = [name for name in due if not self._groups[name].running]
            if not due:
                return None
            name = min(due, key=lambda name: self._groups[name].running)
            group = self._groups[name] = self._groups.pop(name)
            group.running += 1
            batch = group.pop()
            telemetry.render_queue_posts.dec(len(batch))
            return name, batch

    def done(self, name: str) -> None:
        """Record that a batch of the group ``name`` is finished."""
        with self._lock:
            group = self._groups[name]
            group.running -= 1
            if not group.running and not group.has_work:
                del self._groups[name]

    def close(self) -> None:
        """Accept no more batches, and fail those in the queue."""
        with self._lock:
            self._is_closed = True
            waiting: list[RenderBatch] = []
            for group in self._groups.values():
                waiting += [*group.new, *group.retried]
                group.new.clear()
                group.retried.clear()
        for batch in waiting:
            telemetry.render_queue_posts.dec(len(batch))
            _fail(batch)


def pool_closed_error() -> SyndicateError:
    """Return the error for requests to a closed pool."""
    return SyndicateError("posts cannot be rendered: the service is stopping")


def _fail(batch: RenderBatch) -> None:
    for task in batch:
        task.future.set_exception(pool_closed_error())
