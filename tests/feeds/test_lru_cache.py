"""The LRU cache that is bounded in bytes."""

from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.lru_cache import SizedLruCache

uses = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 12)), max_size=30)


@given(uses, st.integers(0, 20))
def test_cache_contains_the_most_recently_used_values_that_fit(
    uses: list[tuple[int, int]], max_bytes: int
) -> None:
    """A value larger than the cache removes the previous one and is not stored itself."""
    cache = SizedLruCache[int, int](max_bytes, getsizeof=lambda size: size)
    expected: dict[int, int] = {}
    for key, size in uses:
        cache[key] = size
        expected.pop(key, None)
        if size <= max_bytes:
            expected[key] = size
        while sum(expected.values()) > max_bytes:
            del expected[next(iter(expected))]
    assert {key: cache.get(key) for key in range(6)} == {key: expected.get(key) for key in range(6)}
