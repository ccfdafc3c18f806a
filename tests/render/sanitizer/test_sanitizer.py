"""The output is safe, well-formed and self-contained for any HTML."""

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.render.allowlist import ELEMENTS, GLOBAL_ATTRIBUTES, LINK_SCHEMES
from syndicate.render.html_tokens import tokenize
from syndicate.render.sanitizer.sanitizer import SanitizedHtml, sanitize, text_to_html
from syndicate.render.urls import UrlResolver

SITE = "https://agency.example.gov"
PAGE = f"{SITE}/news/a-post/"
ADDRESSES = UrlResolver(page_url=PAGE)


def clean(html: str) -> SanitizedHtml:
    """Return ``html`` sanitized as the content of one post."""
    return sanitize(html, ADDRESSES, key="k")


KEPT = [
    "<p>a <em>b</em> <strong>c</strong> <sup>d</sup> <kbd>e</kbd> <mark>f</mark></p>",
    (
        '<figure><picture><source srcset="https://a.gov/x.webp 2x" type="image/webp">'
        '<img src="https://a.gov/x.png" alt="X"></picture><figcaption>Y</figcaption></figure>'
    ),
    (
        '<table><caption>c</caption><thead><tr><th scope="col">a</th></tr></thead>'
        '<tbody><tr><td colspan="2" align="right">b</td></tr></tbody></table>'
    ),
    '<details open=""><summary>s</summary><p>t</p></details>',
    "<dl><dt>a</dt><dd>b</dd></dl>",
    '<ol start="3" reversed=""><li value="7">a</li></ol>',
    '<p><abbr title="b">a</abbr><del datetime="2024-01-01">c</del><ins>d</ins></p>',
    '<audio src="https://a.gov/a.mp3" controls=""></audio>',
    (
        '<video controls="" poster="https://a.gov/p.png"><source src="https://a.gov/v.mp4">'
        '<track src="https://a.gov/v.vtt" kind="captions" srclang="en"></video>'
    ),
    '<pre><code class="language-c++">a\n</code></pre>',
    "<ruby>a<rp>(</rp><rt>b</rt><rp>)</rp></ruby>",
    '<blockquote cite="https://a.gov/q"><p>a</p><footer>b</footer></blockquote>',
    '<p lang="es" dir="ltr"><time datetime="2024-01-01">a</time></p>',
    '<a href="https://a.gov/" rel="nofollow noopener" target="_blank">a</a>',
]

