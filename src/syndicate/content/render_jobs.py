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
from syndicate.content.render_input import RenderInput, RenderResults
from syndicate.render.messages import RenderResult
from syndicate.render.pool.process_pool import RenderPool

CACHE_NAMESPACE: Final = "renderings"

_BATCH_SIZE: Final = 24
"""Posts that are opened together, while those before them are rendered."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A rendering that is done or under way, since ``started`` (`time.monotonic`, seconds)."""

    render_input: RenderInput
    digest: str
    future: Future[RenderResults]
    started: float


@dataclass(frozen=True, slots=True)
class _Running:
    future: Future[RenderResults] = field(default_factory=Future)
    started: float = field(default_factory=time.monotonic)


class RenderJobs:
    """Renders what is neither cached nor under way; safe to use from several threads."""

    def __init__(self, cache: Cache, pool: RenderPool) -> None:
        self._cache = cache
        self._pool = pool
        self._decoder = msgspec.msgpack.Decoder(RenderResults)
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def start(self, inputs: Iterable[RenderInput]) -> list[RenderJob]:
        """Return a job for each of ``manuscripts``; some are rendered while others are opened.

        Raises `SyndicateError` if nothing is rendered any more, and whatever making the
        manuscripts raises.
        """
        rest, jobs = iter(inputs), list[RenderJob]()
        while batch := [(one, one.digest) for one in islice(rest, _BATCH_SIZE)]:
            jobs += self._start_batch(batch)
        return jobs

    def renderings(self, digests: Iterable[str]) -> dict[str, RenderResults]:
        """Return the renderings with ``digests`` that are cached."""
        found = self._cache.get(CACHE_NAMESPACE, digests)
        return {digest: self._decoder.decode(data) for digest, data in found.items()}

    def retain_only(self, digests: Collection[str]) -> None:
        """Forget every cached rendering but those with ``digests``."""
        self._cache.retain_only(CACHE_NAMESPACE, digests)

    def _start_batch(self, batch: Sequence[tuple[RenderInput, str]]) -> Iterator[RenderJob]:
        cached = self.renderings(digest for _, digest in batch)
        new: list[tuple[RenderInput, str, _Running]] = []
        for manuscript, digest in batch:
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

    def _submit(self, source: str, new: Sequence[tuple[RenderInput, str, _Running]]) -> None:
        try:
            futures = self._pool.submit((one.requests for one, _, _ in new), group=source)
        except Exception as error:
            for _, digest, running in new:
                self._remove_running(digest)
                running.future.set_exception(error)
            raise
        for (_, digest, running), future in zip(new, futures, strict=True):
            future.add_done_callback(partial(self._finish, digest, running))

    def _finish(
        self, digest: str, running: _Running, rendered: Future[tuple[RenderResult, ...]]
    ) -> None:
        """Cache what was rendered, and only then hand it out: who asks next finds it."""
        error = rendered.exception()
        if error is not None:
            self._remove_running(digest)
            running.future.set_exception(error)
            return
        made = cast("RenderResults", rendered.result())
        telemetry.posts_rendered_total.inc()
        self._cache.put(CACHE_NAMESPACE, {digest: msgspec.msgpack.encode(made)})
        self._remove_running(digest)
        running.future.set_result(made)

    def _remove_running(self, digest: str) -> None:
        with self._lock:
            del self._running[digest]


def when_all_done(futures: Sequence[Future[RenderResults]]) -> Future[None]:
    """Return a future that is done when all of ``futures`` are; it may be cancelled on its own."""
    done, left, lock = Future[None](), len(futures), threading.Lock()

    def count(_: Future[RenderResults]) -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = not left
        if is_last and done.set_running_or_notify_cancel():
            done.set_result(None)

    for future in futures:
        future.add_done_callback(count)
    return done
