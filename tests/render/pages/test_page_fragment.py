"""Posts in pages of the service: nothing is loaded, and headings are nested."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.post import SafeHtml
from syndicate.render.pages.page_fragment import for_own_page


def placeholder(href: str, label: str, words: str) -> str:
    """Return the placeholder of an element that would load something."""
    return f'<a class="placeholder" href="{href}"><span class="label">{label}</span> {words}</a>'


X = "https://a.gov/x"
WORDS = '<span class="placeholder"><span class="label">Image</span> Home</span>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            f'<p><img src="{X}?a=1&amp;b=2" alt="A &quot;new&quot; form"></p>',
            f"<p>{placeholder(f'{X}?a=1&amp;b=2', 'Image', 'A &quot;new&quot; form')}</p>",
        ),
        (f'<img src="{X}">', placeholder(X, "Image", "no alternative text")),
        (f'<img src="{X}" alt="">', placeholder(X, "Image", "decorative image")),
        (f'<iframe src="{X}" title="A talk"></iframe>', placeholder(X, "Embedded", "A talk")),
        (f'<audio src="{X}"></audio>', placeholder(X, "Recording", X)),
        (
            f'<video controls><source src="{X}">No film</video>',
            f"{placeholder(X, 'Recording', X)}No film",
        ),
        (
            f'<a href="{X}"><img src="{X}" alt="Home"></a> <img src="{X}" alt="Home">',
            f'<a href="{X}">{WORDS}</a> {placeholder(X, "Image", "Home")}',
        ),
        (f'<picture><source srcset="{X}"><img alt="x"></picture>', ""),
    ],
)
def test_loading_elements_become_links(content: str, expected: str) -> None:
    """With label and description; inside of a link plain text, without URL nothing."""
    assert for_own_page(SafeHtml(content)) == expected


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ([1], [2]),
        ([2, 3, 2], [2, 3, 2]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]),
        ([4, 4, 6, 4], [2, 2, 3, 2]),
        ([3, 2, 4], [2, 2, 3]),
    ],
)
def test_headings_are_nested_below_the_page_without_gaps(
    written: list[int], shown: list[int]
) -> None:
    """Their order is kept."""
    content = "".join(f'<h{level} id="n">x</h{level}>' for level in written)

    expected = "".join(f'<h{level} id="n">x</h{level}>' for level in shown)
    assert for_own_page(SafeHtml(content)) == expected


def test_tables_are_scrollable_by_keyboard() -> None:
    """Each is in a focusable region with its own name."""
    table = "<table><tbody><tr><td>1</td></tr></tbody></table>"

    assert for_own_page(SafeHtml(f"{table}<p>x</p>{table}")) == (
        f'<div class="scroll" role="region" aria-label="Table 1" tabindex="0">{table}</div>'
        "<p>x</p>"
        f'<div class="scroll" role="region" aria-label="Table 2" tabindex="0">{table}</div>'
    )


def test_empty_header_cell_becomes_a_data_cell() -> None:
    """Screen readers announce no empty headers."""
    content = '<tr><th align="center"></th><th>\n</th><th>Cost</th></tr>'

    assert (
        for_own_page(SafeHtml(content)) == '<tr><td align="center"></td><td></td><th>Cost</th></tr>'
    )


def test_aria_hidden_is_removed() -> None:
    """A hidden image becomes a link, which must be announced."""
    content = f'<div class="x" aria-hidden="true"><img src="{X}" alt="A chart"></div>'

    assert (
        for_own_page(SafeHtml(content))
        == f'<div class="x">{placeholder(X, "Image", "A chart")}</div>'
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "a &amp; b &lt;i&gt; &#x2014; &#8212; &nbsp;",
        '<p title="a &gt; b">x<br>y</p>',
        '<a href="https://a.gov/?a=1&amp;copy=2">x</a>',
        "<pre><code>1 &lt; 2</code></pre>",
    ],
)
def test_other_html_is_unchanged(content: str) -> None:
    """Text, entities and elements that load nothing."""
    assert for_own_page(SafeHtml(content)) == content


ATTRIBUTES = st.text(alphabet="ab :/.\"'<>&;=", max_size=12)


def escaped(text: str) -> str:
    """Return ``text`` as the sanitizer serializes it in an attribute."""
    return text.replace("&", "&amp;").replace('"', "&quot;")


@given(
    st.lists(
        st.tuples(st.sampled_from(["img", "iframe", "video", "h3", "p", "a"]), ATTRIBUTES),
        max_size=8,
    )
)
def test_no_loading_element_is_left(elements: list[tuple[str, str]]) -> None:
    """Whatever is in attributes."""
    ends = {"img": ""}
    content = "".join(
        f'<{tag} src="{escaped(text)}">x{ends.get(tag, f"</{tag}>")}' for tag, text in elements
    )

    tags = re.findall(r'<(/?\w+)(?:\s+[\w-]+="[^"]*")*>', for_own_page(SafeHtml(content)))

    assert set(tags) <= {"h2", "/h2", "p", "/p", "a", "/a", "span", "/span"}


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (
            'src="https://www.example.gov/a.png?a=1&amp;b=2" alt="A &quot;new&quot; form"',
            (
                'src="https://www.example.gov/a.png?a=1&amp;b=2" alt="A &quot;new&quot; form"'
                ' class="unsized"'
            ),
        ),
        (
            'src="https://www.example.gov/a.png" alt="" width="30" height="20"',
            'src="https://www.example.gov/a.png" alt="" width="30" height="20"',
        ),
        (
            'src="https://www.example.gov/a.png" width="50%" height="20"',
            'src="https://www.example.gov/a.png" alt="no alternative text" class="unsized"',
        ),
        (
            'src="https://feeds.example.gov/assets/news/a.png?v=1" alt="A"',
            'src="/assets/news/a.png?v=1" alt="A" class="unsized"',
        ),
    ],
)
def test_images_of_known_hosts_are_shown(image: str, shown: str) -> None:
    """With a place of their own before they are loaded, and without a referrer."""
    page = for_own_page(
        SafeHtml(f"<p><img {image}></p>"), ["https://www.example.gov"], "https://feeds.example.gov"
    )

    lazy = ' loading="lazy" decoding="async" referrerpolicy="no-referrer"'
    assert page == f"<p><img {shown}{lazy}></p>"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.gov/a.png",
        "http://www.example.gov/a.png",
        "https://www.example.gov:8443/a.png",
        "https://www.example.gov.evil.example/a.png",
        "https://www.example.gov@evil.example/a.png",
        "https://feeds.example.gov.evil.example/a.png",
    ],
)
def test_images_of_other_hosts_are_links(url: str) -> None:
    """Compared by their origin."""
    page = for_own_page(
        SafeHtml(f'<img src="{url}" alt="A">'),
        ["https://www.example.gov"],
        "https://feeds.example.gov",
    )

    assert page == placeholder(url, "Image", "A")
