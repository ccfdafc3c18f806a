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
from syndicate.render.job import TAKEN, Job, Rendering, packed, renderings
from syndicate.render.render_queue import RenderQueue, RenderRequest, closed

_IDLE: Final = 10.0
_START: Final = 60.0
_PATIENCE: Final = 15.0
_TRIES: Final = 3
_NICER: Final = 10
"""Steps: readers of what is ready go first; rendering still gets a tenth of a busy core."""

_PORTION: Final = 16_000
"""Characters that are rendered in one go: some 10 ms of work."""

_MOST: Final = 24
"""Jobs that are rendered in one go."""

_INHERITED: Final = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR"
    r"|LD_LIBRARY_PATH|PYTHONHOME"  # an interpreter that lies elsewhere needs them to start
)
"""The variables that workers inherit, beside ``PYTHONPATH``, which is made of our own path."""

_CODE: Final = "from syndicate.render.worker import main; main({}, {}, {})"


class Workroom:
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

    def __init__(self, *, processes: int, seconds: float = 2.0, idle: float = _IDLE) -> None:
        self._seconds: Final = seconds
        self._idle: Final = idle
        self._threads: Final = ThreadPoolExecutor(processes + 1, thread_name_prefix="workroom")
        self._queue: Final = RenderQueue(processes)
        self._lock: Final = threading.Lock()
        self._waiting: Final[list[_Worker]] = []
        self._resident: _Worker | None = None
        """The worker that stays."""

    def staff(self) -> None:
        """Start the worker that stays now, so that not even the first job waits for it."""
        worker = self._worker()
        with self._lock:
            self._waiting.append(worker)

    def render(self, jobs: Iterable[Job]) -> list[Rendering]:
        """Return the renderings of ``jobs``, in their order; the first are begun at once.

        Raises `SyndicateError` when the workroom is closed or no worker can be started.
        """
        futures = self.submit((job,) for job in jobs)
        return [rendering for future in futures for rendering in future.result()]

    def submit(
        self, requests: Iterable[Sequence[Job]], *, group: str = ""
    ) -> list[Future[tuple[Rendering, ...]]]:
        """Begin to render ``requests``; return for each the future of its jobs' renderings.

        The first are begun while the others are still being made. A future raises
        `SyndicateError` when no worker can be started or the workroom is closed before; this
        raises it when the workroom is closed already.
        """
        submitted: list[RenderRequest] = []
        for portion in _portions(requests):
            if not self._queue.put(group, portion):
                raise closed()
            self._call_worker()
            submitted += portion
        return [request.future for request in submitted]

    def close(self) -> None:
        """End all workers; jobs that wait are given up, those at work are finished first."""
        self._queue.close()
        self._threads.shutdown(cancel_futures=True)
        with self._lock:
            while self._waiting:
                self._waiting.pop().end()

    def _call_worker(self) -> None:
        """Let a thread that is idle look into the queue."""
        with suppress(RuntimeError):  # closed meanwhile: then the futures say so
            self._threads.submit(self._work)

    def _work(self) -> None:
        """Render portions, in whatever order the queue gives them, until it gives none."""
        while (taken := self._queue.take()) is not None:
            group, portion = taken
            try:
                self._render(group, portion)
            except Exception as error:  # noqa: BLE001 — whoever waits for the result is told
                for request in portion:
                    request.future.set_exception(error)
            finally:
                self._queue.done(group)

    def _render(self, group: str, portion: Sequence[RenderRequest]) -> None:
        """Render a portion in one go; each request by itself where one of them may be at fault."""
        if len(portion) == 1:
            (request,) = portion
            request.future.set_result(tuple(map(self._one, request.jobs)))
            return
        outcome = self._attempt([job for request in portion for job in request.jobs])
        if isinstance(outcome, tuple):
            made = iter(outcome)
            for request in portion:
                request.future.set_result(tuple(islice(made, len(request.jobs))))
        else:
            self._queue.put_back(group, portion)
            for _ in portion:
                self._call_worker()

    def _one(self, job: Job) -> Rendering:
        ends: list[_End] = []
        while len(ends) < _TRIES and "slow" not in ends:
            outcome = self._attempt([job])
            if isinstance(outcome, tuple):
                return outcome[0]
            ends.append(outcome)
        if set(ends) != {"lost"}:
            from syndicate.render.body import cut_off  # noqa: PLC0415 — it takes a renderer

            return cut_off(job, self._seconds)
        raise SyndicateError(
            "posts cannot be rendered: worker processes end as soon as they are started",
            hint="Look for what ends them: too little memory, or a limit on processes.",
        )

    def _attempt(self, jobs: Sequence[Job]) -> "tuple[Rendering, ...] | _End":
        worker = self._worker()
        outcome = worker.render(jobs, patience=_PATIENCE * self._seconds * len(jobs))
        if outcome == "left":
            return self._attempt(jobs)
        if isinstance(outcome, tuple):
            with self._lock:
                self._waiting.append(worker)
        return outcome

    def _worker(self) -> "_Worker":
        with self._lock:
            if self._waiting:
                return self._waiting.pop()
            stays = self._resident is None or self._resident.has_ended
            worker = _Worker(seconds=self._seconds, idle=None if stays else self._idle)
            if stays:
                self._resident = worker
            return worker


