"""Keyset pagination while posts are added and removed."""

import base64
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import UsageError
from syndicate.model.pagination import Page, paginate
from syndicate.model.post import Post
from syndicate.model.selection import Selection
from tests import samples, strategies

limits = st.integers(1, 7)
forever = strategies.distinct_posts(expires=st.none())
featured = strategies.distinct_posts(expires=st.none(), carousel=st.just(value=True))
LATER = samples.NOW + timedelta(days=7)
Posts = Sequence[Post]


def walk(posts: Callable[[], Posts], limit: int, *, carousel: bool = False) -> Iterator[Page]:
    """Yield each page of the current ``posts``."""
    after: str | None = ""
    while after is not None:
        page = paginate(posts(), after=after, limit=limit, carousel=carousel)
        yield page
        after = page.next_cursor


def in_order(posts: list[Post], *, carousel: bool = False) -> Posts:
    """Return ``posts``, all live, in the order of a feed or a carousel."""
    return samples.edition(*posts, at=LATER).select(Selection(carousel=carousel or None))


@given(featured, st.booleans(), limits)
def test_pages_cover_the_selection_once(posts: list[Post], carousel: bool, limit: int) -> None:
    """Each post is on one page, in order, and every page but the last is full."""
    expected = in_order(posts, carousel=carousel)
    pages = list(walk(lambda: expected, limit, carousel=carousel))
    assert tuple(post for page in pages for post in page.posts) == expected
    assert all(len(page.posts) == limit for page in pages[:-1])


@given(forever, limits, st.data())
def test_staying_post_is_visited_once(posts: list[Post], limit: int, data: st.DataObject) -> None:
    """Other posts may be added and removed between any two pages."""
    half = len(posts) // 2
    staying, others = posts[:half], posts[half:]
    some = st.lists(st.sampled_from(others) if others else st.nothing(), unique_by=id)
    moments = walk(lambda: in_order([*staying, *data.draw(some)]), limit)
    visited = [post.id for page in moments for post in page.posts]
    assert len(visited) == len(set(visited))
    assert {post.id for post in staying} <= set(visited)


@given(featured, limits, st.data())
def test_staying_carousel_post_is_never_missed(
    posts: list[Post], limit: int, data: st.DataObject
) -> None:
    """If the last post of a page is removed, its day is repeated."""
    gone = data.draw(st.sets(st.sampled_from(posts) if posts else st.nothing()))
    before = in_order(posts, carousel=True)
    after = in_order([post for post in posts if post not in gone], carousel=True)
    first = paginate(before, after="", limit=limit, carousel=True)
    visited = {post.id for post in first.posts}
    if first.next_cursor:
        second = paginate(after, after=first.next_cursor, limit=len(posts), carousel=True)
        visited |= {post.id for post in second.posts}
    assert {post.id for post in after} <= visited


def test_cursor_has_exact_microseconds() -> None:
    """Two posts that a float cannot distinguish keep their order."""
    instant = datetime(9000, 1, 1, tzinfo=UTC)
    posts = tuple(
        samples.post(f"news/{n}.md", published=instant - timedelta(microseconds=n))
        for n in range(40)
    )
    assert tuple(post for page in walk(lambda: posts, 1) for post in page.posts) == posts


@pytest.mark.parametrize(("removed", "rest"), [("", ["a"]), ("b", ["c", "a"])])
def test_carousel_page_repeats_the_day_of_a_removed_post(removed: str, rest: list[str]) -> None:
    """A carousel is ordered by day, and the place of a removed post within its day is unknown."""
    posts = {name: samples.post(f"news/{name}.md", carousel=True) for name in "abc"}
    first = paginate(in_order([*posts.values()], carousel=True), after="", limit=2, carousel=True)
    assert first.posts == (posts["c"], posts["b"])
    assert first.next_cursor
    left = in_order([post for name, post in posts.items() if name != removed], carousel=True)
    second = paginate(left, after=first.next_cursor, limit=9, carousel=True)
    assert second.posts == tuple(posts[name] for name in rest)


def test_last_page_has_no_cursor() -> None:
    """Also if it is full."""
    posts = samples.posts(4)
    first, second = walk(lambda: posts, 2)
    assert first.next_cursor
    assert second.next_cursor is None
    assert paginate((), after="", limit=2) == Page(posts=(), next_cursor=None)


@pytest.mark.parametrize(
    "cursor",
    [
        "!",
        "é",
        "abc",
        base64.urlsafe_b64encode(b"no-space").decode(),
        base64.urlsafe_b64encode(b"soon tag:x").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe 1").decode(),
        base64.urlsafe_b64encode(b"9" * 5000 + b" tag:x").decode(),
    ],
)
def test_invalid_cursor_is_rejected(cursor: str) -> None:
    """The error names the parameter and its value, and says what to do."""
    with pytest.raises(UsageError, match="invalid cursor in 'after'") as caught:
        paginate(samples.posts(1), after=cursor, limit=1)
    assert caught.value.code == "malformed-cursor"
    assert "next_url" in caught.value.hint
