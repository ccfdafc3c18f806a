"""A place for what may be needed again, with as much room as it is given."""

from collections import OrderedDict
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Shelf(Generic[_K, _V]):
    """Keeps values while their sizes sum up to ``room``; the one unused for longest goes first."""

    def __init__(self, room: int) -> None:
        self._left = room
        self._kept: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        """Return the value kept as ``key``, None if there is none."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept[0]

    def put(self, key: _K, value: _V, size: int) -> None:
        """Keep ``value`` of ``size`` as ``key``; one that is larger than the room is not kept."""
        self._left += self._kept.pop(key, (value, 0))[1] - size
        self._kept[key] = (value, size)
        while self._left < 0:
            self._left += self._kept.popitem(last=False)[1][1]
