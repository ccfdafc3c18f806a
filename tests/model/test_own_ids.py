"""Posts that readers know by another id than their tag URI, from a feed they had before."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.change import changes, ledger_of
from syndicate.model.edition import Edition
from syndicate.model.pagination import paginate
from syndicate.model.post import Post
from syndicate.model.selection import Selection
from tests import samples, strategies

GUID = "https://www.example.gov/?p=7"
POST = samples.post("news/2024-01-29-a.md")
LATER = samples.post("news/2024-02-01-b.md", published=samples.PUBLISHED + timedelta(days=3))
ELSEWHERE = samples.post("updates/2024-02-10-x.md", source="updates")


@st.composite
def posts_with_own_ids(draw: st.DrawFn) -> list[Post]:
    """Draw different posts, some of them with an id of their own, not always a unique one."""
    own_ids = st.sampled_from(["", "", "guid 1", "guid 2"])
    return [
        samples.with_own_id(post, own_id) if (own_id := draw(own_ids)) else post
        for post in draw(strategies.distinct_posts())
    ]


def problems(edition: Edition) -> list[tuple[str, str]]:
    """Return the rule and the path of each problem."""
    return [(each.rule, each.path) for part in edition.snapshots for each in part.problems]


def test_post_is_found_by_its_own_id_and_by_its_key() -> None:
    """URLs have the key of the tag URI; the tag URI itself is no id of the post."""
    own = samples.with_own_id(POST, GUID)
    edition = samples.edition(own, LATER)
    assert own.key == POST.key
    assert edition.post(POST.key) is own
    assert edition.find_post(own.id) is own
    assert edition.find_post(POST.id) is None
    assert edition.find_post(LATER.id) is LATER


@given(posts_with_own_ids(), posts_with_own_ids())
def test_ids_of_an_edition_are_unique_and_an_updated_edition_equals_a_new_one(
    before: list[Post], after: list[Post]
) -> None:
    """Whatever the posts' own ids are, and also for the lookup by id."""
    old, new = samples.edition(*before), samples.edition(*after)
    every = [post for part in new.snapshots for post in part.posts]
    assert len({post.id for post in every}) == len(every)
    for post in old.posts:
        assert old.find_post(post.id) == post
    updated = old.with_snapshots(new.snapshots, at=new.at)
    assert updated.posts == new.posts
    assert [updated.find_post(post.id) for post in new.posts] == [*new.posts]


def test_first_published_post_keeps_a_shared_id() -> None:
    """Also among posts of several sources; the other one has its tag URI, and a problem."""
    later = samples.with_own_id(LATER, GUID)
    elsewhere = samples.with_own_id(ELSEWHERE, GUID)
    edition = samples.edition(later, elsewhere)
    assert {post.path: post.id for post in edition.posts} == {
        LATER.path: LATER.id,
        ELSEWHERE.path: GUID,
    }
    assert problems(edition) == [("duplicate-id", LATER.path)]
    (problem,) = edition.snapshots[0].problems
    assert "updates/2024-02-10-x.md of updates" in problem.message


def test_guid_does_not_take_the_tag_uri_of_another_post() -> None:
    """Although it is published first: the other post has no second id to go by."""
    edition = samples.edition(samples.with_own_id(POST, LATER.id), LATER)
    assert [post.id for post in edition.posts] == [LATER.id, POST.id]
    assert problems(edition) == [("duplicate-id", POST.path)]


def test_order_and_cursors_do_not_depend_on_own_ids() -> None:
    """Of posts of one time, the order is that of their tag URIs."""
    posts = [samples.post(f"news/{number}.md") for number in range(9)]
    own = [samples.with_own_id(post, f"https://a.gov/{n}") for n, post in enumerate(posts)]
    plain, edition = samples.edition(*posts), samples.edition(*own)
    assert [post.key for post in edition.posts] == [post.key for post in plain.posts]
    page = paginate(plain.posts, after="", limit=4)
    assert page.next_cursor is not None
    following = paginate(edition.posts, after=page.next_cursor, limit=9)
    assert [post.key for post in following.posts] == [post.key for post in plain.posts[4:]]


def test_changed_id_is_announced_as_a_removal_and_a_new_post() -> None:
    """Both at once, also when only the differences from the last edition are compared."""
    before, after = (
        samples.edition(POST, LATER),
        samples.edition(samples.with_own_id(POST, GUID), LATER),
    )
    for previous in (None, before):
        found = {
            change.entry.row.post_id: (change.entry.reason, change.entry.row.is_live)
            for change in changes(ledger_of(before), after, previous)
            if change.entry
        }
        assert found == {POST.id: ("deleted", False), GUID: ("new", True)}


def test_selection_does_not_depend_on_own_ids() -> None:
    """A post that only gets another id stays in the feeds that it is in."""
    edition = samples.edition(replace(samples.with_own_id(POST, GUID), carousel=True))
    assert [post.id for post in edition.select(Selection(carousel=True))] == [GUID]
