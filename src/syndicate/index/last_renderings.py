"""The last rendering of each post that readers saw, to be served while the next one is made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import msgspec

from syndicate.cache import Cache
from syndicate.index.render_jobs import RenderJobs
from syndicate.model.post import Item, Path, Post, PostId, SafeHtml

SHELF: Final = "last-renderings"

_AT_ONCE: Final = 1_000


class _Last(msgspec.Struct, frozen=True):
    """An item without its content and text, which stand in the rendering with ``digest``."""

    digest: str
    item: Item


class LastRenderings:
    """Remembers in the cache, by post, which rendering was made last, by whatever renderer."""

    def __init__(self, cache: Cache, jobs: RenderJobs) -> None:
        self._cache = cache
        self._jobs = jobs
        # JSON, not MessagePack: that would lose the offsets of times.
        self._decoder = msgspec.json.Decoder(_Last)

    def put(self, items: Mapping[str, Item]) -> None:
        """Remember ``items``, given by the digests of their renderings."""
        last: dict[str, bytes] = {}
        for digest, item in items.items():
            with suppress(UnicodeEncodeError):  # a lone surrogate in the front matter
                last[item.post.id] = msgspec.json.encode(_Last(digest, _bare(item)))
        known = self._cache.get(SHELF, last)
        self._cache.put(
            SHELF, {post: data for post, data in last.items() if known.get(post) != data}
        )

    def get(self, posts: Sequence[Post]) -> dict[PostId, Item]:
        """Return the items of ``posts`` as they were last; those that are known."""
        found: dict[PostId, Item] = {}
        paths = {post.id: post.path for post in posts}
        for post, last in self._read(paths):
            with suppress(msgspec.DecodeError):  # written by another version
                for body, _, _ in self._jobs.renderings([last.digest]).values():
                    found[post] = replace(
                        last.item,
                        post=replace(last.item.post, path=paths[post]),
                        content=body.content,
                        text=body.text,
                    )
        return found

    def digests(self, posts: Sequence[Post]) -> Iterator[str]:
        """Yield the digests of the last renderings of ``posts``."""
        for start in range(0, len(posts), _AT_ONCE):
            some = posts[start : start + _AT_ONCE]
            yield from (last.digest for _, last in self._read([post.id for post in some]))

    def keep(self, posts: Sequence[Post]) -> None:
        """Forget the last renderings of all but ``posts``."""
        self._cache.keep(SHELF, {post.id for post in posts})

    def _read(self, posts: Iterable[PostId]) -> Iterator[tuple[PostId, _Last]]:
        for post, data in self._cache.get(SHELF, posts).items():
            with suppress(msgspec.DecodeError):  # likewise
                yield PostId(post), self._decoder.decode(data)


def _bare(item: Item) -> Item:
    """Leave out content and text, which are cached, and the path, which may not be UTF-8."""
    post = replace(item.post, path=Path(""))
    return replace(item, post=post, content=SafeHtml(""), text="")
