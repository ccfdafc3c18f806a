"""Conversion of front-matter values."""

from datetime import date

import pytest

from syndicate.dialects import fields


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (" Forms ", "Forms"),
        ("", None),
        (" \n", None),
        (None, None),
        (3, None),
        (date(2024, 1, 29), "2024-01-29"),
        (True, None),
        (["Forms"], None),
        ({}, None),
    ],
)
def test_text_is_trimmed_and_blank_is_absent(value: object, meant: str | None) -> None:
    """Dates count as text, booleans and lists do not."""
    assert fields.as_text(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("A <em>new</em>\n form", "A new form"),
        ("Q&amp;A: 5 &lt; 6 &gt; 4", "Q&A: 5 < 6 > 4"),
        ("a < b and c > d", "a < b and c > d"),
        ("Rated 5* *", "Rated 5* *"),
        ("<!-- x --> ", None),
        ("&nbsp;", None),
        (None, None),
    ],
)
def test_plain_text_has_no_markup(value: object, meant: str | None) -> None:
    """Tags are removed, entities replaced, white space collapsed; stars are kept."""
    assert fields.as_plain_text(value) == meant


def test_invalid_entity_is_kept() -> None:
    """A number of thousands of digits is invalid; other entities are replaced."""
    endless = f"&#{'9' * 5000};"
    assert fields.as_plain_text(f"a {endless} &amp;") == f"a {endless} &"
    assert fields.as_plain_text("&#xD800;&#1114112;") == "\ufffd\ufffd"


def test_entities_end_in_a_semicolon() -> None:
    """A query string of a URL holds none."""
    assert fields.as_plain_text("?a=1&sect=2&copy=3 &copy; &#x41;") == (
        "?a=1&sect=2&copy=3 \N{COPYRIGHT SIGN} A"
    )


def test_html_is_detected() -> None:
    """A tag is HTML, a comparison or a list is not."""
    assert fields.has_html("A <em>new</em> form")
    assert not fields.has_html("a < b")
    assert not fields.has_html(["<em>"])


@pytest.mark.parametrize(
    ("value", "meant"),
    [("", ""), ("  ", ""), (None, None), (" a\n b ", "a b"), ([], None)],
)
def test_empty_text_can_be_declared(value: object, meant: str | None) -> None:
    """Empty text is different from null."""
    assert fields.as_declared_text(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (["a", " b ", "", None, True], ("a", "b")),
        ("a, b", ("a, b",)),
        (
            [{"name": "Ada Example", "url": "x"}, {"slug": "b"}, {"x": "y"}],
            ("Ada Example", "b", "y"),
        ),
        ([{"tag": "Open Data", "color": "red"}, {"x": "y", "z": "w"}], ("Open Data",)),
        ({"title": "a"}, ("a",)),
        ([], None),
        (None, None),
        ([["nested"]], None),
    ],
)
def test_list_may_have_texts_or_mappings_with_names(value: object, meant: object) -> None:
    """A single text is a list of one; mappings count by their name, or by their only text."""
    assert fields.as_texts(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" True ", True),
        ("yes", True),
        ("on", True),
        ("false", False),
        ("no", False),
        ("off", False),
        ("maybe", None),
        (1, None),
        (None, None),
        ("", None),
    ],
)
def test_boolean_words(value: object, meant: bool | None) -> None:
    """The booleans of YAML 1.1, quoted or not; other values are None."""
    assert fields.as_bool(value) is meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("4", 4),
        ("4 min read", 4),
        ("about 12", 12),
        ("0", None),
        ("soon", None),
        (None, None),
    ],
)
def test_minutes_are_the_first_number(value: object, meant: int | None) -> None:
    """Zero is not a reading time."""
    assert fields.as_minutes(value) == meant


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("ada-example", "Ada Example"),
        ("ada.example", "Ada Example"),
        ("jd", "J. Doe"),
        ("Ada  Example", "Ada Example"),
        ("Office of X", "Office of X"),
        ("ada example", "ada example"),
    ],
)
def test_author_slug_becomes_a_name(word: str, name: str) -> None:
    """Slugs are looked up or capitalized; names are unchanged."""
    assert fields.person_name(word, {"jd": "J. Doe"}) == name
