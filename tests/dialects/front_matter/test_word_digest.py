"""The digest changes with the words, not with markup, URLs and white space."""

import pytest

from syndicate.dialects.front_matter.words import digest_words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Fill in the form.", "Fill  in\nthe form"),
        ("Fill in the form.", "**Fill** in _the_ `form`."),
        ("Fill in the form.", "# Fill in\n\n> the form"),
        ("Fill in [the form](/a).", "Fill in [the form](https://b.gov/c_(d) 'title')."),
        ("Fill in [the form](/a).", "Fill in [the form][form]\n\n[form]: https://b.gov\n"),
        ("Fill in [the form](/a).", 'Fill in <a href="/b" title="the">the form</a>.'),
        ("Fill in [the form]({{ site.baseurl }}/a).", 'Fill in [the form]({{ "/b" | url }}).'),
        ("Fill in ![a form](/a.png) it", "Fill in ![another\ntext](/b.png) it"),
        ("Fill in ![a form](/a.png) it", 'Fill in {% image "b.png" "another" %} it'),
        ("Fill in ![a form](/a.png) it", 'Fill in <img src="b.png" alt="x"> it{:.wide}'),
        ("Fill in it", "Fill in{{< figure src='a.png' >}} it {.wide #id}"),
        ("See https://a.gov/b now", "See https://c.gov/d?e=f now"),
        ("See <https://a.gov/b> now", "See now"),
        ("don't \u201cquote\u201d \u2014 it", 'don\u2019t "quote" - it'),
        ("R&amp;D", "R & D"),
        ("inter\u00adnational web\u200bsite", "international website"),
        ("a\u00a0b", "a b"),
    ],
)
def test_markup_and_urls_are_not_words(before: str, after: str) -> None:
    """The same words in other markup have the same digest."""
    assert digest_words([before]) == digest_words([after])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Fill in the form.", "Fill in a form."),
        ("Fill in the form.", "Fill in the form"[:-1]),
        ("one two", "two one"),
        ("2023", "2024"),
        ("in [the form](/a)", "in [the forms](/a)"),
        ("A note[^1]\n\n[^1]: Old text.\n", "A note[^1]\n\n[^1]: New text.\n"),
        ("cafe", "café"),
        ("on", "On"),
        ("a < b", "a"),
        ("", "a"),
    ],
)
def test_other_words_have_another_digest(before: str, after: str) -> None:
    """Every visible change of the text counts, footnotes and case included."""
    assert digest_words([before]).digest != digest_words([after]).digest


def test_texts_are_digested_separately() -> None:
    """A word that moves from the title to the body changes the digest."""
    assert digest_words(["a b", "c"]).digest != digest_words(["a", "b c"]).digest


def test_words_of_the_last_text_are_counted() -> None:
    """Title and summary do not count."""
    assert digest_words(["A title", "", "It's the *form* of 2024.\n"]).count == 5
    assert digest_words([]).count == 0


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    ["{%", "{{", "{:", "![", "](", "][", "[", "<", "http", "![]", "[]:", "\n[", "(", "&", "\u2019"],
)
def test_megabyte_of_openings_is_quick(piece: str) -> None:
    """Unclosed markup is searched in linear time."""
    digest_words([piece * (1_000_000 // len(piece))])
