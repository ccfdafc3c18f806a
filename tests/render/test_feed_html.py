"""HTML in feeds works without its page."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.post import PostId, SafeHtml
from syndicate.render.feed_html import for_feed_readers, paragraphs
from tests import samples

POST = replace(samples.post(), url="https://www.example.gov/a?b=1&c=2")
START = f"p-{POST.key}-"
PAGE = "https://www.example.gov/a?b=1&amp;c=2"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '<p><iframe src="https://v.example.gov/1?a&amp;b" title="A &lt;film&gt;"></iframe></p>',
            '<p><a href="https://v.example.gov/1?a&amp;b">A &lt;film&gt;</a></p>',
        ),
        (
            '<iframe width="3" src="https://v.example.gov/1" allowfullscreen=""></iframe>',
            '<a href="https://v.example.gov/1">Embedded content from v.example.gov</a>',
        ),
        (
            '<iframe src="https://www.youtube.com/embed/a_B?rel=0&amp;start=9" title=""></iframe>',
            '<a href="https://www.youtube.com/watch?v=a_B&amp;t=9s">Video on YouTube</a>',
        ),
        (
            '<iframe src="https://player.vimeo.com/video/7?h=0f" title="A &amp; B"></iframe>',
            '<a href="https://vimeo.com/7/0f">A &amp; B</a>',
        ),
        (f'<a href="#{START}results">x</a>', f'<a href="{PAGE}#results">x</a>'),
        (
            f'<a class="footnote-ref" href="#{START}fn%3A1" id="{START}b">1</a>',
            f'<a class="footnote-ref" href="{PAGE}#fn%3A1" id="{START}b">1</a>',
        ),
        ('<a href="#2-x">x</a>', f'<a href="{PAGE}#2-x">x</a>'),
        ('<a href="https://x.gov/#a">x</a>', '<a href="https://x.gov/#a">x</a>'),
        ('<code>&lt;a href="#x"</code>', '<code>&lt;a href="#x"</code>'),
    ],
)
def test_iframes_and_fragment_links_become_absolute_links(content: str, expected: str) -> None:
    """To the embedded page, and to the post's own page."""
    assert for_feed_readers(SafeHtml(content), POST) == expected


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One.\n\nTwo,\nthree.", "<p>One.</p><p>Two,<br>three.</p>"),
        ("a < b & c\n\n\n\nd", "<p>a &lt; b &amp; c</p><p>d</p>"),
        ("", ""),
    ],
)
def test_text_keeps_its_paragraphs_and_lines(text: str, html: str) -> None:
    """Readers fold the white space of a description, which is HTML."""
    assert paragraphs(text) == html


def test_prefix_of_the_second_post_of_a_path_is_removed() -> None:
    """Ids contain the key's ``~2`` as ``-2``."""
    second = replace(POST, id=PostId(f"{POST.id}~2"))
    link = SafeHtml(f'<a href="#{START}2-results">x</a>')
    assert for_feed_readers(link, second) == f'<a href="{PAGE}#results">x</a>'


@given(st.text("<>/ ab=\"'#&;").map(lambda text: f"<p>{text}</p>"))
def test_other_html_is_unchanged(text: str) -> None:
    """Only iframes and fragment links are changed."""
    if "<a " not in text:
        assert for_feed_readers(SafeHtml(text), POST) == text
