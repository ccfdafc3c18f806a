"""The flavour of kramdown: what readers see is what kramdown shows."""

from pathlib import Path
from typing import Final

import html5lib
import pytest
from harness.markdown_engines import kramdown
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown.kramdown import code_ranges, to_html
from tests.project_documents import ROOT
from tests.render.markdown.html_content import content
from tests.render.markdown.kramdown_cases import (
    CASES,
    DIFFERENCES,
    Case,
    cases,
    options_of,
    skip_without_kramdown,
)

PLAIN: Final = MarkdownOptions()
FILES: Final = sorted(CASES.glob("*.md"))
ALL_CASES: Final = [
    pytest.param(file, case, id=f"{file.stem}: {case.name}")
    for file in FILES
    for case in cases(file)
]


@pytest.mark.parametrize(("file", "case"), ALL_CASES)
def test_html_is_that_of_kramdown(file: Path, case: Case) -> None:
    """The HTML beside the text is kramdown's own output."""
    html = to_html(case.text, MarkdownOptions(**options_of(file)))
    assert content(html) == content(case.html)


@pytest.mark.parametrize("case", cases(DIFFERENCES), ids=lambda case: case.name)
def test_known_difference_is_documented(case: Case) -> None:
    """A difference that is gone is removed from the list."""
    assert content(to_html(case.text, PLAIN)) != content(case.html)
    assert f"| {case.name} |" in (ROOT / "docs" / "reference" / "markdown.md").read_text()


def test_each_kind_of_syntax_has_cases() -> None:
    """At least three of each."""
    counts = {file.stem: len(cases(file)) for file in FILES}
    assert len(counts) >= 10
    assert min(counts.values()) >= 3


@pytest.mark.corpora
@pytest.mark.parametrize("file", [*FILES, DIFFERENCES], ids=lambda file: file.stem)
def test_recorded_html_is_what_the_installed_kramdown_writes(file: Path) -> None:
    """Nobody changed the recorded output by hand."""
    skip_without_kramdown()
    found = cases(file)
    written = kramdown([case.text for case in found], **options_of(file))
    assert [content(html) for html in written] == [content(case.html) for case in found]


def test_footnotes_have_the_ids_and_classes_of_both_flavours() -> None:
    """The sanitizer and pages of the service depend on them."""
    assert to_html("a[^x] b[^x]\n\n[^x]: c\n[^y]: d", PLAIN) == (
        '<p>a<sup id="fnref:x"><a class="footnote-ref" href="#fn:x">1</a></sup>'
        ' b<sup id="fnref2:x"><a class="footnote-ref" href="#fn:x">1</a></sup></p>\n'
        '<hr class="footnotes-sep" />\n'
        '<section class="footnotes">\n<ol>\n<li id="fn:x">\n'
        '<p>c<a aria-label="Back to reference 1" class="footnote-backref" href="#fnref:x">↩</a>'
        '<a aria-label="Back to reference 1" class="footnote-backref" href="#fnref2:x">↩</a></p>\n'
        "</li>\n</ol>\n</section>"
    )


def test_footnotes_may_refer_to_footnotes() -> None:
    """Those come last; one that ends with a list has its link in a paragraph of its own."""
    html = to_html("a[^x]\n\n[^y]: c\n[^x]: b[^y]\n\n    - d", PLAIN)
    assert html.index('id="fn:x"') < html.index('id="fn:y"')
    assert '</ul>\n<p><a aria-label="Back to reference 1"' in html


def test_nothing_of_a_text_is_left_for_the_next() -> None:
    """Neither definitions of any kind nor options nor emphasis that was left open."""
    plain = "a[^1] [b] HTML *c d\n\ne\n{:f}\n\n<div>\n*g*\n</div>"
    before = to_html(plain, PLAIN)
    definitions = (
        '[^1]: h\n\n[b]: /i\n\n*[HTML]: j\n\n{:f: .k}\n\n{::options parse_block_html="true" /}'
    )
    defined = to_html(f"{definitions}\n\n{plain} **l", PLAIN)
    assert all(
        sign in defined for sign in ("<sup", "<abbr", 'href="/i"', 'class="k"', "<em>g</em>")
    )
    assert to_html(plain, PLAIN) == before


def test_markers_of_the_library_in_a_text_do_no_harm() -> None:
    """Python-Markdown's own placeholders cannot be forged."""
    assert to_html("a \x02wzxhzdk:0\x03 <b>c</b>", PLAIN) == "<p>a wzxhzdk:0 <b>c</b></p>"


def test_white_space_is_no_content() -> None:
    """Neither is an empty text."""
    assert to_html(" \n\n\t\n", PLAIN) == to_html("", PLAIN) == ""


