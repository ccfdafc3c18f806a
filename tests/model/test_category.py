"""Slugs, labels and the vocabulary of categories."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.category import Category, CategoryDefinition, Vocabulary, category_slug, slug
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
def test_slug_is_lower_case_with_single_hyphens(text: str, expected: str) -> None:
    """Runs of other characters than letters and digits become one hyphen, none at the ends."""
    assert slug(text) == expected


@given(st.text())
def test_slug_is_idempotent(text: str) -> None:
    """The slug of a slug is itself, for any text."""
    made = slug(text)
    assert slug(made) == made
    assert not re.search(r"^-|--|-$|[\s_/?#&%]", made)


@pytest.mark.parametrize(
    "text", ["tts", "TTS", "Tts", "technology transformation services", "18f", " TTS "]
)
def test_slug_title_and_alias_mean_the_category(text: str) -> None:
    """In any case."""
    assert VOCABULARY.category(text) == TTS


def test_unknown_label_is_a_category_of_its_own() -> None:
    """Its slug is derived from its title, whose white space is collapsed."""
    expected = Category(slug="digital-services", title="Digital services")
    assert VOCABULARY.category("Digital \n services") == expected


def test_text_without_letters_and_digits_is_no_category() -> None:
    """It would have no slug."""
    assert VOCABULARY.category(" -- ") is None


def test_categories_are_unique_and_in_order() -> None:
    """Two labels of one category count once, at the position of the first."""
    found = VOCABULARY.categories(["18F", "News", "tts", "", "news"])
    assert [category.slug for category in found] == ["tts", "news"]


def test_first_definition_wins_a_shared_label() -> None:
    """The order of the settings decides."""
    other = CategoryDefinition(category=Category(slug="other", title="Other"), aliases=("TTS",))
    vocabulary = Vocabulary(definitions=(*VOCABULARY.definitions, other))
    assert vocabulary.category("tts") == TTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("🚀", "rocket"),
        ("🚀 launch", "launch"),
        ("👩\u200d💻", "woman-personal-computer"),
        ("❤\ufe0f 👍🏽", "heavy-black-heart-thumbs-up-sign"),
        ("🇺🇸", "us"),
        ("???", ""),
    ],
)
def test_slug_of_an_emoji_is_its_name(text: str, expected: str) -> None:
    """A category of symbols alone has a URL; its title stays as it is written."""
    assert category_slug(text) == expected
    found = VOCABULARY.category(text)
    assert (found and (found.slug, found.title)) == ((expected, text) if expected else None)
