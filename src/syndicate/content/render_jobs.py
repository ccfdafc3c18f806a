"""Rendering in the process pool and the disk cache of results; each post is rendered once."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, islice
from typing import Final, cast

import msgspec

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.content.render_input import RenderInput, RenderResults
from syndicate.model.post import Path, Post, PostId, RenderedPost, SafeHtml
from syndicate.render.messages import RenderResult
from syndicate.render.pool.process_pool import RenderPool

RENDERINGS_NAMESPACE: Final = "renderings"
LAST_RENDERINGS_NAMESPACE: Final = "last-renderings"

_START_BATCH_SIZE: Final = 24
"""Posts that are read from git together, while earlier ones are rendered."""
_READ_BATCH_SIZE: Final = 1_000
"""Posts whose last renderings are read from the cache together."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A finished or running rendering; ``started`` is a `time.monotonic` time in seconds."""

    render_input: RenderInput
    digest: str
    future: Future[RenderResults]
    started: float


@dataclass(frozen=True, slots=True)
class _Running:
    future: Future[RenderResults] = field(default_factory=Future)
    started: float = field(default_factory=time.monotonic)


class RenderJobs:
    """Renders posts that are neither in the disk cache nor being rendered; thread-safe."""

    def __init__(self, cache: Cache, pool: RenderPool) -> None:
        self._cache = cache
        self._pool = pool
        self._decoder = msgspec.msgpack.Decoder(RenderResults)
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def start(self, inputs: Iterable[RenderInput]) -> list[RenderJob]:
        """Return a job for each of ``inputs``; earlier ones are rendered while later ones are read.

        Raises `SyndicateError` if the pool is closed, and the errors of the iterable.
        """
        remaining, jobs = iter(inputs), list[RenderJob]()
        while batch := list(islice(remaining, _START_BATCH_SIZE)):
            jobs += self._start_batch(
                [(render_input, render_input.digest) for render_input in batch]
            )
        return jobs

    def renderings(self, digests: Iterable[str]) -> dict[str, RenderResults]:
        """Return the cached results with ``digests``."""
        found = self._cache.get(RENDERINGS_NAMESPACE, digests)
        return {digest: self._decoder.decode(data) for digest, data in found.items()}

    def retain_only(self, digests: Collection[str]) -> None:
        """Delete all cached results except those with ``digests``."""
        self._cache.retain_only(RENDERINGS_NAMESPACE, digests)

    def _start_batch(self, batch: Sequence[tuple[RenderInput, str]]) -> Iterator[RenderJob]:
        cached = self.renderings(digest for _, digest in batch)
        new: list[tuple[RenderInput, str, _Running]] = []
        for render_input, digest in batch:
            running = _Running()
            if digest in cached:
                running.future.set_result(cached[digest])
            else:
                with self._lock:
                    is_new = digest not in self._running
                    running = self._running.setdefault(digest, running)
                if is_new:
                    new.append((render_input, digest, running))
            yield RenderJob(render_input, digest, running.future, running.started)
        for source, group in groupby(new, key=lambda job: job[0].post.source):
            self._submit(source, list(group))

    def _submit(self, source: str, new: Sequence[tuple[RenderInput, str, _Running]]) -> None:
        try:
            requests = (render_input.requests for render_input, _, _ in new)
            futures = self._pool.submit(requests, group=source)
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
        """Cache the results before they are returned, so that the next caller finds them."""
        error = rendered.exception()
        if error is not None:
            self._remove_running(digest)
            running.future.set_exception(error)
            return
        results = cast("RenderResults", rendered.result())
        telemetry.posts_rendered_total.inc()
        self._cache.put(RENDERINGS_NAMESPACE, {digest: msgspec.msgpack.encode(results)})
        self._remove_running(digest)
        running.future.set_result(results)

    def _remove_running(self, digest: str) -> None:
        with self._lock:
            del self._running[digest]


def when_all_done(futures: Sequence[Future[RenderResults]]) -> Future[None]:
    """Return a future that is done when all of ``futures`` are; cancelling it cancels none."""
    done, pending, lock = Future[None](), len(futures), threading.Lock()

    def count(_: Future[RenderResults]) -> None:
        nonlocal pending
        with lock:
            pending -= 1
            is_last = not pending
        if is_last and done.set_running_or_notify_cancel():
            done.set_result(None)

    for future in futures:
        future.add_done_callback(count)
    return done


class _StoredRendering(msgspec.Struct, frozen=True):
    """A rendered post without content and text, which the result with ``digest`` holds."""

    digest: str
    post: RenderedPost


class LastRenderings:
    """The last rendering of each post, served while a newer one is being made."""

    def __init__(self, cache: Cache, jobs: RenderJobs) -> None:
        self._cache = cache
        self._jobs = jobs
        # JSON, not MessagePack: that would lose the offsets of times.
        self._decoder = msgspec.json.Decoder(_StoredRendering)

    def put(self, posts: Mapping[str, RenderedPost]) -> None:
        """Store ``posts``, by the digests of their results."""
        encoded: dict[str, bytes] = {}
        for digest, rendered in posts.items():
            with suppress(UnicodeEncodeError):  # a lone surrogate in the front matter
                encoded[rendered.post.id] = msgspec.json.encode(
                    _StoredRendering(digest, _without_content(rendered))
                )
        stored = self._cache.get(LAST_RENDERINGS_NAMESPACE, encoded)
        self._cache.put(
            LAST_RENDERINGS_NAMESPACE,
            {post_id: data for post_id, data in encoded.items() if stored.get(post_id) != data},
        )

    def get(self, posts: Sequence[Post]) -> dict[PostId, RenderedPost]:
        """Return the stored ones of ``posts``, with their present paths."""
        found: dict[PostId, RenderedPost] = {}
        paths = {post.id: post.path for post in posts}
        for post_id, stored in self._read(paths):
            with suppress(msgspec.DecodeError):  # written by another version
                for body, _, _ in self._jobs.renderings([stored.digest]).values():
                    found[post_id] = replace(
                        stored.post,
                        post=replace(stored.post.post, path=paths[post_id]),
                        content=body.content,
                        text=body.text,
                    )
        return found

    def digests(self, posts: Sequence[Post]) -> Iterator[str]:
        """Yield the digests of the last renderings of ``posts``."""
        for start in range(0, len(posts), _READ_BATCH_SIZE):
            batch = posts[start : start + _READ_BATCH_SIZE]
            yield from (stored.digest for _, stored in self._read([post.id for post in batch]))

    def retain_only(self, posts: Sequence[Post]) -> None:
        """Delete the last renderings of all posts except ``posts``."""
        self._cache.retain_only(LAST_RENDERINGS_NAMESPACE, {post.id for post in posts})

    def _read(self, post_ids: Iterable[PostId]) -> Iterator[tuple[PostId, _StoredRendering]]:
        for post_id, data in self._cache.get(LAST_RENDERINGS_NAMESPACE, post_ids).items():
            with suppress(msgspec.DecodeError):  # written by another version
                yield PostId(post_id), self._decoder.decode(data)


def _without_content(rendered: RenderedPost) -> RenderedPost:
    """Return the post without content and text, and without the path, which may not be UTF-8."""
    post = replace(rendered.post, path=Path(""))
    return replace(rendered, post=post, content=SafeHtml(""), text="")