@given(st.lists(st.sampled_from(["*", "**", "_", "__", " ", "a", "b", "(", "~~"]), max_size=14))
@example(["a", " ", "*", "b", "**", "a", "*", "b", " ", "b"])
@example(["_", "a", "__", "**", "b", " ", "a", "**"])
def test_emphasis_takes_no_letter_away(parts: list[str]) -> None:
    """Python-Markdown 3.11.3 alone does."""
    text = f"c{''.join(parts)}c"
    shown = "".join(html5lib.parseFragment(to_html(text, PLAIN)).itertext())
    assert [each for each in shown if each in "abc"] == [each for each in text if each in "abc"]


def test_an_image_without_words_has_no_alt() -> None:
    """Nobody declared it decorative."""
    assert to_html("![](a.png)", PLAIN) == '<p><img src="a.png" /></p>'


def test_tasks_have_boxes() -> None:
    """Feeds carry no form elements, so characters stand for kramdown's check boxes."""
    assert to_html("- [ ] a\n- [x] b\n- c [x]", PLAIN) == (
        "<ul>\n<li>☐ a</li>\n<li>☑ b</li>\n<li>c [x]</li>\n</ul>"
    )


def test_a_list_of_contents_is_left_out() -> None:
    """A table of contents belongs to a page, not to a post."""
    assert to_html("1. a\n{:toc}\n\nb", PLAIN) == to_html("{:toc}\n- a\n\nb", PLAIN) == "<p>b</p>"


def test_a_formula_is_written_as_mathjax_reads_it() -> None:
    """The engine writes it for MathJax, too, but outside of a paragraph."""
    assert to_html("$$\na < b\n$$", PLAIN) == r"<p>\[a &lt; b\]</p>"


def test_an_attribute_list_after_a_tag_is_left_out() -> None:
    """HTML is raw, so that attributes cannot be added to it."""
    assert to_html("<b>a</b>{: .c} d", PLAIN) == "<p><b>a</b> d</p>"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `{b}` {c}", ["{b}"]),
        ("``a ` {b}`` {c}", ["{b}"]),
        ("\\`{a}` `{b}`", []),
        ("{a} `b", []),
        ("`a` b", []),
        ("a `{b\nc}` d", ["{b\nc}"]),
        ("```x\n{a}\n\n{b}\n```\n{c}", ["{a}\n\n{b}"]),
        ("a\n\n    {b}\n\n\t{c}\n\nd", ["{b}\n\n\t{c}"]),
        ("- a\n\n      {b}\n\n  `{c}`", ["{b}", "{c}"]),
        ("- a\n  ```\n  {b}\n  ```", ["{b}"]),
        ("> ```\n> {a}\n> ```", ["{a}"]),
        ("# `{a}`\n\n| `{b}` |", ["{a}", "{b}"]),
        ("<div>\n`{a}`\n</div>", []),
        ("[^1]: `{a}`", ["{a}"]),
        ("`{{ a }}`{:.b}\n\n{:.c}\n    {d}", ["{{ a }}", "{d}"]),
        ("~~~\n{a}\n~~~ \n\U000f0000 {b} `\U000f0000`", ["{a}"]),
    ],
)
def test_code_is_where_the_converter_finds_code(text: str, code: list[str]) -> None:
    """From its first to its last brace, whatever container holds it."""
    assert [text[start:end] for start, end in code_ranges(text, PLAIN)] == code


@given(st.text(alphabet="{}`~ \n-a:", max_size=60))
def test_ranges_of_code_are_in_order_and_apart(text: str) -> None:
    """Each begins and ends with a brace."""
    ranges = code_ranges(text, PLAIN)
    assert ranges == sorted(ranges)
    assert all(text[start] in "{}" and text[end - 1] in "{}" for start, end in ranges)


SAMPLE: Final = """
a
b c
- d
  - e
1. f
> g
# h
***
```
    i
{:.j}
^
| k | l |
|---|---|
<div>
<p markdown="1">
</div>
: m
[^n]: o
$$
{::comment}
{:/}
[p]: q
*[r]: s
---
*t **u* v**
[w](x
`y
<!--
{::nomarkdown}z{:/})
<b>
[w]({::comment}x{:/}
"""


@given(st.lists(st.sampled_from(SAMPLE.split("\n")), max_size=12).map("\n".join))
def test_no_text_is_lost_or_raises(text: str) -> None:
    """Words of paragraphs stay; every combination of blocks has a result."""
    html = to_html(f"zebra\n\n{text}", MarkdownOptions(hard_breaks=True, heading_ids=True))
    assert "zebra" in html
    assert "\x02" not in html
