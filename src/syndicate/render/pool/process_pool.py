"""Renders posts in a few processes that can be ended, so that no post can delay the others."""

import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Literal

from syndicate.errors import SyndicateError
from syndicate.render.messages import (
    ACCEPTED,
    RenderRequest,
    RenderResult,
    decode_results,
    encode,
)
from syndicate.render.pool.render_queue import RenderQueue, RenderTask, pool_closed_error

_IDLE_SECONDS: Final = 10.0
_START_TIMEOUT_SECONDS: Final = 60.0
_TIMEOUT_FACTOR: Final = 15.0
_MAX_ATTEMPTS: Final = 3
_NICENESS_INCREMENT: Final = 10
"""Steps: readers of what is ready go first; rendering still gets a tenth of a busy core."""

_BATCH_CHARACTERS: Final = 16_000
"""Characters that are rendered in one go: some 10 ms of work."""

_MAX_BATCH_REQUESTS: Final = 24
"""Jobs that are rendered in one go."""

_INHERITED_VARIABLES: Final = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR"
    r"|LD_LIBRARY_PATH|PYTHONHOME"  # an interpreter that lies elsewhere needs them to start
)
"""The variables that workers inherit, beside ``PYTHONPATH``, which is made of our own path."""

_WORKER_CODE: Final = "from syndicate.render.pool.process_worker import main; main({}, {}, {})"


