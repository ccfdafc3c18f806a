"""The last rendering of each post that readers saw, to be served while the next one is made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import msgspec

from syndicate.cache import Cache
from syndicate.content.render_jobs import RenderJobs
from syndicate.model.post import Path, Post, PostId, RenderedPost, SafeHtml

CACHE_NAMESPACE: Final = "last-renderings"

_BATCH_SIZE: Final = 1_000


class _StoredRendering(msgspec.Struct, frozen=True):
    """An item without its content and text, which stand in the rendering with ``digest``."""

    digest: str
    post: RenderedPost


class LastRenderings:
    """Remembers in the cache, by post, which rendering was made last, by whatever renderer."""

    def __init__(self, cache: Cache, jobs: RenderJobs) -> None:
        self._cache = cache
        self._jobs = jobs
        # JSON, not MessagePack: that would lose the offsets of times.
        self._decoder = msgspec.json.Decoder(_StoredRendering)

    def put(self, posts: Mapping[str, RenderedPost]) -> None:
        """Remember ``items``, given by the digests of their renderings."""
        encoded: dict[str, bytes] = {}
        for digest, item in posts.items():
            with suppress(UnicodeEncodeError):  # a lone surrogate in the front matter
                encoded[item.post.id] = msgspec.json.encode(
                    _StoredRendering(digest, _without_content(item))
                )
        known = self._cache.get(CACHE_NAMESPACE, encoded)
        self._cache.put(
            CACHE_NAMESPACE,
            {post: data for post, data in encoded.items() if known.get(post) != data},
        )

    def get(self, posts: Sequence[Post]) -> dict[PostId, RenderedPost]:
        """Return the items of ``posts`` as they were last; those that are known."""
        found: dict[PostId, RenderedPost] = {}
        paths = {post.id: post.path for post in posts}
        for post, stored in self._read(paths):
            with suppress(msgspec.DecodeError):  # written by another version
                for body, _, _ in self._jobs.renderings([stored.digest]).values():
                    found[post] = replace(
                        stored.post,
                        post=replace(stored.post.post, path=paths[post]),
                        content=body.content,
                        text=body.text,
                    )
        return found

    def digests(self, posts: Sequence[Post]) -> Iterator[str]:
        """Yield the digests of the last renderings of ``posts``."""
        for start in range(0, len(posts), _BATCH_SIZE):
            batch = posts[start : start + _BATCH_SIZE]
            yield from (last.digest for _, last in self._read([post.id for post in batch]))

    def retain_only(self, posts: Sequence[Post]) -> None:
        """Forget the last renderings of all but ``posts``."""
        self._cache.retain_only(CACHE_NAMESPACE, {post.id for post in posts})

    def _read(self, posts: Iterable[PostId]) -> Iterator[tuple[PostId, _StoredRendering]]:
        for post, data in self._cache.get(CACHE_NAMESPACE, posts).items():
            with suppress(msgspec.DecodeError):  # likewise
                yield PostId(post), self._decoder.decode(data)


def _without_content(rendered: RenderedPost) -> RenderedPost:
    """Leave out content and text, which are cached, and the path, which may not be UTF-8."""
    post = replace(rendered.post, path=Path(""))
    return replace(rendered, post=post, content=SafeHtml(""), text="")
