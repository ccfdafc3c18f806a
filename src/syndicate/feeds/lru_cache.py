"""A place for what may be needed again, with as much room as it is given."""

from collections import OrderedDict
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class SizedLruCache(Generic[_K, _V]):
    """Keeps values while their sizes sum up to ``room``; the one unused for longest goes first."""

    def __init__(self, max_bytes: int) -> None:
        self._free_bytes = max_bytes
        self._values: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        """Return the value kept as ``key``, None if there is none."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: _K, value: _V, size: int) -> None:
        """Keep ``value`` of ``size`` as ``key``; one that is larger than the room is not kept."""
        self._free_bytes += self._values.pop(key, (value, 0))[1] - size
        self._values[key] = (value, size)
        while self._free_bytes < 0:
            self._free_bytes += self._values.popitem(last=False)[1][1]