class RenderPool:
    """A few worker processes; usable from several threads at once, closed by `close`.

    Workers are started when there is work, from scratch (no fork of a process with threads). All
    but one end when nobody has needed them for some seconds, for each holds 20 MB; that one stays,
    so that a commit after hours of silence does not wait for a process to start. All end by
    themselves when this process is gone.

    Each group of requests (a source) gets its turn, and one worker more than ``processes`` is
    started for a group that has no worker at all: slow posts of one source keep no other waiting.

    Args:
        processes: How many posts of a group are rendered at once, at most.
        seconds: Processor time a post may take; one that takes longer is cut off.
        idle: Seconds without work after which a worker ends, but for the one that stays.
    """

    def __init__(
        self, *, processes: int, cpu_seconds: float = 2.0, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        self._cpu_seconds: Final = cpu_seconds
        self._idle_seconds: Final = idle_seconds
        self._threads: Final = ThreadPoolExecutor(processes + 1, thread_name_prefix="workroom")
        self._queue: Final = RenderQueue(processes)
        self._lock: Final = threading.Lock()
        self._idle_workers: Final[list[_WorkerProcess]] = []
        self._permanent_worker: _WorkerProcess | None = None
        """The worker that stays."""

    def start(self) -> None:
        """Start the worker that stays now, so that not even the first job waits for it."""
        worker = self._get_worker()
        with self._lock:
            self._idle_workers.append(worker)

    def render(self, requests: Iterable[RenderRequest]) -> list[RenderResult]:
        """Return the renderings of ``jobs``, in their order; the first are begun at once.

        Raises `SyndicateError` when the workroom is closed or no worker can be started.
        """
        futures = self.submit((job,) for job in requests)
        return [rendering for future in futures for rendering in future.result()]

    def submit(
        self, posts: Iterable[Sequence[RenderRequest]], *, group: str = ""
    ) -> list[Future[tuple[RenderResult, ...]]]:
        """Begin to render ``requests``; return for each the future of its jobs' renderings.

        The first are begun while the others are still being made. A future raises
        `SyndicateError` when no worker can be started or the workroom is closed before; this
        raises it when the workroom is closed already.
        """
        tasks: list[RenderTask] = []
        for batch in _batches(posts):
            if not self._queue.put(group, batch):
                raise pool_closed_error()
            self._wake_thread()
            tasks += batch
        return [request.future for request in tasks]

    def close(self) -> None:
        """End all workers; jobs that wait are given up, those at work are finished first."""
        self._queue.close()
        self._threads.shutdown(cancel_futures=True)
        with self._lock:
            while self._idle_workers:
                self._idle_workers.pop().kill()

    def _wake_thread(self) -> None:
        """Let a thread that is idle look into the queue."""
        with suppress(RuntimeError):  # closed meanwhile: then the futures say so
            self._threads.submit(self._render_queued)

    def _render_queued(self) -> None:
        """Render portions, in whatever order the queue gives them, until it gives none."""
        while (taken := self._queue.take()) is not None:
            group, portion = taken
            try:
                self._render_batch(group, portion)
            except Exception as error:  # noqa: BLE001 — whoever waits for the result is told
                for request in portion:
                    request.future.set_exception(error)
            finally:
                self._queue.done(group)

    def _render_batch(self, group: str, batch: Sequence[RenderTask]) -> None:
        """Render a portion in one go; each request by itself where one of them may be at fault."""
        if len(batch) == 1:
            (request,) = batch
            request.future.set_result(tuple(map(self._render_single, request.requests)))
            return
        outcome = self._try_render([job for request in batch for job in request.requests])
        if isinstance(outcome, tuple):
            made = iter(outcome)
            for request in batch:
                request.future.set_result(tuple(islice(made, len(request.requests))))
        else:
            self._queue.retry(group, batch)
            for _ in batch:
                self._wake_thread()

    def _render_single(self, request: RenderRequest) -> RenderResult:
        ends: list[_ExitReason] = []
        while len(ends) < _MAX_ATTEMPTS and "slow" not in ends:
            outcome = self._try_render([request])
            if isinstance(outcome, tuple):
                return outcome[0]
            ends.append(outcome)
        if set(ends) != {"lost"}:
            from syndicate.render.pipeline import truncated_fallback  # noqa: PLC0415 — it takes a renderer

            return truncated_fallback(request, self._cpu_seconds)
        raise SyndicateError(
            "posts cannot be rendered: worker processes end as soon as they are started",
            hint="Look for what ends them: too little memory, or a limit on processes.",
        )

    def _try_render(
        self, requests: Sequence[RenderRequest]
    ) -> "tuple[RenderResult, ...] | _ExitReason":
        worker = self._get_worker()
        outcome = worker.render(
            requests, timeout=_TIMEOUT_FACTOR * self._cpu_seconds * len(requests)
        )
        if outcome == "left":
            return self._try_render(requests)
        if isinstance(outcome, tuple):
            with self._lock:
                self._idle_workers.append(worker)
        return outcome

    def _get_worker(self) -> "_WorkerProcess":
        with self._lock:
            if self._idle_workers:
                return self._idle_workers.pop()
            stays = self._permanent_worker is None or self._permanent_worker.has_ended
            worker = _WorkerProcess(
                cpu_seconds=self._cpu_seconds, idle_seconds=None if stays else self._idle_seconds
            )
            if stays:
                self._permanent_worker = worker
            return worker


def _batches(requests: Iterable[Sequence[RenderRequest]]) -> Iterator[Sequence[RenderTask]]:
    """Yield ``requests`` in portions that make the way to a worker and back worth while."""
    portion: list[RenderTask] = []
    for jobs in requests:
        portion.append(RenderTask(tuple(jobs)))
        together = [job for request in portion for job in request.requests]
        if (
            sum(len(job.body) for job in together) >= _BATCH_CHARACTERS
            or len(together) >= _MAX_BATCH_REQUESTS
        ):
            yield portion
            portion = []
    if portion:
        yield portion


_ExitReason = Literal["left", "lost", "died", "slow"]
"""How a worker ends: since its last job, before its first, at work, or by its time limit."""


def _worker_environment() -> dict[str, str]:
    """Return the variables that a worker inherits: none of the service's, which hold secrets."""
    return {
        name: value for name, value in os.environ.items() if _INHERITED_VARIABLES.fullmatch(name)
    }


class _WorkerProcess:
    """One process and the line to it."""

    def __init__(self, *, cpu_seconds: float, idle_seconds: float | None) -> None:
        ours, theirs = socket.socketpair()
        number = theirs.fileno() + 1
        code = _WORKER_CODE.format(number, cpu_seconds, idle_seconds)
        path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
        with theirs:
            self._pid: Final = os.posix_spawn(
                sys.executable,
                [sys.executable, "-c", code],
                {**_worker_environment(), "PYTHONPATH": path},
                file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), number)],
            )
        niceness = os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS_INCREMENT
        os.setpriority(os.PRIO_PROCESS, self._pid, niceness)
        self._connection: Final = Connection(ours.detach())
        self._lock: Final = threading.Lock()
        self._exit_status: int | None = None
        self._has_rendered = False
        """Whether it has done a job."""
        self._reaper: Final = threading.Thread(target=self._reap, daemon=True)
        self._reaper.start()

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._exit_status is not None

    def render(
        self, requests: Sequence[RenderRequest], *, timeout: float
    ) -> tuple[RenderResult, ...] | _ExitReason:
        """Return the renderings of ``jobs``, or how the worker ended.

        ``patience`` bounds the wait for one that neither works nor answers, in seconds.
        """
        if not self._send(requests):
            self.kill()
            return "left" if self._has_rendered else "lost"
        try:
            reply = self._connection.recv_bytes() if self._connection.poll(timeout) else b""
        except (OSError, EOFError):
            reply = b""
        if reply:
            self._has_rendered = True
            return decode_results(reply)
        self.kill()
        self._reaper.join()
        is_slow = self._exit_status is not None and os.WTERMSIG(self._exit_status) == signal.SIGPROF
        return "slow" if is_slow else "died"

    def _send(self, requests: Sequence[RenderRequest]) -> bool:
        try:
            self._connection.send_bytes(encode(requests))
            return (
                self._connection.poll(_START_TIMEOUT_SECONDS)
                and self._connection.recv_bytes() == ACCEPTED
            )
        except (OSError, EOFError):
            return False

    def kill(self) -> None:
        """End the process at once, unless it has ended."""
        self._connection.close()
        with self._lock:
            if self._exit_status is None:
                os.kill(self._pid, signal.SIGKILL)

    def _reap(self) -> None:
        """Wait for the end of the process and take it off the books, in a thread of its own."""
        os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            self._exit_status = os.waitpid(self._pid, 0)[1]
