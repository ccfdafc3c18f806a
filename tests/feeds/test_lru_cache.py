"""A shelf keeps what is used, as far as there is room."""

from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.lru_cache import SizedLruCache

uses = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 12)), max_size=30)


@given(uses, st.integers(0, 20))
def test_a_shelf_keeps_the_latest_that_fit(uses: list[tuple[int, int]], room: int) -> None:
    """What is kept is always the values used last whose sizes fit into the room."""
    shelf = SizedLruCache[int, int](room)
    used: dict[int, int] = {}
    for key, size in uses:
        shelf.put(key, size, size)
        used.pop(key, None)
        used[key] = size
        while sum(used.values()) > room:
            del used[next(iter(used))]
    assert {key: shelf.get(key) for key in range(6)} == {key: used.get(key) for key in range(6)}


def test_looking_at_a_value_keeps_it() -> None:
    """The one unused for longest goes first, however long ago it was put there."""
    shelf = SizedLruCache[str, int](2)
    shelf.put("a", 1, 1)
    shelf.put("b", 2, 1)
    assert shelf.get("a") == 1
    shelf.put("c", 3, 1)
    assert [shelf.get(key) for key in "abc"] == [1, None, 3]
