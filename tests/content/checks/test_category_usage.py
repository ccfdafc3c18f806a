"""Categories across posts."""

import pytest

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.edition import SourceSnapshot
from tests import samples

SETTINGS = Vocabulary(definitions=(CategoryDefinition(category=samples.TECHNOLOGY),))


def part(*slugs: str, default: str = "default") -> SourceSnapshot:
    """Return a part with one post for each of ``slugs``, and a default category."""
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
def test_the_rarer_of_two_spellings_is_likely_a_slip(rare: str, usual: str) -> None:
    """Hyphens, a final s, a missing letter."""
    subjects = CategoryUsage.count([part(rare, usual, usual)], Vocabulary())

    assert {slug: near.slug for slug, near in subjects.similar.items()} == {rare: usual}


@pytest.mark.parametrize(
    ("one", "other"),
    [("budget-2015", "budget-2016"), ("news", "new-york"), ("api", "apis-2"), ("law", "lab")],
)
def test_other_words_are_no_slips(one: str, other: str) -> None:
    """Other numbers, other words, short ones."""
    assert CategoryUsage.count([part(one, other, other)], Vocabulary()).similar == {}


def test_of_two_equally_frequent_spellings_none_is_wrong() -> None:
    """Nobody can tell which one is meant."""
    assert CategoryUsage.count([part("design", "designs")], Vocabulary()).similar == {}


def test_a_stranger_is_of_one_post_and_not_in_the_settings() -> None:
    """What many posts have is established; what the source gives all of them is meant."""
    subjects = CategoryUsage.count([part("rare", "usual", "usual", "technology")], SETTINGS)

    assert subjects.unknown == {"rare"}
    assert subjects.defined == ("Technology",)
    assert CategoryUsage.count([part("rare")], Vocabulary()).unknown == frozenset()
