"""Documents beside feeds: pages, API answers and the like, made once per edition and kept."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from weakref import ref

from syndicate.feeds import Representation, with_unambiguous_date
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.model.edition import Edition

BuildDocument = Callable[[Edition], Awaitable[Representation]]

_CACHE_BYTES: Final = 16 * 2**20


class _CachedDocument(NamedTuple):
    edition: ref[Edition]
    representation: Representation


class DocumentCache:
    """Keeps what was made of an edition until there is another, or others need the room."""

    def __init__(self, *, max_bytes: int = _CACHE_BYTES) -> None:
        """Keep up to ``room`` bytes."""
        self._documents = SizedLruCache[tuple[str, ...], _CachedDocument](max_bytes)

    async def get(
        self, edition: Edition, key: tuple[str, ...], build: BuildDocument
    ) -> Representation:
        """Return what ``make`` makes of ``edition``, under an ``address`` of its own.

        What is provisional is not kept.
        """
        cached = self._documents.get(key)
        if cached is not None and cached.edition() is edition:
            return cached.representation
        representation = with_unambiguous_date(
            await build(edition), cached and cached.representation
        )
        if representation.is_provisional:
            return representation
        self._documents.put(key, _CachedDocument(ref(edition), representation), representation.size)
        return representation
