"""Posts inside our pages: nothing loads by itself, and the outline stays in order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.post import SafeHtml
from syndicate.render.pages.page_fragment import for_own_page


def link(href: str, label: str, words: str) -> str:
    """Return what stands for something that would load by itself."""
    return f'<a class="placeholder" href="{href}"><span class="label">{label}</span> {words}</a>'


X = "https://a.gov/x"
WORDS = '<span class="placeholder"><span class="label">Image</span> Home</span>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            f'<p><img src="{X}?a=1&amp;b=2" alt="A &quot;new&quot; form"></p>',
            f"<p>{link(f'{X}?a=1&amp;b=2', 'Image', 'A &quot;new&quot; form')}</p>",
        ),
        (f'<img src="{X}">', link(X, "Image", "no alternative text")),
        (f'<img src="{X}" alt="">', link(X, "Image", "decorative image")),
        (f'<iframe src="{X}" title="A talk"></iframe>', link(X, "Embedded", "A talk")),
        (f'<audio src="{X}"></audio>', link(X, "Recording", X)),
        (
            f'<video controls><source src="{X}">No film</video>',
            f"{link(X, 'Recording', X)}No film",
        ),
        (
            f'<a href="{X}"><img src="{X}" alt="Home"></a> <img src="{X}" alt="Home">',
            f'<a href="{X}">{WORDS}</a> {link(X, "Image", "Home")}',
        ),
        (f'<picture><source srcset="{X}"><img alt="x"></picture>', ""),
    ],
)
def test_what_would_load_by_itself_becomes_a_link(content: str, expected: str) -> None:
    """It says what it is and where it leads; in a link it is words only, without address none."""
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
def test_headings_begin_below_the_page_and_skip_no_level(
    written: list[int], shown: list[int]
) -> None:
    """Their order stays; the numbers are those of the page's outline."""
    content = "".join(f'<h{level} id="n">x</h{level}>' for level in written)

    expected = "".join(f'<h{level} id="n">x</h{level}>' for level in shown)
    assert for_own_page(SafeHtml(content)) == expected


def test_wide_tables_are_scrolled_by_keyboard() -> None:
    """Each stands in a frame that takes the focus and has a name of its own."""
    table = "<table><tbody><tr><td>1</td></tr></tbody></table>"

    assert for_own_page(SafeHtml(f"{table}<p>x</p>{table}")) == (
        f'<div class="scroll" role="region" aria-label="Table 1" tabindex="0">{table}</div>'
        "<p>x</p>"
        f'<div class="scroll" role="region" aria-label="Table 2" tabindex="0">{table}</div>'
    )


def test_a_cell_that_heads_nothing_is_no_header() -> None:
    """Who hears a table is not told of headers without words."""
    content = '<tr><th align="center"></th><th>\n</th><th>Cost</th></tr>'

    assert (
        for_own_page(SafeHtml(content)) == '<tr><td align="center"></td><td></td><th>Cost</th></tr>'
    )


def test_nothing_is_kept_from_those_who_listen() -> None:
    """A picture that was hidden from them is a link now, which must be heard."""
    content = f'<div class="x" aria-hidden="true"><img src="{X}" alt="A chart"></div>'

    assert for_own_page(SafeHtml(content)) == f'<div class="x">{link(X, "Image", "A chart")}</div>'


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
def test_everything_else_stays_as_it_is(content: str) -> None:
    """Words, references and elements that load nothing are not touched."""
    assert for_own_page(SafeHtml(content)) == content


ATTRIBUTES = st.text(alphabet="ab :/.\"'<>&;=", max_size=12)


def escaped(text: str) -> str:
    """Return ``text`` as the sanitizer writes it into an attribute."""
    return text.replace("&", "&amp;").replace('"', "&quot;")


@given(
    st.lists(
        st.tuples(st.sampled_from(["img", "iframe", "video", "h3", "p", "a"]), ATTRIBUTES),
        max_size=8,
    )
)
def test_nothing_is_ever_loaded(elements: list[tuple[str, str]]) -> None:
    """Whatever attributes hold, no element that loads is left and no tag is made of words."""
    ends = {"img": ""}
    content = "".join(
        f'<{tag} src="{escaped(text)}">x{ends.get(tag, f"</{tag}>")}' for tag, text in elements
    )

    tags = re.findall(r'<(/?\w+)(?:\s+[\w-]+="[^"]*")*>', for_own_page(SafeHtml(content)))

    assert set(tags) <= {"h2", "/h2", "p", "/p", "a", "/a", "span", "/span"}
