"""What all flavours of Markdown have in common."""

import pytest

from syndicate.model.markdown_options import Flavour, MarkdownEngine, MarkdownOptions
from syndicate.render.markdown import FLAVOURS, code_ranges, to_html

MARKDOWN: list[Flavour] = ["commonmark", "kramdown"]


@pytest.mark.parametrize("flavour", MARKDOWN)
@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "a[^x] b[^x] c[^y]\n\n[^x]: d\n\n    e\n\n[^z]: f",
            (
                '<p>a<sup id="fnref:x"><a class="footnote-ref" href="#fn:x">1</a></sup>'
                ' b<sup id="fnref2:x"><a class="footnote-ref" href="#fn:x">1</a></sup> c[^y]</p>\n'
                '<hr class="footnotes-sep">\n<section class="footnotes">\n<ol>\n<li id="fn:x">\n'
                '<p>d</p>\n<p>e<a aria-label="Back to reference 1" class="footnote-backref"'
                ' href="#fnref:x">\u21a9</a><a aria-label="Back to reference 1"'
                ' class="footnote-backref" href="#fnref2:x">\u21a9</a></p>\n</li>'
                "\n</ol>\n</section>"
            ),
        ),
        (
            "| a | b |\n|--:|---|\n| c | d |",
            (
                '<table>\n<thead>\n<tr>\n<th align="right">a</th>\n<th>b</th>\n</tr>\n</thead>\n'
                '<tbody>\n<tr>\n<td align="right">c</td>\n<td>d</td>\n</tr>\n</tbody>\n</table>'
            ),
        ),
        ("```py\nx\n```", '<pre><code class="language-py">x\n</code></pre>'),
        ("![](a.png) ~~s~~ ~t~", '<p><img src="a.png"> <del>s</del> ~t~</p>'),
        ("# A *b*\n\n# A b", '<h1 id="a-b">A <em>b</em></h1>\n<h1 id="a-b-1">A b</h1>'),
        ("", ""),
    ],
)
def test_flavours_write_the_same_html(flavour: Flavour, text: str, html: str) -> None:
    """Names, classes and attributes of footnotes, tables, code and headings."""
    engine = MarkdownEngine(flavour=flavour, options=MarkdownOptions(heading_ids=True))
    assert to_html(text, engine).replace(" />", ">") == html


@pytest.mark.parametrize("flavour", MARKDOWN)
@pytest.mark.parametrize(
    "code", ["`{{ a }}`", "```\n{{ a }}\n```", "    {{ a }}", "~~~\n{% b %}\n~~~"]
)
def test_flavours_find_code(flavour: Flavour, code: str) -> None:
    """Template tags stay there."""
    text = f"a {{{{ c }}}}\n\n{code}\n\nb"
    ((start, end),) = code_ranges(text, MarkdownEngine(flavour=flavour))
    assert text[start:end].strip("`~ \n") == code.strip("`~ \n")


def test_html_is_no_markdown() -> None:
    """No flavour of Markdown reads a page in HTML."""
    engine = MarkdownEngine(flavour="html")
    assert to_html("<p>\n\n    *a* `b`</p>", engine) == "<p>\n\n    *a* `b`</p>"
    assert code_ranges("`a`", engine) == []
    assert set(FLAVOURS) == {*MARKDOWN, "html"}
