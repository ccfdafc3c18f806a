"""HTML in nh3's form is read, written, and converted to text."""

import pytest

from syndicate.render.html_tokens import (
    escape_html,
    plain_text,
    remove_invalid_characters,
    start_tag,
    tokenize,
)


def test_invalid_characters_are_removed() -> None:
    """Control characters, noncharacters and U+FEFF; line ends become line feeds."""
    text = "a\x00b\x0bc\ufeffd\ufdd0e\uffff\U0001ffff\x7f\x85\ud800\r\nf\rg\fh\ti\u200bj"
    assert remove_invalid_characters(text) == "abcde\ufffd\nf\ng\nh\ti\u200bj"


def test_tokens_are_tags_and_text() -> None:
    """Attributes are unescaped, the content of raw text elements is left out."""
    found = list(tokenize('<p title="a &amp; b">x &lt;<iframe src="y"><b>z</b></iframe></p>'))
    assert [(token.kind, token.name, token.text) for token in found] == [
        ("start", "p", ""),
        ("text", "", "x &lt;"),
        ("start", "iframe", ""),
        ("end", "iframe", ""),
        ("end", "p", ""),
    ]
    assert found[0].attributes == {"title": "a & b"}


def test_start_tag_has_the_form_of_nh3() -> None:
    """Ampersands, angle brackets, quotes and no-break spaces are escaped."""
    assert start_tag("p", {"title": "a<b>&\"\u00a0'"}) == (
        '<p title="a&lt;b&gt;&amp;&quot;&nbsp;\'">'
    )
    assert escape_html("<") == "&lt;"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One\n two</p>\n<p>Three</p>", "One two\n\nThree"),
        ("<ul><li>a</li><li>b <b>c</b></li></ul>after", "a\nb c\n\nafter"),
        ("a<br>b", "a\nb"),
        ("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ("<p>x</p><pre><code>  if a:\n    b\n\n</code></pre>", "x\n\n  if a:\n    b"),
        ("a &amp; b&nbsp;c &lt;", "a & b\u00a0c <"),
        ("", ""),
    ],
)
def test_plain_text_separates_paragraphs(html: str, text: str) -> None:
    """By an empty line; white space is folded except in pre."""
    assert plain_text(html) == text