def _portions(requests: Iterable[Sequence[Job]]) -> Iterator[Sequence[RenderRequest]]:
    """Yield ``requests`` in portions that make the way to a worker and back worth while."""
    portion: list[RenderRequest] = []
    for jobs in requests:
        portion.append(RenderRequest(tuple(jobs)))
        together = [job for request in portion for job in request.jobs]
        if sum(len(job.body) for job in together) >= _PORTION or len(together) >= _MOST:
            yield portion
            portion = []
    if portion:
        yield portion


_End = Literal["left", "lost", "died", "slow"]
"""How a worker ends: since its last job, before its first, at work, or by its time limit."""


def _inherited() -> dict[str, str]:
    """Return the variables that a worker inherits: none of the service's, which hold secrets."""
    return {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}


class _Worker:
    """One process and the line to it."""

    def __init__(self, *, seconds: float, idle: float | None) -> None:
        ours, theirs = socket.socketpair()
        number = theirs.fileno() + 1
        code = _CODE.format(number, seconds, idle)
        path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
        with theirs:
            self._pid: Final = os.posix_spawn(
                sys.executable,
                [sys.executable, "-c", code],
                {**_inherited(), "PYTHONPATH": path},
                file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), number)],
            )
        niceness = os.getpriority(os.PRIO_PROCESS, 0) + _NICER
        os.setpriority(os.PRIO_PROCESS, self._pid, niceness)
        self._line: Final = Connection(ours.detach())
        self._lock: Final = threading.Lock()
        self._status: int | None = None
        self._is_proven = False
        """Whether it has done a job."""
        self._burial: Final = threading.Thread(target=self._bury, daemon=True)
        self._burial.start()

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._status is not None

    def render(self, jobs: Sequence[Job], *, patience: float) -> tuple[Rendering, ...] | _End:
        """Return the renderings of ``jobs``, or how the worker ended.

        ``patience`` bounds the wait for one that neither works nor answers, in seconds.
        """
        if not self._take(jobs):
            self.end()
            return "left" if self._is_proven else "lost"
        try:
            answer = self._line.recv_bytes() if self._line.poll(patience) else b""
        except (OSError, EOFError):
            answer = b""
        if answer:
            self._is_proven = True
            return renderings(answer)
        self.end()
        self._burial.join()
        is_slow = self._status is not None and os.WTERMSIG(self._status) == signal.SIGPROF
        return "slow" if is_slow else "died"

    def _take(self, jobs: Sequence[Job]) -> bool:
        try:
            self._line.send_bytes(packed(jobs))
            return self._line.poll(_START) and self._line.recv_bytes() == TAKEN
        except (OSError, EOFError):
            return False

    def end(self) -> None:
        """End the process at once, unless it has ended."""
        self._line.close()
        with self._lock:
            if self._status is None:
                os.kill(self._pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Wait for the end of the process and take it off the books, in a thread of its own."""
        os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            self._status = os.waitpid(self._pid, 0)[1]
