"""Drawers are a mapping like any other, and share what did not change."""

from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.persistent_map import PersistentMap

entries = st.dictionaries(st.integers(0, 500), st.integers(), max_size=400)


@given(entries, entries, st.sets(st.integers(0, 500)))
def test_what_is_replaced_is_as_if_made_anew(
    before: dict[int, int], come: dict[int, int], gone: set[int]
) -> None:
    """Whatever goes, comes and changes; the version before stays as it was."""
    gone &= before.keys()
    drawers = PersistentMap.from_mapping(before)
    after = drawers.with_changes(gone, come)
    expected = {key: value for key, value in before.items() if key not in gone} | come
    assert dict(after) == expected
    assert len(after) == len(expected)
    assert dict(drawers) == before
    assert after.get(501) is None


def test_drawers_that_get_full_are_made_anew() -> None:
    """So that a version that began with little is as quick as one that began with much."""
    drawers = PersistentMap.from_mapping({1: 1}).with_changes(
        [], {number: number for number in range(9_999)}
    )
    assert dict(drawers) == {number: number for number in range(9_999)}
    assert drawers.with_changes([], {}) == drawers
