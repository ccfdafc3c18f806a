"""Simple front matter is read without libyaml, with the same values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.dialects.document import simple_front_matter
from syndicate.dialects.document.plain_values import FrontMatterValues, load_with_libyaml
from syndicate.dialects.document.simple_front_matter import MAX_CHARACTERS

LEVELS = 10
WRITTEN = st.sampled_from(
    (
        *("", "x", "a b", "/a/b.png", "12:30", "a:b", "\xe9", "\u201cq\u201d", "2024-01-29", "08"),
        *("~", "null", "null x", '"q: # \'"', "'s: # \"'", '""', "''", "[a, b]", "[null, a-b c ]"),
        *("x # y", "x: y", "x:", "'a''b'", '"a\\n"', "[]", "[a, ]", "[a: b]", "&a b", "*a", "- z"),
        *("> a", "| a", "%a", "@a", "a\tb", "\ufeff", "\x85", "{a: b}", "?", "!t x", "\U0001f600"),
    )
)
KEY_LINE = st.builds(
    "".join, st.tuples(st.sampled_from("abc"), st.sampled_from((":", ": ", " :")), WRITTEN)
)
ENTRY_LINE = st.builds(
    "".join,
    st.tuples(st.sampled_from(("", "  ", "\t")), st.sampled_from(("- ", "-  ", "-")), WRITTEN),
)
OTHER_LINE = st.sampled_from(("", " ", "# c", "  more", "---", "...", "b", "null: x", "<<: x"))


@given(st.lists(KEY_LINE | KEY_LINE | ENTRY_LINE | OTHER_LINE, min_size=1, max_size=5))
def test_what_is_read_is_what_libyaml_reads(lines: list[str]) -> None:
    """Values, null among them, and lines of keys; libyaml has no error where something is read."""
    text = "\n".join(("", *lines))
    found = simple_front_matter.read(text, LEVELS)
    if found is not None:
        values = FrontMatterValues(meta=dict(found[0]), key_lines=found[1])
        assert load_with_libyaml(text, LEVELS) == values


def test_usual_front_matter_is_simple() -> None:
    """Plain and quoted texts, lists in both styles, empty values and lines."""
    text = (
        "\ntitle: A post on a 2:1 majority\ndescription: \"What's new: all\"\nempty:\nby: 'Ann'\n"
        "tags: [one two, tts]\n\nauthors:\n  - Ann Lee\n  - ~\nimage: /a.png \ndraft: null\n"
    )
    assert simple_front_matter.read(text, LEVELS) == (
        {
            "title": "A post on a 2:1 majority",
            "description": "What's new: all",
            "empty": None,
            "by": "Ann",
            "tags": ["one two", "tts"],
            "authors": ["Ann Lee", None],
            "image": "/a.png",
            "draft": None,
        },
        {
            "title": 2,
            "description": 3,
            "empty": 4,
            "by": 5,
            "tags": 6,
            "authors": 8,
            "image": 11,
            "draft": 12,
        },
    )


@pytest.mark.parametrize(
    "text",
    [
        *("a: &x b", "a: {b: c}", "a: >\n  b", "a: b: c", "a: b # c", "a: b:", 'a: "b\\n"'),
        *("a: 1\na: 2", "null: a", "a b", "a: ~\n- b", "a: b\n- c", "- a", "a:\n- b\n  - c"),
        *("a: b\tc", "a: b\n  c", "a: [b, {c: d}]", "a: 'b''c'", f"a: {MAX_CHARACTERS * 'b'}"),
    ],
)
def test_other_front_matter_is_left_to_libyaml(text: str) -> None:
    """Also what is wrong, and what is so long that it may exceed a limit."""
    assert simple_front_matter.read(text, LEVELS) is None


def test_lists_need_two_levels() -> None:
    """Where the settings allow less, libyaml's reader says which line is too deep."""
    assert simple_front_matter.read("a: [b]", 1) is None
