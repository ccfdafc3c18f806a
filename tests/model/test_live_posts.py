"""Rolls and catalogues made from the one before are the same as made anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.live_posts import LivePosts
from syndicate.model.post import Post
from syndicate.model.post_index import PostIndex
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
def test_the_next_roll_is_the_same_as_one_called_anew(
    editions: list[tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]], int]],
) -> None:
    """Whatever comes, goes, changes and turns, and whatever was looked up before."""
    made: dict[tuple[int, int, int], Post] = {}
    at, roll = START + timedelta(days=2), LivePosts.build((PostList(()), PostList(())), START)
    for one, two, days in editions:
        held = tuple(
            PostList.from_posts(
                sorted(
                    (made.setdefault((n, *v), post(n, *v)) for n, v in part.items()),
                    key=lambda post: (post.published, post.id),
                )
            )
            for part in (one, {n + 10: v for n, v in two.items()})
        )
        at += timedelta(days=days)
        roll, anew = roll.updated(held, at), LivePosts.build(held, at)
        assert (roll.at, roll.expired, roll.next_change_at) == (
            anew.at,
            anew.expired,
            anew.next_change_at,
        )
        assert look(roll.index) == look(anew.index)


def look(catalogue: PostIndex) -> tuple[object, ...]:
    """Look everything up in a catalogue."""
    return (
        catalogue.posts,
        catalogue.by_key,
        catalogue.label_counts,
        catalogue.translations,
        [list(catalogue.matching(selection.criteria)) for selection in SELECTIONS],
    )


def test_only_what_changed_is_looked_at() -> None:
    """An edit and a new post leave every place as it is; others are counted anew when asked."""
    posts = samples.posts(5)
    catalogue = PostIndex.from_posts(posts)
    newest, *_, oldest = catalogue.posts
    assert catalogue.positions
    edited = replace(oldest, categories=())
    new = replace(samples.post("news/new.md"), published=newest.published + timedelta(1))
    later = catalogue.with_changes([oldest], [edited, new])
    assert "places" in vars(later)
    assert later.posts == (new, *catalogue.posts[:-1], edited)
    assert "places" not in vars(later.with_changes([newest], []))


def test_much_that_changed_is_counted_anew() -> None:
    """A folder that is read for the first time; what was looked up before is there again."""
    posts = PostList.from_posts(post(number, 0, 1) for number in range(1_001))
    before = LivePosts.build((PostList(()),), START)
    assert before.index.positions == {}
    roll = before.updated((posts,), START)
    assert len(roll.index.posts) == 1_001
    assert vars(roll.index).keys() == {"posts", "places"}


def test_sources_that_come_are_counted_anew() -> None:
    """One that could not be read at first."""
    roll = LivePosts.build((), START).updated((PostList.from_posts([post(1, 0, 1)]),), START)
    assert len(roll.index.posts) == 1
