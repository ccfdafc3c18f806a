"""Selections: membership, and intersection of selections."""

from hypothesis import given

from syndicate.model.post import Post
from syndicate.model.selection import Selection
from tests import samples, strategies
from tests.samples import TECHNOLOGY, TTS


@given(strategies.selections, strategies.selections, strategies.posts())
def test_intersection_contains_posts_of_both(
    first: Selection, second: Selection, post: Post
) -> None:
    """A post is in the intersection exactly if it is in both selections."""
    assert (post in first.intersect(second)) == (post in first and post in second)


@given(strategies.selections, strategies.selections)
def test_intersection_is_commutative(first: Selection, second: Selection) -> None:
    """As a value."""
    assert first.intersect(second) == second.intersect(first)


@given(strategies.selections)
def test_intersection_with_itself_or_all_is_the_same(selection: Selection) -> None:
    """The open selection is neutral."""
    assert selection.intersect(selection) == selection
    assert selection.intersect(Selection()) == selection


@given(strategies.selections, strategies.selections, strategies.selections, strategies.posts())
def test_intersection_is_associative(
    first: Selection, second: Selection, third: Selection, post: Post
) -> None:
    """Feed, subscription and query select the same posts in any grouping."""
    assert (post in first.intersect(second).intersect(third)) == (
        post in first.intersect(second.intersect(third))
    )


@given(strategies.posts())
def test_empty_lists_select_all_posts(post: Post) -> None:
    """They mean any."""
    assert Selection.create() == Selection()
    assert post in Selection.create()


def test_match_all_requires_every_category() -> None:
    """Otherwise one category is enough."""
    first, both = samples.post(), samples.post(categories=(TECHNOLOGY, TTS))
    slugs = ["technology", "tts"]
    assert first in Selection.create(categories=slugs)
    assert first not in Selection.create(categories=slugs, match_all=True)
    assert both in Selection.create(categories=slugs, match_all=True)


def test_post_without_category_is_in_no_category() -> None:
    """A post without categories is found by none."""
    assert samples.post(categories=()) not in Selection.create(categories=["tts"])


def test_contradicting_carousel_flags_select_nothing() -> None:
    """Rather than the posts of one of them."""
    nothing = Selection.create(carousel=True).intersect(Selection.create(carousel=False))
    assert samples.post(carousel=True) not in nothing
    assert samples.post(carousel=False) not in nothing


def test_different_sources_select_nothing() -> None:
    """An empty set of sources is none, not all."""
    nothing = Selection.create(sources=["news"]).intersect(Selection.create(sources=["updates"]))
    assert nothing.sources == frozenset()
    assert samples.post() not in nothing


def test_language_matches_its_regions() -> None:
    """Basic filtering: es matches es-PR in any case, but neither est nor the reverse."""
    assert samples.post(language="es-PR") in Selection.create(languages=["ES"])
    assert samples.post(language="est") not in Selection.create(languages=["es"])
    assert samples.post(language="es") not in Selection.create(languages=["es-PR"])


def test_language_and_region_intersect_to_the_region() -> None:
    """The result is the narrower range."""
    wide, narrow = (
        Selection.create(languages=["es", "en"]),
        Selection.create(languages=["es-PR", "fr"]),
    )
    assert wide.intersect(narrow).languages == frozenset({"es-pr"})
