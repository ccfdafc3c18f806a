"""Immutable post lists: updates, sharing, differences."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.post import Post
from syndicate.model.post_list import PostList, sort_key
from tests import samples

START = datetime(2024, 1, 1, tzinfo=UTC)


def post(number: int, day: int) -> Post:
    """Return one of many posts, in one of its versions."""
    return samples.post(f"news/{number}.md", published=START + timedelta(days=day))


MANY = [post(number, number // 3) for number in range(1_500)]
numbers = st.sets(st.integers(0, 1_499), max_size=60) | st.just(set(range(300, 1_000)))


@given(numbers, numbers, numbers, st.booleans())
def test_updated_list_equals_a_new_one(
    out: set[int], gone: set[int], edited: set[int], falling: bool
) -> None:
    """For any removals, additions and replacements, in both orders."""
    gone, edited = gone - out, edited - out - gone
    before = sorted(
        (post for number, post in enumerate(MANY) if number not in out),
        key=sort_key,
        reverse=falling,
    )
    sheets = PostList.from_posts(before)
    new = [post(number, number // 3) for number in edited]
    come = [*(MANY[number] for number in out), *new]
    left = [MANY[number] for number in gone | edited]
    after = sheets.with_changes(left, come, descending=falling)
    ids = {*map(id, left)}
    expected = sorted(
        [*(post for post in before if id(post) not in ids), *come], key=sort_key, reverse=falling
    )
    assert [*map(id, after)] == [*map(id, expected)]
    assert [*map(id, reversed(after))] == [*map(id, reversed(expected))]
    assert after == tuple(expected)
    assert len(after) == len(expected)
    assert after.last_updated == max((post.updated for post in expected), default=None)
    assert (after[:7], after[-3:], after[5:900:200]) == (
        tuple(expected[:7]),
        tuple(expected[-3:]),
        tuple(expected[5:900:200]),
    )
    difference = after.difference(sheets)
    assert [{*map(id, some)} for some in difference] == [ids, {*map(id, come)}]


def test_unchanged_chunks_are_shared() -> None:
    """One more post copies one chunk of many."""
    sheets = PostList.from_posts(MANY)
    later = sheets.with_changes([], [post(9_999, 9_999)])
    assert len({*map(id, later.chunks)} - {*map(id, sheets.chunks)}) == 1
    assert PostList.from_posts(later) is later


def test_lists_are_compared_by_their_posts() -> None:
    """With tuples as well; an index out of range is an error, as in any list."""
    sheets = PostList.from_posts(MANY[:2])
    assert sheets == PostList.from_posts(MANY[:2])
    assert hash(sheets) == hash(tuple(MANY[:2]))
    assert sheets != (MANY[0],)
    assert sheets != (MANY[1], MANY[0])
    assert sheets != MANY[:2]
    assert (sheets[0], sheets[-1]) == (MANY[0], MANY[1])
    assert repr(PostList(())) == "PostList([])"
    for place in (2, -3):
        with pytest.raises(IndexError):
            _ = sheets[place]
