"""The `commonmark` flavour: Markdown as Hugo and Eleventy read it."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syndicate.model.markdown_options import GOLDMARK, MARKDOWN_IT, MarkdownOptions
from syndicate.render.markdown.commonmark import code_ranges, to_html
from tests.cpu_time import takes_at_most
from tests.render.markdown.markdown_it_reference import reference, structure
from tests.render.markdown.pathological import KINDS, LIMIT, SIZE

HUGO = Path(__file__).parents[2] / "data" / "render" / "commonmark"
"""Texts of ours, each with the HTML that Hugo 0.168.0 writes without configuration (but with
`unsafe`, so that HTML in them is kept)."""
PLAIN = MarkdownOptions()
EVERYTHING = MarkdownOptions(
    hard_breaks=True, typographer=True, heading_ids=True, autolinks=True, attributes=True
)


@pytest.mark.parametrize("path", sorted(HUGO.glob("*.md")), ids=lambda path: path.stem)
def test_text_is_shown_as_hugo_shows_it(path: Path) -> None:
    """Bare URLs, definition lists, headings, struck text and typography, character by character."""
    html = to_html(path.read_text(), GOLDMARK.options)
    assert unescape(f"{html}\n") == unescape(path.with_suffix(".html").read_text())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\nb", "<p>a\nb</p>"),
        ("Mail a@x.gov or www.x.gov", "<p>Mail a@x.gov or www.x.gov</p>"),
        ("# Title", "<h1>Title</h1>"),
        ('"a" -- b', "<p>&quot;a&quot; -- b</p>"),
        ("~a~ (~2000 lines, ~5000 words)", "<p>~a~ (~2000 lines, ~5000 words)</p>"),
        ("https://x.gov/", '<p><a href="https://x.gov/">https://x.gov/</a></p>'),
        ("![](a.png)", '<p><img src="a.png"></p>'),
        ("![b](a.png)", '<p><img src="a.png" alt="b"></p>'),
        ("![a](a.png){.b}", '<p><img src="a.png" alt="a">{.b}</p>'),
        ("[a](/b){: target=_blank}", '<p><a href="/b">a</a>{: target=_blank}</p>'),
        (
            '<a href="https://x.gov/">https://x.gov/</a>',
            '<p><a href="https://x.gov/">https://x.gov/</a></p>',
        ),
        (
            "https://x.gov/a\\_b",
            '<p><a href="https://x.gov/a_b">https://x.gov/a_b</a></p>',
        ),
        (" \n\n\t\n", ""),
    ],
)
def test_text_is_shown_as_an_engine_without_options_shows_it(text: str, html: str) -> None:
    """Only bare http(s) URLs become links, whatever the engine."""
    assert to_html(text, PLAIN) == html


def test_site_with_hard_breaks_keeps_its_lines() -> None:
    """Options `breaks` of markdown-it and `hardWraps` of goldmark."""
    assert to_html("a\nb", MarkdownOptions(hard_breaks=True)) == "<p>a<br>\nb</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("![a](b.png){.c width=3}", '<p><img src="b.png" width="3" class="c" alt="a"></p>'),
        ("[*a*](/b){#c} d", '<p><a href="/b" id="c"><em>a</em></a> d</p>'),
        ("`a`{.b}", '<p><code class="b">a</code></p>'),
        ("a\n{.b}", '<p class="b">a</p>'),
        ("[[a](b){.c}](d)", '<p>[<a href="b" class="c">a</a>](d)</p>'),
        ("*a*{.b}", "<p><em>a</em>{.b}</p>"),
        ("`a` {.b}", "<p><code>a</code> {.b}</p>"),
        ("`a`{b}", "<p><code>a</code>{b}</p>"),
        ("`a`{%b} c}", "<p><code>a</code> c}</p>"),
        ("a {.b}", "<p>a {.b}</p>"),
        ("- a {.b}", "<ul>\n<li>a {.b}</li>\n</ul>"),
        ("| {.b} |\n|---|", "<table>\n<thead>\n<tr>\n<th>{.b}</th>\n</tr>\n</thead>\n</table>"),
    ],
)
def test_attribute_lists_count_as_the_usual_plugin_of_eleventy_has_them(
    text: str, html: str
) -> None:
    """They stand after links, images and code, and below paragraphs."""
    assert to_html(text, MARKDOWN_IT.options) == html


def test_footnotes_are_numbered_and_lead_back() -> None:
    """Names, classes and ids are those that the sanitizer and all flavours know."""
    html = to_html("a[^x] b^[c] d[^x] e[^y]\n\n[^x]: f\n\n    - g\n\n[^z]: h", PLAIN)
    assert html == (
        '<p>a<sup id="fnref:x"><a class="footnote-ref" href="#fn:x">1</a></sup>'
        ' b<sup id="fnref:2"><a class="footnote-ref" href="#fn:2">2</a></sup>'
        ' d<sup id="fnref2:x"><a class="footnote-ref" href="#fn:x">1</a></sup> e[^y]</p>\n'
        '<hr class="footnotes-sep">\n<section class="footnotes">\n<ol>\n'
        '<li id="fn:x">\n<p>f</p>\n<ul>\n<li>g</li>\n</ul>\n'
        '<a aria-label="Back to reference 1" class="footnote-backref" href="#fnref:x">\u21a9</a>'
        '<a aria-label="Back to reference 1" class="footnote-backref" href="#fnref2:x">\u21a9</a>'
        "</li>\n"
        '<li id="fn:2">\n<p>c'
        '<a aria-label="Back to reference 2" class="footnote-backref" href="#fnref:2">\u21a9</a>'
        "</p>\n</li>\n</ol>\n</section>"
    )


def test_cells_of_a_table_are_aligned_by_attribute() -> None:
    """The sanitizer removes styles."""
    html = to_html("| a | b |\n|--:|---|\n| c | d |", PLAIN)
    assert '<th align="right">a</th>\n<th>b</th>' in html
    assert '<td align="right">c</td>\n<td>d</td>' in html


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `b` c", ["`b`"]),
        ("``a ` b`` `c", ["``a ` b``"]),
        ("\\`a` `b`", ["` `"]),
        ("\\\\`a`", ["`a`"]),
        ("a `b\n> c` d", []),
        ("a `b\n  c` d", ["`b\n  c`"]),
        ("a\n\n   `b`  \nc", ["`b`"]),
        ("> - `a\n>   b` c", ["`a\n>   b`"]),
        ("[`a`](b) *`c`*", ["`a`", "`c`"]),
        ("```x\nb\n```\nc", ["```x\nb\n```"]),
        ("~~~\nnever closed", ["~~~\nnever closed"]),
        ("a\n\n    b\n\n    c\n\nd", ["    b\n\n    c"]),
        ("a\n    b", []),
        ("- a\n\n      b\n\n  `c`", ["      b", "`c`"]),
        ("> ```\n> a\n> ```", ["> ```\n> a\n> ```"]),
        ("# `a` #\n\n| `b` | `b` |\n|-----|---|\n| `c` |", ["`a`", "`b`", "`b`", "`c`"]),
        ("| a \\| `b \\| c` |\n|---|", ["`b \\| c`"]),
        ("<div>\n`a`\n</div>", []),
        ("[^1]: `a`", ["`a`"]),
        ("T `a`\n: `b`\n", ["`a`", "`b`"]),
        ("`a\0`", []),
        ("", []),
    ],
)
def test_code_is_found_where_the_engine_reads_code(text: str, code: list[str]) -> None:
    """Spans do not leave their block; fences and indented code are whole lines."""
    assert [text[start:end] for start, end in code_ranges(text, PLAIN)] == code


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_text_is_read_in_little_time(kind: str) -> None:
    """At the size at which other parsers take minutes or fail."""
    text = KINDS[kind](SIZE)
    assert takes_at_most(LIMIT, lambda: to_html(text, EVERYTHING))
    assert takes_at_most(LIMIT, lambda: code_ranges(text, EVERYTHING))


@pytest.mark.parametrize(
    ("text", "element"),
    [("> " * 500 + "end", "<blockquote>"), ("- " * 500 + "end", "<ul>"), ("[^a]: " * 500, "")],
)
def test_blocks_have_a_deepest_level_and_lose_no_text(text: str, element: str) -> None:
    """Markers beyond are text."""
    html = to_html(text + "[^a]", PLAIN)
    assert html.count(element or "<blockquote>") < 50
    assert element == "" or "end" in html


def test_quotation_marks_stay_straight_among_thousands() -> None:
    """Pairs are not looked for among so many."""
    assert to_html('"a" ' * 400, MarkdownOptions(typographer=True)).count("\u201c") == 400
    assert "\u201c" not in to_html('"a" ' * 600, MarkdownOptions(typographer=True))


LINES = st.sampled_from(
    ["a", "b c", "d\n", "- e\n", "* f\n", "1. g\n", "2) h\n", "> i\n", "# j\n", "***\n", "```\n"]
    + ["  k\n", "| l | m |\n|---|---|\n| n |\n", "<div>\n\n", "</div>\n\n", "o\n---\n"]
    + ["  ", "> ", "- ", "1. ", "\n", "\n\n"] * 2
)


@pytest.mark.slow
@settings(derandomize=True, max_examples=300)
@given(st.lists(LINES, min_size=1, max_size=20).map("".join))
def test_blocks_are_those_of_markdown_it(text: str) -> None:
    """The guards change nothing in texts of ordinary depth."""
    assume(not re.search(r"(?m)^[ >]*:[ \t]", text))
    assert structure(to_html(text, PLAIN)) == structure(reference().render(text))
