"""Renders posts in worker processes with a time limit, so that no post delays the others."""

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
"""Requests for rendered content have priority; rendering still gets a tenth of a busy core."""

_BATCH_CHARACTERS: Final = 16_000
"""Characters in one batch, about 10 ms of work."""

_MAX_BATCH_REQUESTS: Final = 24
"""Requests in one batch."""

_INHERITED_VARIABLES: Final = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR"
    r"|LD_LIBRARY_PATH|PYTHONHOME"  # needed by an interpreter outside of the default paths
)
"""Variables that workers inherit; ``PYTHONPATH`` is set to ``sys.path`` of this process."""

_WORKER_CODE: Final = "from syndicate.render.pool.process_worker import main; main({}, {}, {})"


class RenderPool:
    """A thread-safe pool of worker processes, stopped by `close`.

    Workers are spawned on demand, not forked, because this process has threads. Idle workers
    (20 MB each) exit after some seconds, except for a permanent one, so that a commit after a
    quiet period does not wait for a process to start. All workers exit if this process ends.

    Groups of requests (sources) are served fairly. One worker more than ``processes`` is started
    for a group without any worker, so that slow posts of one source do not delay another.

    Args:
        processes: The number of batches of a group that are rendered at the same time.
        cpu_seconds: CPU time limit of a post; a post that exceeds it is truncated.
        idle_seconds: Idle time after which a worker exits, except for the permanent one.
    """

    def __init__(
        self, *, processes: int, cpu_seconds: float = 2.0, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        self._cpu_seconds: Final = cpu_seconds
        self._idle_seconds: Final = idle_seconds
        self._threads: Final = ThreadPoolExecutor(processes + 1, thread_name_prefix="render-pool")
        self._queue: Final = RenderQueue(processes)
        self._lock: Final = threading.Lock()
        self._idle_workers: Final[list[_WorkerProcess]] = []
        self._permanent_worker: _WorkerProcess | None = None

    def start(self) -> None:
        """Start the permanent worker, so that the first request does not wait for it."""
        worker = self._get_worker()
        with self._lock:
            self._idle_workers.append(worker)

    def render(self, requests: Iterable[RenderRequest]) -> list[RenderResult]:
        """Render ``requests`` and return the results in their order.

        Rendering starts before the iterable is exhausted. Raises `SyndicateError` if the pool is
        closed or no worker can be started.
        """
        futures = self.submit((request,) for request in requests)
        return [result for future in futures for result in future.result()]

    def submit(
        self, posts: Iterable[Sequence[RenderRequest]], *, group: str = ""
    ) -> list[Future[tuple[RenderResult, ...]]]:
        """Start rendering ``posts``, each a sequence of requests; return a future for each post.

        Rendering starts before the iterable is exhausted. A future raises `SyndicateError` if no
        worker can be started or the pool is closed first; this method raises it if the pool is
        already closed.
        """
        tasks: list[RenderTask] = []
        for batch in _batches(posts):
            if not self._queue.put(group, batch):
                raise pool_closed_error()
            self._wake_thread()
            tasks += batch
        return [task.future for task in tasks]

    def close(self) -> None:
        """Finish batches that are being rendered, fail those in the queue, and stop all workers."""
        self._queue.close()
        self._threads.shutdown(cancel_futures=True)
        with self._lock:
            while self._idle_workers:
                self._idle_workers.pop().kill()

    def _wake_thread(self) -> None:
        """Start a thread that processes the queue."""
        with suppress(RuntimeError):  # the pool was closed: the futures raise
            self._threads.submit(self._render_queued)

    def _render_queued(self) -> None:
        """Render batches in the order of the queue until no batch is due."""
        while (taken := self._queue.take()) is not None:
            group, batch = taken
            try:
                self._render_batch(group, batch)
            except Exception as error:  # noqa: BLE001 — raised by the futures
                for task in batch:
                    task.future.set_exception(error)
            finally:
                self._queue.done(group)

    def _render_batch(self, group: str, batch: Sequence[RenderTask]) -> None:
        """Render a batch at once; if the worker fails, queue its tasks one by one."""
        if len(batch) == 1:
            (task,) = batch
            task.future.set_result(tuple(map(self._render_single, task.requests)))
            return
        outcome = self._try_render([request for task in batch for request in task.requests])
        if isinstance(outcome, tuple):
            results = iter(outcome)
            for task in batch:
                task.future.set_result(tuple(islice(results, len(task.requests))))
        else:
            self._queue.retry(group, batch)
            for _ in batch:
                self._wake_thread()

    def _render_single(self, request: RenderRequest) -> RenderResult:
        reasons: list[_ExitReason] = []
        while len(reasons) < _MAX_ATTEMPTS and "timed_out" not in reasons:
            outcome = self._try_render([request])
            if isinstance(outcome, tuple):
                return outcome[0]
            reasons.append(outcome)
        if set(reasons) != {"failed_start"}:
            # Goal: a start from the cache answers the first feed after 0.7 s; with the Markdown
            # libraries, which only workers and posts that are too slow need, it takes 50 ms more.
            from syndicate.render.pipeline import truncated_fallback  # noqa: PLC0415

            return truncated_fallback(request, self._cpu_seconds)
        raise SyndicateError(
            "posts cannot be rendered: worker processes exit immediately",
            hint="Check memory and process limits.",
        )

    def _try_render(
        self, requests: Sequence[RenderRequest]
    ) -> "tuple[RenderResult, ...] | _ExitReason":
        worker = self._get_worker()
        outcome = worker.render(
            requests, timeout=_TIMEOUT_FACTOR * self._cpu_seconds * len(requests)
        )
        if outcome == "idle_exit":
            return self._try_render(requests)
        if isinstance(outcome, tuple):
            with self._lock:
                self._idle_workers.append(worker)
        return outcome

    def _get_worker(self) -> "_WorkerProcess":
        with self._lock:
            if self._idle_workers:
                return self._idle_workers.pop()
            is_permanent = self._permanent_worker is None or self._permanent_worker.has_ended
            worker = _WorkerProcess(
                cpu_seconds=self._cpu_seconds,
                idle_seconds=None if is_permanent else self._idle_seconds,
            )
            if is_permanent:
                self._permanent_worker = worker
            return worker


def _batches(posts: Iterable[Sequence[RenderRequest]]) -> Iterator[Sequence[RenderTask]]:
    """Yield ``posts`` in batches large enough to outweigh the exchange with a worker."""
    batch: list[RenderTask] = []
    for post in posts:
        batch.append(RenderTask(tuple(post)))
        requests = [request for task in batch for request in task.requests]
        if (
            sum(len(request.body) for request in requests) >= _BATCH_CHARACTERS
            or len(requests) >= _MAX_BATCH_REQUESTS
        ):
            yield batch
            batch = []
    if batch:
        yield batch


_ExitReason = Literal["idle_exit", "failed_start", "crashed", "timed_out"]
"""Why a worker gave no results: it exited after its last request, before its first one, while
rendering, or by the time limit."""


def _worker_environment() -> dict[str, str]:
    """Return the environment of a worker, without variables that may hold secrets."""
    return {
        name: value for name, value in os.environ.items() if _INHERITED_VARIABLES.fullmatch(name)
    }


class _WorkerProcess:
    """A worker process and the connection to it."""

    def __init__(self, *, cpu_seconds: float, idle_seconds: float | None) -> None:
        own_end, worker_end = socket.socketpair()
        descriptor = worker_end.fileno() + 1
        code = _WORKER_CODE.format(descriptor, cpu_seconds, idle_seconds)
        path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
        with worker_end:
            self._pid: Final = os.posix_spawn(
                sys.executable,
                [sys.executable, "-c", code],
                {**_worker_environment(), "PYTHONPATH": path},
                file_actions=[(os.POSIX_SPAWN_DUP2, worker_end.fileno(), descriptor)],
            )
        niceness = os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS_INCREMENT
        os.setpriority(os.PRIO_PROCESS, self._pid, niceness)
        self._connection: Final = Connection(own_end.detach())
        self._lock: Final = threading.Lock()
        self._exit_status: int | None = None
        self._has_rendered = False
        self._reaper: Final = threading.Thread(target=self._reap, daemon=True)
        self._reaper.start()

    @property
    def has_ended(self) -> bool:
        """Whether the process has exited."""
        return self._exit_status is not None

    def render(
        self, requests: Sequence[RenderRequest], *, timeout: float
    ) -> tuple[RenderResult, ...] | _ExitReason:
        """Return the results of ``requests``, or why the worker exited.

        ``timeout`` in seconds applies to a worker that neither uses CPU time nor answers.
        """
        if not self._send(requests):
            self.kill()
            return "idle_exit" if self._has_rendered else "failed_start"
        try:
            reply = self._connection.recv_bytes() if self._connection.poll(timeout) else b""
        except (OSError, EOFError):
            reply = b""
        if reply:
            self._has_rendered = True
            return decode_results(reply)
        self.kill()
        self._reaper.join()
        has_timed_out = (
            self._exit_status is not None and os.WTERMSIG(self._exit_status) == signal.SIGPROF
        )
        return "timed_out" if has_timed_out else "crashed"

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
        """Kill the process unless it has exited."""
        self._connection.close()
        with self._lock:
            if self._exit_status is None:
                os.kill(self._pid, signal.SIGKILL)

    def _reap(self) -> None:
        """Wait for the process to exit and reap it; runs in its own thread."""
        os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            self._exit_status = os.waitpid(self._pid, 0)[1]
