"""Values of front matter mean what an editor would say they mean."""

from datetime import date

import pytest

from syndicate.dialects.front_matter import value_parsers


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
    """Days count as text, answers and lists do not."""
    assert value_parsers.as_text(value) == meant


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
    """Tags go, entities are resolved, white space is folded; a star is a star."""
    assert value_parsers.as_plain_text(value) == meant


def test_an_entity_without_a_character_stays() -> None:
    """A number of thousands of digits is none; the text around it survives."""
    endless = f"&#{'9' * 5000};"
    assert value_parsers.as_plain_text(f"a {endless} &amp;") == f"a {endless} &amp;"
    assert value_parsers.as_plain_text("&#xD800;&#1114112;") == "\ufffd\ufffd"


def test_markup_is_noticed() -> None:
    """A tag is markup, a comparison or a list is not."""
    assert value_parsers.has_html("A <em>new</em> form")
    assert not value_parsers.has_html("a < b")
    assert not value_parsers.has_html(["<em>"])


@pytest.mark.parametrize(
    ("value", "meant"),
    [("", ""), ("  ", ""), (None, None), (" a\n b ", "a b"), ([], None)],
)
def test_an_empty_text_can_be_a_declaration(value: object, meant: str | None) -> None:
    """An alt text that was written out as empty is not the same as none."""
    assert value_parsers.as_declared_text(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (["a", " b ", "", None, True], ("a", "b")),
        ("a, b", ("a, b",)),
        ([{"name": "Ada Example", "url": "x"}, {"slug": "b"}, {"x": "y"}], ("Ada Example", "b")),
        ({"title": "a"}, ("a",)),
        ([], None),
        (None, None),
        ([["nested"]], None),
    ],
)
def test_a_list_may_hold_texts_or_named_things(value: object, meant: object) -> None:
    """One text is a list of one; of a mapping the name counts."""
    assert value_parsers.as_texts(value) == meant


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
def test_a_flag_is_yes_or_no(value: object, meant: bool | None) -> None:
    """The answers of YAML 1.1, quoted or not; anything else says nothing."""
    assert value_parsers.as_bool(value) is meant


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
    """Zero minutes are nobody's reading time."""
    assert value_parsers.as_minutes(value) == meant


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
def test_a_slug_becomes_a_name(word: str, name: str) -> None:
    """Known slugs have their name, others are spelled as one; names stay as they are."""
    assert value_parsers.person_name(word, {"jd": "J. Doe"}) == name
