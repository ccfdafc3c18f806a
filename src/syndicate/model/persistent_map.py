"""A mapping in drawers that its versions share: a change copies the few that it touches."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, Self, TypeVar

from typing_extensions import override

_K = TypeVar("_K")
_V = TypeVar("_V")

_BUCKET_SIZE: Final = 64
"""Entries of a drawer, about."""

_MAX_BUCKET_SIZE: Final = 4 * _BUCKET_SIZE
"""Entries of a drawer at which there are too few of them."""


class PersistentMap(Mapping[_K, _V], Generic[_K, _V]):
    """A mapping that is never changed."""

    def __init__(self, buckets: tuple[dict[_K, _V], ...]) -> None:
        self._buckets = buckets

    @classmethod
    def from_mapping(cls, entries: Mapping[_K, _V]) -> Self:
        """Return ``entries`` in as many drawers as suits them."""
        buckets = tuple(dict[_K, _V]() for _ in range(len(entries) // _BUCKET_SIZE + 1))
        for key, value in entries.items():
            buckets[hash(key) % len(buckets)][key] = value
        return cls(buckets)

    def with_changes(self, removed: Iterable[_K], added: Mapping[_K, _V]) -> Self:
        """Return the entries without ``gone``, all of which are there, and with ``come``."""
        buckets, copied = list(self._buckets), set[int]()

        def own_bucket(key: _K) -> dict[_K, _V]:
            number = hash(key) % len(buckets)
            if number not in copied:
                copied.add(number)
                buckets[number] = buckets[number].copy()
            return buckets[number]

        for key in removed:
            del own_bucket(key)[key]
        for key, value in added.items():
            own_bucket(key)[key] = value
        made = type(self)(tuple(buckets))
        return made if len(made) <= _MAX_BUCKET_SIZE * len(buckets) else self.from_mapping(made)

    @override
    def __getitem__(self, key: _K) -> _V:
        return self._buckets[hash(key) % len(self._buckets)][key]

    @override
    def __iter__(self) -> Iterator[_K]:
        return (key for drawer in self._buckets for key in drawer)

    @override
    def __len__(self) -> int:
        return sum(map(len, self._buckets))
