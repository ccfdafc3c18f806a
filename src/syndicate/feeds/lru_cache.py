"""A least-recently-used cache that is bounded in bytes."""

from contextlib import suppress
from typing import TypeVar

from cachetools import LRUCache
from typing_extensions import override

_K = TypeVar("_K")


_V = TypeVar("_V")


class SizedLruCache(LRUCache[_K, _V]):
    """An LRU cache of cachetools; drops a value larger than the whole cache without an error."""

    @override
    def __setitem__(self, key: _K, value: _V) -> None:
        self.pop(key, None)
        with suppress(ValueError):  # cachetools says "value too large"
            super().__setitem__(key, value)
