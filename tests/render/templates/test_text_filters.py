"""Filters of text."""

import pytest

from syndicate.render.templates.text_filters import TEXT_FILTERS


@pytest.mark.parametrize(
    ("name", "text", "arguments", "result"),
    [
        ("append", "/a", ("/b",), "/a/b"),
        ("append", "/a", (), "/a"),
        ("capitalize", "apply NOW", (), "Apply now"),
        ("default", "", ("x",), "x"),
        ("downcase", "AB", (), "ab"),
        ("escape", "a & b", (), "a & b"),
        ("prepend", "/a", ("/base",), "/base/a"),
        ("remove", "aXbX", ("X",), "ab"),
        ("remove_first", "aXbX", ("X",), "abX"),
        ("replace", "a-b-c", ("-", "+"), "a+b+c"),
        ("replace_first", "a-b-c", ("-", "+"), "a+b-c"),
        ("strip", " a ", (), "a"),
        ("upper", "ab", (), "AB"),
        ("url_encode", "a b/c", (), "a+b%2Fc"),
        ("urlencode", "a b/c", (), "a%20b%2Fc"),
    ],
)
def test_text_is_changed_as_by_the_engine(
    name: str, text: str, arguments: tuple[str, ...], result: str
) -> None:
    """A missing argument counts as empty."""
    assert TEXT_FILTERS[name](text, arguments) == result
