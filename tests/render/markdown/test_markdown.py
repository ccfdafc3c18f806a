"""Markdown comes out with the blocks that CommonMark sites show."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syndicate.render.markdown.converter import to_html
from tests.render.markdown.markdown_it_reference import reference, structure

DATA = Path(__file__).parents[2] / "data" / "render" / "markdown"


@pytest.mark.parametrize("path", sorted(DATA.glob("*.md")), ids=lambda path: path.stem)
def test_markdown_comes_out_as_expected(path: Path) -> None:
    """The expected HTML stands beside the text."""
    assert f"{to_html(path.read_text())}\n" == path.with_suffix(".html").read_text()


def test_a_site_with_hard_breaks_keeps_its_lines() -> None:
    """As kramdown does with ``hard_wrap``."""
    assert to_html("a\nb", hard_breaks=True) == "<p>a<br />\nb</p>"


def test_nothing_comes_of_nothing() -> None:
    """White space is no paragraph."""
    assert to_html(" \n\n\t\n") == ""


def test_markers_of_the_library_in_a_text_do_no_harm() -> None:
    """Python-Markdown's own placeholders cannot be forged."""
    assert to_html("a \x02wzxhzdk:0\x03 <b>c</b>") == "<p>a wzxhzdk:0 <b>c</b></p>"


def test_nothing_of_a_text_is_left_for_the_next() -> None:
    """Neither footnotes nor references nor abbreviations, nor an emphasis that was left open."""
    plain = "a[^1] [b] HTML *c d"
    before = to_html(plain)
    defined = to_html(f"{plain}* **e *f\n\n[^1]: g\n\n[b]: /h\n\n*[HTML]: i")
    assert all(sign in defined for sign in ("<sup", "<abbr", '<a href="/h"', "<em>"))
    assert to_html(plain) == before == f"<p>{plain}</p>"


def test_a_run_of_spaces_is_no_longer_than_a_line_break_needs() -> None:
    """Thousands of them would take Python-Markdown forever."""
    assert to_html("a     b") == "<p>a  b</p>"


def test_an_image_without_words_has_no_alt() -> None:
    """Nobody declared it decorative."""
    assert to_html("![](a.png)") == '<p><img src="a.png" /></p>'


def test_a_paragraph_too_long_to_be_one_piece_loses_nothing() -> None:
    """It is still one paragraph, with its inlines."""
    text = "word *em* " * 4_000 + "x" * 40_000
    html = to_html(text)
    assert html.count("<p>") == 1
    assert html.count("<em>em</em>") == 4_000
    assert html.count("x") == 40_000


def test_thousands_of_brackets_are_just_text() -> None:
    """Links among them are still links; nothing else is lost or takes forever."""
    html = to_html("[" * 1_500 + ") [a](/b) \\[ `[` " + "(" * 1_500 + "[[[[[x]]]]]")
    assert html.count("[") == 1_500 + 2 + 5
    assert '<a href="/b">a</a>' in html


def test_containers_have_a_deepest_level() -> None:
    """What is nested deeper is text."""
    assert to_html("> " * 500 + "a").count("<blockquote>") < 100
    assert to_html("- " * 500 + "a").count("<ul>") < 100


LINES = st.sampled_from(
    ["a", "b c", "d\n", "- e\n", "* f\n", "1. g\n", "2) h\n", "> i\n", "# j\n", "***\n", "```\n"]
    + ["  k\n", "| l | m |\n|---|---|\n| n |\n", "<div>\n\n", "</div>\n\n", "o\n---\n"]
    + ["  ", "> ", "- ", "1. ", "\n", "\n\n"] * 2
)
EMPTY_ITEM = r"(?m)(?:[-*+>]|\d[.)])[ ]*$"


@settings(derandomize=True, max_examples=300)
@given(st.lists(LINES, min_size=1, max_size=20).map("".join))
def test_blocks_are_those_of_another_implementation(text: str) -> None:
    """Of markdown-it-py; items without content, where readers differ, aside."""
    assume(not re.search(EMPTY_ITEM, text))
    assert structure(to_html(text)) == structure(reference().render(text))
