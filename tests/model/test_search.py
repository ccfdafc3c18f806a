"""What a person searches for."""

import pytest

from syndicate.errors import UsageError
from syndicate.model.search import SearchTerms


@pytest.mark.parametrize(
    ("text", "words", "phrases"),
    [
        ("Design  system", ("Design", "system"), ()),
        ('open "civic technology"', ("open",), ("civic technology",)),
        ("open “civic technology”", ("open",), ("civic technology",)),
        ('"unclosed phrase', ("unclosed", "phrase"), ()),
        ("- ... !", (), ()),
        ('"" ?', (), ()),
        ("a\0b \ud800 c", ("a", "b", "c"), ()),
        ("café 18F", ("café", "18F"), ()),
    ],
)
def test_terms_are_words_and_quoted_phrases(
    text: str, words: tuple[str, ...], phrases: tuple[str, ...]
) -> None:
    """Without those that have no letter or digit."""
    terms = SearchTerms.parse(text)

    assert terms
    assert (terms.words, terms.phrases) == (words, phrases)


def test_empty_text_is_no_search() -> None:
    """As if the parameter were not given."""
    assert SearchTerms.parse(" \n ") is None


def test_long_text_is_refused() -> None:
    """With its length."""
    with pytest.raises(UsageError, match="q has 201 characters"):
        SearchTerms.parse("x" * 201)
