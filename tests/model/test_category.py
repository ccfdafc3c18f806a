"""Categories are found by any of their spellings."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.category import Category, CategoryDefinition, Vocabulary, slug
from tests.samples import TTS

VOCABULARY = Vocabulary(
    definitions=(
        CategoryDefinition(
            category=TTS, aliases=("TTS", "technology-transformation-services", "18F")
        ),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Technology Transformation Services", "technology-transformation-services"),
        ("social media", "social-media"),
        ("social-media", "social-media"),
        ("  R&D / Open_Source!  ", "r-d-open-source"),
        ("Salud pública", "salud-pública"),
        ("Salud pu\u0301blica", "salud-pública"),
        ("", ""),
        ("—", ""),
    ],
)
def test_a_slug_is_lower_case_with_single_hyphens(text: str, expected: str) -> None:
    """Runs of other than letters and digits become one hyphen, at the ends none."""
    assert slug(text) == expected


@given(st.text())
def test_a_slug_is_its_own_slug(text: str) -> None:
    """Whatever a category is called, its slug in an address leads back to it."""
    made = slug(text)
    assert slug(made) == made
    assert not re.search(r"^-|--|-$|[\s_/?#&%]", made)


@pytest.mark.parametrize(
    "text", ["tts", "TTS", "Tts", "technology transformation services", "18f", " TTS "]
)
def test_every_spelling_means_the_category(text: str) -> None:
    """Slug, title and aliases are one category, in any case."""
    assert VOCABULARY.category(text) == TTS


def test_an_unknown_spelling_is_a_category_of_its_own() -> None:
    """Its slug follows from its title, whose white space is folded."""
    expected = Category(slug="digital-services", title="Digital services")
    assert VOCABULARY.category("Digital \n services") == expected


def test_a_text_without_letters_is_no_category() -> None:
    """Nothing could address it."""
    assert VOCABULARY.category(" -- ") is None


def test_categories_keep_their_order_and_lose_their_doubles() -> None:
    """Two spellings of one category are one, where the first of them stood."""
    found = VOCABULARY.categories(["18F", "News", "tts", "", "news"])
    assert [category.slug for category in found] == ["tts", "news"]


def test_the_first_term_keeps_a_spelling_that_two_claim() -> None:
    """An operator's order decides, not the last line of the settings."""
    other = CategoryDefinition(category=Category(slug="other", title="Other"), aliases=("TTS",))
    vocabulary = Vocabulary(definitions=(*VOCABULARY.definitions, other))
    assert vocabulary.category("tts") == TTS