CHANGED = [
    # what is active goes
    ("<script>x</script><style>p{}</style><p onclick='x' style='y'>a</p>", "<p>a</p>"),
    ("<form><p>a</p><input><button>b</button><select><option>c</select></form>", "<p>a</p>"),
    ("<svg><title>a</title></svg><math><mi>b</mi></math>c", "c"),
    ("<svg><script><script></svg>a", "a"),
    ("<svg><svg><script><svg><script></svg></svg>a", "a"),
    ("<p>a<svg><a><svg><script><a><script></svg></svg>b</p>c", "<p>ab</p>c"),
    ("<object data='x'><p>instead</p></object>", "<p>instead</p>"),
    ("<noscript><p>a</p></noscript>", "<p>a</p>"),
    ("<template><p>a</p></template><textarea><p></textarea>b", "b"),
    # what a script would load is there; readers without scripts see it once
    (
        '<img data-src="/a.png" src="data:image/gif;base64,R0" alt="A">',
        f'<img src="{SITE}/a.png" alt="A">',
    ),
    (
        (
            '<img data-lazy-src="/a.png" data-srcset="/b.png 2x" alt="">'
            '<noscript><img src="/a.png"></noscript>'
        ),
        f'<img alt="" src="{SITE}/a.png" srcset="{SITE}/b.png 2x">',
    ),
    (
        '<img data-srcset="/a.png 1x, /b.png 2x" alt="A">',
        f'<img alt="A" srcset="{SITE}/a.png 1x, {SITE}/b.png 2x" src="{SITE}/a.png">',
    ),
    (
        '<img src="data:x" srcset="/a.png 300w" alt="">',
        f'<img srcset="{SITE}/a.png 300w" alt="" src="{SITE}/a.png">',
    ),
    ('<img srcset="data:x 1x" alt="A">', "A"),
    ('<img data-src=" " src="/a.png" alt="">', f'<img src="{SITE}/a.png" alt="">'),
    ("<p data-src='/a.png'>a</p>", "<p>a</p>"),
    # addresses are absolute, broken ones go
    ('<a href="x">a</a>', f'<a href="{PAGE}x">a</a>'),
    ('<a href="ttps://x">a</a>', "a"),
    ('<a href="javascript:x" id="i">a</a>', '<a id="p-k-i">a</a>'),
    ('<a href="&#106;ava&#9;script:x">a</a>', "a"),
    ('<a href="">a</a>', "a"),
    ('<img src="data:x" alt="A &amp; B">', "A &amp; B"),
    ("<img src='data:x'>", ""),
    (
        '<img srcset="data:x 1x" src="/y.png" alt="">',
        '<img src="https://agency.example.gov/y.png" alt="">',
    ),
    ('<q cite="javascript:x">a</q>', "<q>a</q>"),
    # fragments work among other posts
    ('<h2 id="a">x</h2><a href="#a">y</a>', '<h2 id="p-k-a">x</h2><a href="#p-k-a">y</a>'),
    ('<a name="a"></a><a href="#a">y</a>', '<a id="p-k-a"></a><a href="#p-k-a">y</a>'),
    ('<a href="#b">y</a>', f'<a href="{PAGE}#b">y</a>'),
    ('<svg id="a"></svg><a href="#a">y</a>', f'<a href="{PAGE}#a">y</a>'),
    ('<i id="a"></i><b id="a"></b><u id=" "></u>', '<i id="p-k-a"></i><b id="p-k-a-2"></b><u></u>'),
    (
        '<b id="a"></b><p aria-describedby="a z">x</p>',
        '<b id="p-k-a"></b><p aria-describedby="p-k-a">x</p>',
    ),
    # attributes say what they may
    ('<p class="footnotes x language-y" data-x="1">a</p>', '<p class="footnotes language-y">a</p>'),
    (
        '<a href="/x" target="blank" rel="x-1 me">a</a>',
        '<a href="https://agency.example.gov/x" target="_blank" rel="me noopener">a</a>',
    ),
    ('<a href="/x" target="_top">a</a>', '<a href="https://agency.example.gov/x">a</a>'),
    (
        '<table><tr><td align="MIDDLE" colspan="x">a</td></tr></table>',
        "<table><tbody><tr><td>a</td></tr></tbody></table>",
    ),
    ('<p dir="RTL">a</p>', '<p dir="rtl">a</p>'),
    (
        '<video autoplay src="/v.mp4"></video>',
        '<video src="https://agency.example.gov/v.mp4" controls=""></video>',
    ),
    # obsolete and misplaced elements
    ("<center>a</center><tt>b</tt><font>c</font>", "<div>a</div><code>b</code>c"),
    ("<li>a</li><figcaption>b</figcaption><dt>c</dt>", "<div>a</div><div>b</div><div>c</div>"),
    ("<summary>a</summary><rt>b</rt><source src='c'>", "ab"),
    ("<ul><font><li>a</li></font></ul>", "<ul><li>a</li></ul>"),
    # frames of known hosts stay
    (
        '<iframe src="//www.youtube.com/embed/x" title="T">no</iframe>',
        (
            '<iframe src="https://www.youtube.com/embed/x" title="T" loading="lazy"'
            ' sandbox="allow-popups'
            ' allow-presentation allow-same-origin allow-scripts"></iframe>'
        ),
    ),
    (
        '<iframe src="https://e.com/x" title="A &amp; B"></iframe>',
        '<a href="https://e.com/x">A &amp; B</a>',
    ),
    (
        '<a href="/y"><iframe src="https://e.com/x"></iframe>z</a>',
        '<a href="https://agency.example.gov/y">z</a>',
    ),
    ("<iframe></iframe>a", "a"),
    # nothing is left that another engine would run, and code is left alone
    (
        "<p title='{{ x }}'>{{ x }} {% y %} {{{</p><code>{{ z }}</code>{%",
        (
            '<p title="&#123;{ x }}">&#123;{ x }} &#123;% y %} &#123;&#123;{</p>'
            "<code>{{ z }}</code>&#123;%"
        ),
    ),
    # characters that no output may hold
    ("a\x00\ufeffb&#x85;&#11;&#xfdd0;c\r\nd\ud800", "ab…c\nd\ufffd"),
    # what a parser would read otherwise the next time
    ("<pre>\n\n\na</pre>", "<pre>a</pre>"),
    ("<p><object><p>x</p></object></p>", "<p></p><p>x</p><p></p>"),
    ("<b><p>a</b>b</p><!-- c --><td>d", "<b></b><p><b>a</b>b</p>d"),
]


@pytest.mark.parametrize("html", KEPT)
def test_allowed_html_is_unchanged(html: str) -> None:
    """To the last character."""
    assert clean(html).html == html


@pytest.mark.parametrize(("html", "expected"), CHANGED)
def test_other_html_is_reduced_to_allowed_html(html: str, expected: str) -> None:
    """Sanitizing again changes nothing."""
    assert clean(html).html == expected
    assert clean(expected).html == expected


