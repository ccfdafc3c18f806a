"""The usage of categories across posts."""

from dataclasses import replace

import pytest

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.edition import SourceSnapshot
from tests import samples

SETTINGS = Vocabulary(definitions=(CategoryDefinition(category=samples.TECHNOLOGY),))


def snapshot(*slugs: str, default: str = "default") -> SourceSnapshot:
    """Return a snapshot with one post for each of ``slugs``, and a default category."""
    given = Category(slug=default, title=default)
    return SourceSnapshot(
        source=samples.source(categories=(given,)),
        commit=samples.COMMIT,
        committed=samples.NOW,
        posts=tuple(
            samples.post(f"news/{n}.md", categories=(Category(slug=slug, title=slug), given))
            for n, slug in enumerate(slugs)
        ),
    )


@pytest.mark.parametrize(
    ("rare", "usual"),
    [
        ("open-source", "opensource"),
        ("design", "designs"),
        ("user-reserch", "user-research"),
    ],
)
def test_rarer_spelling_is_probably_a_mistake(rare: str, usual: str) -> None:
    """Spellings differ in hyphens, a plural s or a missing letter."""
    subjects = CategoryUsage.count([snapshot(rare, usual, usual)], Vocabulary())

    assert {slug: near.slug for slug, near in subjects.similar.items()} == {rare: usual}


@pytest.mark.parametrize(
    ("one", "other"),
    [("budget-2015", "budget-2016"), ("news", "new-york"), ("api", "apis-2"), ("law", "lab")],
)
def test_different_words_are_not_similar(one: str, other: str) -> None:
    """Numbers, other words and short words are different."""
    assert CategoryUsage.count([snapshot(one, other, other)], Vocabulary()).similar == {}


def test_equally_common_spellings_are_not_reported() -> None:
    """It is unknown which of the two is right."""
    assert CategoryUsage.count([snapshot("design", "designs")], Vocabulary()).similar == {}


def test_unknown_category_has_one_post_and_is_not_in_the_settings() -> None:
    """Common categories and default categories of the source are not reported."""
    subjects = CategoryUsage.count([snapshot("rare", "usual", "usual", "technology")], SETTINGS)

    assert subjects.unknown == {"rare"}
    assert subjects.defined == ("Technology",)
    assert CategoryUsage.count([snapshot("rare")], Vocabulary()).unknown == frozenset()


@pytest.mark.parametrize(("without", "expected"), [(0, True), (1, True), (2, False)])
def test_source_has_categories_if_nearly_all_posts_do(without: int, expected: bool) -> None:
    """One of ten posts may be an exception; a few posts are no habit."""
    ten = snapshot(*["forms"] * 10)
    posts = tuple(
        replace(post, categories=() if number < without else post.categories)
        for number, post in enumerate(ten.posts)
    )

    usage = CategoryUsage.count([replace(ten, posts=posts)], Vocabulary())

    assert (usage.categorized_sources == {"news"}) is expected
    assert not CategoryUsage.count([snapshot(*["forms"] * 4)], Vocabulary()).categorized_sources
