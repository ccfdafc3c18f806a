"""A mapping in drawers that its versions share: a change copies the few that it touches."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, Self, TypeVar

from typing_extensions import override

_K = TypeVar("_K")
_V = TypeVar("_V")

_EACH: Final = 64
"""Entries of a drawer, about."""

_FULL: Final = 4 * _EACH
"""Entries of a drawer at which there are too few of them."""


class Drawers(Mapping[_K, _V], Generic[_K, _V]):
    """A mapping that is never changed."""

    def __init__(self, drawers: tuple[dict[_K, _V], ...]) -> None:
        self._drawers = drawers

    @classmethod
    def of(cls, entries: Mapping[_K, _V]) -> Self:
        """Return ``entries`` in as many drawers as suits them."""
        drawers = tuple(dict[_K, _V]() for _ in range(len(entries) // _EACH + 1))
        for key, value in entries.items():
            drawers[hash(key) % len(drawers)][key] = value
        return cls(drawers)

    def replaced(self, gone: Iterable[_K], come: Mapping[_K, _V]) -> Self:
        """Return the entries without ``gone``, all of which are there, and with ``come``."""
        drawers, opened = list(self._drawers), set[int]()

        def opening(key: _K) -> dict[_K, _V]:
            number = hash(key) % len(drawers)
            if number not in opened:
                opened.add(number)
                drawers[number] = drawers[number].copy()
            return drawers[number]

        for key in gone:
            del opening(key)[key]
        for key, value in come.items():
            opening(key)[key] = value
        made = type(self)(tuple(drawers))
        return made if len(made) <= _FULL * len(drawers) else self.of(made)

    @override
    def __getitem__(self, key: _K) -> _V:
        return self._drawers[hash(key) % len(self._drawers)][key]

    @override
    def __iter__(self) -> Iterator[_K]:
        return (key for drawer in self._drawers for key in drawer)

    @override
    def __len__(self) -> int:
        return sum(map(len, self._drawers))