FOUND = [
    ("<p onclick='x' onload='y'>a</p>", [("active-content", "onclick")]),
    (
        "<form><script></script></form>",
        [("active-content", "<form"), ("active-content", "<script")],
    ),
    ("<iframe src='https://e.com'></iframe>", [("active-content", "<iframe")]),
    (
        '<a href="ttps://x">a</a><img src="htps:y" alt="b">',
        [("broken-scheme", "ttps://x"), ("broken-scheme", "htps:y")],
    ),
    ('<img src="a.png">', [("image-alt", "a.png")]),
    ('<img src="a.png" alt="IMG_1.JPG">', [("image-alt", "a.png")]),
    ('<img src="a.png" alt=""><img src="b.png" alt="Words">', []),
    (
        '<a href="/x"> </a><a href="/y"><img src="b.png" alt=""></a>',
        [("empty-link", "/x"), ("empty-link", "/y")],
    ),
    ('<a href="/x"><b>a</b></a><a href="/y"><img src="b.png" alt="B"></a><a id="z"></a>', []),
    ("a <!-- b", [("unclosed-comment", "<!--")]),
    ("a <!-- b --> c", []),
    ('<a href="other.md#x">a</a>', [("relative-link", "other.md#x")]),
    ('<a href="https://github.com/x/README.md">a</a><a href="/x">b</a>', []),
    (
        "<h2>a</h2><h3>b</h3><h2>c</h2><h4> <b>Deep &amp; far</b></h4>",
        [("heading-level", "Deep & far")],
    ),
    ("<h3></h3><h3>a</h3>", []),
]


@pytest.mark.parametrize(("html", "expected"), FOUND)
def test_diagnostics_name_rule_and_search_text(html: str, expected: list[tuple[str, str]]) -> None:
    """For each kind of problem."""
    assert [(each.rule, each.search_text) for each in clean(html).diagnostics] == expected


def test_first_image_is_returned_with_its_alternative_text() -> None:
    """None if it has none."""
    image = clean('<p>a</p><img src="a.png"><img src="b.png" alt="B">').image
    assert (image.url, image.alt) == (f"{PAGE}a.png", None) if image else image


def test_hosts_in_the_settings_may_be_embedded() -> None:
    """In addition to the well-known ones."""
    html = sanitize('<iframe src="https://e.com/x">', ADDRESSES, key="k", embeds=("e.com",)).html
    assert html.startswith('<iframe src="https://e.com/x"')


def test_ids_duplicated_by_the_parser_are_made_unique() -> None:
    """Unclosed formatting elements are repeated with their ids."""
    html = clean('<a id="a" href="/x">b<p>c</a><h2>d').html
    ids = re.findall(r'id="([^"]*)"', html)
    assert len(ids) == len(set(ids)) > 1


def test_depth_is_limited() -> None:
    """Thousands of nested elements take no time and keep their text."""
    html = clean("<div>" * 50_000 + "a</b>" + "</div>" * 50_000).html
    assert html.count("<div>") < 1_000
    assert "a" in html
    assert clean("<p>a" * 1_000).html.count("<p>a</p>") == 1_000


def test_html_that_keeps_changing_is_reduced_to_text() -> None:
    """No known input needs it."""
    settled = sanitize("<p>a</p><p><b>c</b> &lt;</p>", ADDRESSES, key="k", max_passes=0)
    assert settled.html == "<p>a</p>\n<p>c &lt;</p>"


def test_plain_text_becomes_paragraphs() -> None:
    """Escaped, separated by empty lines."""
    assert (
        text_to_html("a <b>\nc\n \n\nd {{ e }}\n") == "<p>a &lt;b&gt;\nc</p>\n<p>d &#123;{ e }}</p>"
    )


PIECES = st.sampled_from(
    [*sorted(ELEMENTS), "script", "svg", "form", "object", "math", "template", "frameset", "body"]
).flatmap(
    lambda name: st.sampled_from(
        [
            f"<{name}>",
            f"</{name}>",
            f'<{name} id="a" class="x" title="{{{{">',
            f'<{name} href="#a" src="//b/c" srcset="d 1x,">',
            f'<{name} href="java&#x09;script:e" onclick="f" style="g">',
        ]
    )
) | st.text(max_size=8)
MARKUP = st.lists(PIECES, max_size=25).map("".join) | st.text()


@given(MARKUP)
def test_any_html_becomes_well_formed_and_stable(html: str) -> None:
    """A strict HTML5 parser reports no error, and sanitizing again changes nothing."""
    content = clean(html).html
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    parser.parseFragment(content)
    assert clean(content).html == content


@given(MARKUP)
def test_any_html_is_reduced_to_the_allowlist(html: str) -> None:
    """Elements, attributes, schemes; every URL is absolute or a fragment of the same post."""
    content = clean(html).html
    ids: list[str] = []
    for token in tokenize(content):
        if token.kind != "start":
            continue
        assert token.name in ELEMENTS
        assert set(token.attributes) <= ELEMENTS[token.name] | GLOBAL_ATTRIBUTES
        ids += [token.attributes["id"]] if "id" in token.attributes else []
        for key in {"href", "src", "poster", "cite", "longdesc"} & set(token.attributes):
            assert re.match(rf"#p-k-|(?:{'|'.join(LINK_SCHEMES)}):", token.attributes[key])
    assert len(ids) == len(set(ids))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ufeff]", content)
