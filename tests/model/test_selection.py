"""A selection means the same wherever it stands, and narrowing is intersection."""

from hypothesis import given

from syndicate.model.post import Post
from syndicate.model.selection import Selection
from tests import samples, strategies
from tests.samples import TECHNOLOGY, TTS


@given(strategies.selections, strategies.selections, strategies.posts())
def test_narrowing_means_intersection(one: Selection, two: Selection, post: Post) -> None:
    """A post is in the narrowed selection exactly if it is in both."""
    assert (post in one.intersect(two)) == (post in one and post in two)


@given(strategies.selections, strategies.selections)
def test_narrowing_does_not_depend_on_the_order(one: Selection, two: Selection) -> None:
    """A feed narrowed by a query is the query narrowed by the feed, as a value."""
    assert one.intersect(two) == two.intersect(one)


@given(strategies.selections)
def test_narrowing_by_itself_or_by_everything_changes_nothing(selection: Selection) -> None:
    """The open selection is neutral, and saying a thing twice says it once."""
    assert selection.intersect(selection) == selection
    assert selection.intersect(Selection()) == selection


@given(strategies.selections, strategies.selections, strategies.selections, strategies.posts())
def test_narrowing_can_be_grouped_as_one_likes(
    one: Selection, two: Selection, three: Selection, post: Post
) -> None:
    """Feed, subscription and query narrow to the same posts in any grouping."""
    assert (post in one.intersect(two).intersect(three)) == (
        post in one.intersect(two.intersect(three))
    )


@given(strategies.posts())
def test_an_empty_list_asks_nothing(post: Post) -> None:
    """Lists that hold nothing leave the question open."""
    assert Selection.create() == Selection()
    assert post in Selection.create()


def test_any_category_is_enough_unless_all_are_asked_for() -> None:
    """``match_all`` tells the two meanings of a list apart."""
    one, both = samples.post(), samples.post(categories=(TECHNOLOGY, TTS))
    slugs = ["technology", "tts"]
    assert one in Selection.create(categories=slugs)
    assert one not in Selection.create(categories=slugs, match_all=True)
    assert both in Selection.create(categories=slugs, match_all=True)


def test_no_category_is_in_no_selection_of_categories() -> None:
    """A post that is filed under nothing is found by no category."""
    assert samples.post(categories=()) not in Selection.create(categories=["tts"])


def test_a_carousel_and_what_is_not_in_it_have_nothing_in_common() -> None:
    """Contradictory questions give no posts rather than one of the two answers."""
    nothing = Selection.create(carousel=True).intersect(Selection.create(carousel=False))
    assert samples.post(carousel=True) not in nothing
    assert samples.post(carousel=False) not in nothing


def test_two_different_sources_have_nothing_in_common() -> None:
    """An empty set of sources is nothing, not everything."""
    nothing = Selection.create(sources=["news"]).intersect(Selection.create(sources=["updates"]))
    assert nothing.sources == frozenset()
    assert samples.post() not in nothing


def test_a_language_covers_its_regions() -> None:
    """Basic filtering: es covers es-PR in any case, but neither est nor the reverse."""
    assert samples.post(language="es-PR") in Selection.create(languages=["ES"])
    assert samples.post(language="est") not in Selection.create(languages=["es"])
    assert samples.post(language="es") not in Selection.create(languages=["es-PR"])


def test_a_language_and_its_region_narrow_to_the_region() -> None:
    """What both cover is what the narrower one covers."""
    wide, narrow = (
        Selection.create(languages=["es", "en"]),
        Selection.create(languages=["es-PR", "fr"]),
    )
    assert wide.intersect(narrow).languages == frozenset({"es-pr"})
