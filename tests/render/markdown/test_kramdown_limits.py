"""The flavour of kramdown takes little time for any text, and never fails."""

from collections.abc import Callable, Mapping
from typing import Final

import pytest

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown.kramdown import code_ranges, to_html
from tests.cpu_time import takes_at_most
from tests.render.markdown import pathological
from tests.render.markdown.pathological import LIMIT, SIZE

PLAIN = MarkdownOptions()
EVERYTHING = MarkdownOptions(hard_breaks=True, typographer=True, heading_ids=True)
KINDS: Final[Mapping[str, Callable[[int], str]]] = {
    **pathological.KINDS,
    "attribute lists": lambda size: "{:.a}" * size,
    "open attribute lists": lambda size: "{:" * size,
    "lines of attributes": lambda size: "a\n{:.b}\n" * size,
    "definitions of attributes": lambda size: "{:a: .b}\n" * size,
    "attributes of spans": lambda size: "*a*{:.b}" * size,
    "open extensions": lambda size: "{::comment}\n\n" * size,
    "open extensions in text": lambda size: "a {::nomarkdown}" * size,
    "extensions in text": lambda size: "a {::nomarkdown}b{:/}" * size,
    "options": lambda size: '{::options a="b" /}\n' * size,
    "boundaries": lambda size: "^\n" * size,
    "terms": lambda size: "a\n: b\n\n" * size,
    "meanings": lambda size: "a\n" + ": b\n" * size,
    "formulas": lambda size: "$$a" * size,
    "cells of code": lambda size: "|<code>" * size,
    "fences with languages": lambda size: "```a\n\n" * size,
    "fences of two kinds": lambda size: "~~~a\n\n```b\n\n" * size,
    "open scripts": lambda size: "<script>\n\n" * size,
    "comments at lines": lambda size: "<!-- a\n\n" * size,
    "ranges of code": lambda size: "`{`" * size,
    "extensions of braces": lambda size: "{" * size,
    "paragraphs": lambda size: "a\n\n" * size,
    "end tags": lambda size: "</div>\n" * size,
    "spaces before an open title": lambda size: "[a]: b" + " " * (3 * size) + '"c',
    "open extensions with spaces": lambda size: ("{::options" + " " * 50) * (2 * size),
    "open lists at lines": lambda size: "a\n{: a\n" * size + "} b",
    "overlapping emphasis": lambda size: "a**b*c " * (2 * size),
    "nested overlapping emphasis": lambda size: "**a*b " * size + "*c** " * size,
    "open extensions of three kinds": lambda size: (
        "{::comment}\n{::nomarkdown}\n{::options}\n" * (3 * size)
    ),
    "extensions between open ones": lambda size: "a {::comment}{::options /}" * (3 * size),
    "uses of defined attributes": lambda size: "{:a: .b}\n" * size + "\nx\n{:a}\n" * size,
    "attributes defined between uses": lambda size: "{:a: .b}\n\nx\n{:a}\n\n" * size,
    "short rows of a wide table": lambda size: "|" * size + "\n" + "|a\n" * size,
    "short rows of wide tables": lambda size: ("|" * 50 + "\n" + "|a\n" * 50 + "\n") * (size // 10),
    "fences in an element": lambda size: '<div markdown="1">\n' + "```\n</div>\n\n" * size,
    "open fences in elements": lambda size: '<div markdown="1">\n~~~ a\n</div>\n\n' * size,
    "code in an element": lambda size: '<div markdown="1">\n' + "`a ``b " * size + "</div>",
    "strong links": lambda size: "[**a](b)**" * size,
}


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_text_is_read_in_little_time(kind: str) -> None:
    """At the size at which other parsers take minutes or fail."""
    text = KINDS[kind](SIZE) + "\n\n`{`"
    assert takes_at_most(LIMIT, lambda: to_html(text, EVERYTHING))
    assert takes_at_most(LIMIT, lambda: code_ranges(text, EVERYTHING))


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("> " * 500 + "end", "<blockquote>"),
        ("- " * 500 + "end", "<ul>"),
        ("a\n" + ": " * 500 + "end", "<dl>"),
        ('<div markdown="1">\n' * 500 + "end\n" + "</div>\n" * 500, "<p>"),
    ],
)
def test_containers_have_a_deepest_level(text: str, element: str) -> None:
    """What is nested deeper is text."""
    html = to_html(text, PLAIN)
    assert html.count(element) < 100
    assert "end" in html


def test_a_paragraph_too_long_to_be_one_part_loses_nothing() -> None:
    """It is still one paragraph, with its spans."""
    html = to_html("word *em* " * 4_000 + "x" * 40_000, PLAIN)
    assert html.count("<p>") == 1
    assert html.count("<em>em</em>") == 4_000
    assert html.count("x") == 40_000


def test_thousands_of_brackets_are_text() -> None:
    """Links among them are still links, and brackets in code stay."""
    html = to_html("[" * 1_500 + ") [a](/b) \\[ `[` " + "(" * 1_500 + "[[[[[c]]]]]", PLAIN)
    assert html.count("[") == 1_500 + 2 + 5
    assert '<a href="/b">a</a>' in html


def test_overlapping_emphasis_beyond_a_limit_is_text() -> None:
    """Nothing is lost; emphasis in other paragraphs, and all in the next post, is read as ever."""
    next_post = "a**b*c a**b*c *d*"
    before = to_html(next_post, PLAIN)
    html = to_html("a**b*c " * 1_000 + "\n\n*e*", PLAIN)
    assert html.count("a**b*c") > 900
    assert "<em>e</em>" in html
    assert to_html(next_post, PLAIN) == before


def test_ends_of_extensions_are_found_after_one_without_an_end() -> None:
    """What was replaced between them does not matter, nor does another text."""
    html = to_html("a {::comment}b {::options /}{::comment}c\n\nd {::comment}e{:/}f", PLAIN)
    assert "{::comment}b {::comment}c" in html
    assert "<p>d f</p>" in html


def test_a_definition_of_attributes_has_a_greatest_length() -> None:
    """Each use adds all of them: without a limit a short text would become a huge document."""
    html = to_html("{:a: .b}\n" * 1_000 + '{:a: title="c"}\n\nd\n{:a}\n', PLAIN)
    assert 100 < html.count("b") < 1_000
    assert "title" not in html
    assert ">d</p>" in html


def test_short_rows_are_filled_up_to_a_limit() -> None:
    """Their own cells are all there, and the next post is read as ever."""
    next_post = "a|b|c\nd|e"
    before = to_html(next_post, PLAIN)
    html = to_html("|" * 1_000 + "\n" + "|a\n" * 1_000, PLAIN)
    assert html.count("<td>a</td>") == 1_000
    assert 10_000 < html.count("<td>") < 30_000
    assert before.count("<td>") == 6
    assert to_html(next_post, PLAIN) == before
