"""The queue in front of the worker processes: which portion of posts is rendered next."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from syndicate.errors import SyndicateError
from syndicate.render.messages import RenderRequest, RenderResult


@dataclass(frozen=True, slots=True)
class RenderTask:
    """The jobs of one post, and the future of what they are rendered to."""

    requests: tuple[RenderRequest, ...]
    future: Future[tuple[RenderResult, ...]] = field(default_factory=Future)


RenderBatch = Sequence[RenderTask]
"""Requests that go to a worker together."""


@dataclass(slots=True)
class _Group:
    """What waits of one group: new portions, and requests of portions that failed."""

    new: list[RenderBatch] = field(default_factory=list)
    retried: deque[RenderBatch] = field(default_factory=deque)
    running: int = 0

    def pop(self) -> RenderBatch:
        """Take the newest portion: what was asked for last has waited for nothing slow yet.

        A portion that failed may hold a slow post, so it is tried again after everything else.
        """
        return self.new.pop() if self.new else self.retried.popleft()

    @property
    def has_work(self) -> bool:
        return bool(self.new or self.retried)


class RenderQueue:
    """Portions that wait to be rendered, taken fairly between groups; safe for several threads.

    Of the ``workers`` of a pool all may work for one group. One more is given only to a group
    for which nobody works.
    """

    def __init__(self, workers: int) -> None:
        self._workers: Final = workers
        self._lock: Final = threading.Lock()
        self._groups: Final[dict[str, _Group]] = {}
        """Groups with work; the one that was served longest ago comes first."""
        self._is_closed = False

    def put(self, group: str, batch: RenderBatch) -> bool:
        """Add a portion of ``group``; return False if the queue is closed."""
        with self._lock:
            if not self._is_closed:
                self._groups.setdefault(group, _Group()).new.append(batch)
            return not self._is_closed

    def retry(self, group: str, batch: RenderBatch) -> None:
        """Add each request of a portion that failed by itself, behind everything of its group."""
        with self._lock:
            if not self._is_closed:
                self._groups[group].retried.extend([request] for request in batch)
                return
        _fail(batch)

    def take(self) -> tuple[str, RenderBatch] | None:
        """Return the next portion and its group, to be followed by `done`; None if none is due."""
        with self._lock:
            due = [name for name, group in self._groups.items() if group.has_work]
            if sum(group.running for group in self._groups.values()) >= self._workers:
                due = [name for name in due if not self._groups[name].running]
            if not due:
                return None
            name = min(due, key=lambda name: self._groups[name].running)
            group = self._groups[name] = self._groups.pop(name)
            group.running += 1
            return name, group.pop()

    def done(self, name: str) -> None:
        """Note that a portion of the group called ``name`` is no longer worked on."""
        with self._lock:
            group = self._groups[name]
            group.running -= 1
            if not group.running and not group.has_work:
                del self._groups[name]

    def close(self) -> None:
        """Take no more portions; fail those that wait."""
        with self._lock:
            self._is_closed = True
            waiting: list[RenderBatch] = []
            for group in self._groups.values():
                waiting += [*group.new, *group.retried]
                group.new.clear()
                group.retried.clear()
        for batch in waiting:
            _fail(batch)


def pool_closed_error() -> SyndicateError:
    """Return the error that nothing is rendered any more."""
    return SyndicateError("posts cannot be rendered: the service is stopping")


def _fail(batch: RenderBatch) -> None:
    for request in batch:
        request.future.set_exception(pool_closed_error())
