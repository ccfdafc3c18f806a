"""Bare URLs become links; URLs inside HTML tags, links and code stay as they are."""

import pytest
from markdown_it import MarkdownIt

from syndicate.render.markdown.converter import to_html

LINK = '<a href="https://x.gov/">https://x.gov/</a>'


@pytest.mark.parametrize(
    "tag",
    [
        '<a href="https://x.gov/">t</a>',
        "<a href='https://x.gov/'>t</a>",
        "<a href=https://x.gov/>t</a>",
        '<a\nhref="https://x.gov/">t</a>',
        '<a class="button"\n   href="https://x.gov/@user"\n   title="a b">t</a>',
        '<A HREF="https://x.gov/">t</A>',
        '<a title="1 > 0" href="https://x.gov/">t</a>',
        '<a href="https://x.gov/?u=https://y.gov/">t</a>',
        '<img src="https://x.gov/a.png" alt="https://y.gov/">',
        '<img alt="a chart" src="https://x.gov/a.png">',
        '<iframe src="https://x.gov/embed/1" width="1"></iframe>',
        '<span data-x="https://x.gov/">t</span>',
        "<!-- https://x.gov/ -->",
    ],
)
@pytest.mark.parametrize("form", ["See {} today.", "{} first", "- {} in a list", "> {} quoted"])
def test_html_tag_with_url_in_paragraph_is_unchanged(tag: str, form: str) -> None:
    """Kramdown, markdown-it and goldmark all leave such a tag as it is."""
    assert tag.replace("\n   ", "\n") in to_html(form.format(tag)).replace("\n   ", "\n")


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://x.gov/">https://x.gov/</a>',
        'a <a href="https://x.gov/"><b>https://x.gov/</b></a> b',
        'a <A HREF="https://x.gov/">see https://x.gov/ there</A> b',
        "a [see https://x.gov/](https://x.gov/) b",
        '[t](https://x.gov/ "https://x.gov/")',
        '[t]\n\n[t]: https://x.gov/ "https://x.gov/"',
        "<https://x.gov/>",
    ],
)
def test_url_inside_a_link_makes_no_second_link(text: str) -> None:
    """HTML allows no link inside a link: the inner one would end the outer one."""
    html = to_html(text)
    assert html.lower().count("<a ") == 1
    assert "\ufdd8" not in html


@pytest.mark.parametrize(
    "text",
    [
        "`https://x.gov/`",
        "    https://x.gov/",
        "```\nhttps://x.gov/\n```",
        '<a href="https://x.gov/"target="_blank">',
        'URL="https://x.gov/"',
        "https://.",
        "https://&quot;",
    ],
)
def test_url_in_code_or_broken_tag_or_without_host_makes_no_link(text: str) -> None:
    """What is no tag is text."""
    assert "<a " not in to_html(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("See https://x.gov/.", f"See {LINK}."),
        ('Said "https://x.gov/".', f'Said "{LINK}".'),
        ("Said 'https://x.gov/', he.", f"Said '{LINK}', he."),
        ("Said 'https://x.gov/'s.", f"Said '{LINK}'s."),
        ("Said 'https://x.gov/ and left", f"Said '{LINK} and left"),
        ("Said &quot;https://x.gov/&quot;, he.", f"Said &quot;{LINK}&quot;, he."),
        ("Said &ldquo;https://x.gov/&rdquo;", f"Said &ldquo;{LINK}&rdquo;"),
        ("Said &#39;https://x.gov/&#39;", f"Said &#39;{LINK}&#39;"),
        ("(https://x.gov/)", f"({LINK})"),
        ("https://x.gov/<br>next", f"{LINK}<br>next"),
        ("https://x.gov/.<br>next", f"{LINK}.<br>next"),
        ("https://x.gov/`code`", f"{LINK}<code>code</code>"),
        ('<a href="/y">y</a> https://x.gov/', f'<a href="/y">y</a> {LINK}'),
        ("`<a>` https://x.gov/ </a>", f"<code>&lt;a&gt;</code> {LINK} </a>"),
        ('<a name="top">https://x.gov/', f'<a name="top">{LINK}'),
    ],
)
def test_bare_url_ends_before_markup_quotation_mark_and_punctuation(text: str, html: str) -> None:
    """A quotation mark counts as a character and as an entity."""
    assert to_html(text) == f"<p>{html}</p>"


def test_bare_url_keeps_escaped_characters_and_ampersands() -> None:
    """An editor escapes the underscore in a URL as anywhere else."""
    link = '<a href="https://x.gov/a_b?c=1&amp;d=2">https://x.gov/a_b?c=1&amp;d=2</a>'
    assert to_html(r"https://x.gov/a\_b?c=1&d=2") == f"<p>{link}</p>"


@pytest.mark.parametrize(
    "text",
    [
        'Read <a href="https://x.gov/apply">the form</a> at https://x.gov/form today.',
        'A <a href="https://x.gov/">https://x.gov/</a> and https://y.gov/<br>more.',
        'One <img src="https://x.gov/a.png" alt="b"> and "https://x.gov/c" there.',
    ],
)
def test_links_are_those_of_markdown_it(text: str) -> None:
    """Another implementation with links for bare URLs switched on."""
    reference = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable("linkify")
    assert to_html(text) == reference.render(text).strip().replace("&quot;", '"')
