"""HTML that is shown apart from its page still leads everywhere."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.post import PostId, SafeHtml
from syndicate.render.feed_html import for_feed_readers
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
            '<a href="https://v.example.gov/1">https://v.example.gov/1</a>',
        ),
        (
            '<iframe src="https://v.example.gov/1" title=""></iframe>',
            '<a href="https://v.example.gov/1">https://v.example.gov/1</a>',
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
def test_what_needs_a_page_leads_to_one(content: str, expected: str) -> None:
    """Frames become links to what they show, links within the post links to its page."""
    assert for_feed_readers(SafeHtml(content), POST) == expected


def test_the_second_post_of_a_path_has_its_own_prefix() -> None:
    """Ids know the key's ``~2`` as ``-2``, which is no part of the written name."""
    second = replace(POST, id=PostId(f"{POST.id}~2"))
    link = SafeHtml(f'<a href="#{START}2-results">x</a>')
    assert for_feed_readers(link, second) == f'<a href="{PAGE}#results">x</a>'


@given(st.text("<>/ ab=\"'#&;").map(lambda text: f"<p>{text}</p>"))
def test_all_else_stays_as_it_is(text: str) -> None:
    """Only frames and links within are touched."""
    if "<a " not in text:
        assert for_feed_readers(SafeHtml(text), POST) == text
