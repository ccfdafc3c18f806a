"""Renderings that are under way: each is made once, however many wait for it, and then cached."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, islice
from typing import Final, cast

import msgspec

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.index.manuscript import Manuscript, Rendered
from syndicate.render.job import Rendering
from syndicate.render.workroom import Workroom

SHELF: Final = "renderings"

_AHEAD: Final = 24
"""Posts that are opened together, while those before them are rendered."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A rendering that is done or under way, since ``started`` (`time.monotonic`, seconds)."""

    manuscript: Manuscript
    digest: str
    future: Future[Rendered]
    started: float


@dataclass(frozen=True, slots=True)
class _Running:
    future: Future[Rendered] = field(default_factory=Future)
    started: float = field(default_factory=time.monotonic)


class RenderJobs:
    """Renders what is neither cached nor under way; safe to use from several threads."""

    def __init__(self, cache: Cache, workroom: Workroom) -> None:
        self._cache = cache
        self._workroom = workroom
        self._decoder = msgspec.msgpack.Decoder(Rendered)
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def start(self, manuscripts: Iterable[Manuscript]) -> list[RenderJob]:
        """Return a job for each of ``manuscripts``; some are rendered while others are opened.

        Raises `SyndicateError` if nothing is rendered any more, and whatever making the
        manuscripts raises.
        """
        rest, jobs = iter(manuscripts), list[RenderJob]()
        while some := [(one, one.digest) for one in islice(rest, _AHEAD)]:
            jobs += self._started(some)
        return jobs

    def renderings(self, digests: Iterable[str]) -> dict[str, Rendered]:
        """Return the renderings with ``digests`` that are cached."""
        found = self._cache.get(SHELF, digests)
        return {digest: self._decoder.decode(data) for digest, data in found.items()}

    def keep(self, digests: Collection[str]) -> None:
        """Forget every cached rendering but those with ``digests``."""
        self._cache.keep(SHELF, digests)

    def _started(self, some: Sequence[tuple[Manuscript, str]]) -> Iterator[RenderJob]:
        cached = self.renderings(digest for _, digest in some)
        new: list[tuple[Manuscript, str, _Running]] = []
        for manuscript, digest in some:
            running = _Running()
            if digest in cached:
                running.future.set_result(cached[digest])
            else:
                with self._lock:
                    is_new = digest not in self._running
                    running = self._running.setdefault(digest, running)
                if is_new:
                    new.append((manuscript, digest, running))
            yield RenderJob(manuscript, digest, running.future, running.started)
        for source, group in groupby(new, key=lambda one: one[0].post.source):
            self._submit(source, list(group))

    def _submit(self, source: str, new: Sequence[tuple[Manuscript, str, _Running]]) -> None:
        try:
            futures = self._workroom.submit((one.jobs for one, _, _ in new), group=source)
        except Exception as error:
            for _, digest, running in new:
                self._end(digest)
                running.future.set_exception(error)
            raise
        for (_, digest, running), future in zip(new, futures, strict=True):
            future.add_done_callback(partial(self._finish, digest, running))

    def _finish(
        self, digest: str, running: _Running, rendered: Future[tuple[Rendering, ...]]
    ) -> None:
        """Cache what was rendered, and only then hand it out: who asks next finds it."""
        error = rendered.exception()
        if error is not None:
            self._end(digest)
            running.future.set_exception(error)
            return
        made = cast("Rendered", rendered.result())
        telemetry.posts_rendered_total.inc()
        self._cache.put(SHELF, {digest: msgspec.msgpack.encode(made)})
        self._end(digest)
        running.future.set_result(made)

    def _end(self, digest: str) -> None:
        with self._lock:
            del self._running[digest]


def when_all_done(futures: Sequence[Future[Rendered]]) -> Future[None]:
    """Return a future that is done when all of ``futures`` are; it may be cancelled on its own."""
    done, left, lock = Future[None](), len(futures), threading.Lock()

    def count(_: Future[Rendered]) -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = not left
        if is_last and done.set_running_or_notify_cancel():
            done.set_result(None)

    for future in futures:
        future.add_done_callback(count)
    return done
