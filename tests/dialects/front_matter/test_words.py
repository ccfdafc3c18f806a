"""Words of languages with and without spaces."""

import pytest

from syndicate.dialects.front_matter.words import first_words, reading_minutes


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One  two\n\nthree four", "One two three"),
        ("One", "One"),
        ("", ""),
        ("一二\uff0c三四。", "一二\uff0c三"),
        ("Open 数据 portal", "Open 数据"),
        ("ข้อมูลเปิดภาครัฐ", "ข้อมูลเปิดภาครัฐ"[:16]),
        ("データは公開", "データ"),
    ],
)
def test_first_words_end_after_a_word(text: str, first: str) -> None:
    """A character of Chinese and Japanese is a word; its punctuation stays with it."""
    assert first_words(text, 3) == first


def test_letters_stay_with_their_marks() -> None:
    """Five letters of Thai count as a word."""
    text = "กี่" * 11
    assert first_words(text, 2) == "กี่" * 10


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", 1),
        ("word " * 230, 1),
        ("word " * 231, 2),
        ("字" * 500, 1),
        ("字\uff0c" * 501, 2),
        ("字" * 500 + " word" * 230, 2),
        ("ก" * 5 * 231, 2),
    ],
)
def test_reading_time_counts_words_and_characters(text: str, minutes: int) -> None:
    """230 words, or 500 characters of Chinese and Japanese, a minute."""
    assert reading_minutes(text) == minutes
