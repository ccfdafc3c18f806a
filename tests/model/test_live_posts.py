"""Incremental updates of live posts and of their index equal a rebuild."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.post import Post
from syndicate.model.post_index import LivePosts, PostIndex
from syndicate.model.post_list import PostList
from syndicate.model.selection import Selection
from tests import samples

START = datetime(2024, 1, 1, tzinfo=UTC)
SELECTIONS = [
    Selection(),
    Selection.create(categories=["technology"]),
    Selection.create(categories=["technology", "tts"], match_all=True),
    Selection.create(categories=["technology", "tts"], carousel=True),
    Selection.create(sources=["news"], carousel=False),
]


def post(number: int, day: int, kind: int) -> Post:
    """Return one of a few posts, in one of its versions."""
    published = START + timedelta(days=day)
    return samples.post(
        f"news/{number}.md",
        published=published,
        title=f"{number} as {kind}",
        categories=((), (samples.TECHNOLOGY,), (samples.TTS, samples.TECHNOLOGY))[kind % 3],
        carousel=kind % 2 == 0,
        expires=published + timedelta(days=2) if kind == 3 else None,
        translation=str(number // 2) if kind else "",
        language="en" if number % 2 else "es",
    )


versions = st.dictionaries(
    st.integers(0, 5), st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=6
)
editions = st.lists(st.tuples(versions, versions, st.integers(-1, 2)), min_size=1, max_size=5)


@given(editions)
def test_updated_live_posts_equal_rebuilt_ones(
    editions: list[tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]], int]],
) -> None:
    """For any additions, removals, changes, times and lookups."""
    made: dict[tuple[int, int, int], Post] = {}
    at, live_posts = START + timedelta(days=2), LivePosts.build((PostList(()), PostList(())), START)
    for first, second, days in editions:
        sources = tuple(
            PostList.from_posts(
                sorted(
                    (made.setdefault((n, *v), post(n, *v)) for n, v in part.items()),
                    key=lambda post: (post.published, post.id),
                )
            )
            for part in (first, {n + 10: v for n, v in second.items()})
        )
        at += timedelta(days=days)
        live_posts, rebuilt = live_posts.updated(sources, at), LivePosts.build(sources, at)
        assert (live_posts.at, live_posts.expired, live_posts.next_change_at) == (
            rebuilt.at,
            rebuilt.expired,
            rebuilt.next_change_at,
        )
        assert look(live_posts.index) == look(rebuilt.index)


def look(index: PostIndex) -> tuple[object, ...]:
    """Use every lookup of an index."""
    return (
        index.posts,
        index.by_key,
        index.label_counts,
        index.translations,
        [list(index.matching(selection.criteria)) for selection in SELECTIONS],
    )


def test_lookups_are_updated_in_place_for_few_changes() -> None:
    """An edit and a new post keep all positions; others are rebuilt when they are used."""
    posts = samples.posts(5)
    index = PostIndex.from_posts(posts)
    newest, *_, oldest = index.posts
    assert index.positions
    edited = replace(oldest, categories=())
    new = replace(samples.post("news/new.md"), published=newest.published + timedelta(1))
    later = index.with_changes([oldest], [edited, new])
    assert "positions" in vars(later)
    assert later.posts == (new, *index.posts[:-1], edited)
    assert "positions" not in vars(later.with_changes([newest], []))


def test_many_changes_rebuild_everything() -> None:
    """As when a folder is read for the first time; lookups that existed are built again."""
    posts = PostList.from_posts(post(number, 0, 1) for number in range(1_001))
    before = LivePosts.build((PostList(()),), START)
    assert before.index.positions == {}
    live_posts = before.updated((posts,), START)
    assert len(live_posts.index.posts) == 1_001
    assert vars(live_posts.index).keys() == {"posts", "positions"}


def test_new_source_rebuilds_everything() -> None:
    """Such as one that was unavailable at first."""
    live_posts = LivePosts.build((), START).updated((PostList.from_posts([post(1, 0, 1)]),), START)
    assert len(live_posts.index.posts) == 1
