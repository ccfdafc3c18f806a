"""The body of a post is rendered from file to output."""

import re
from dataclasses import replace
from html import unescape

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.markdown_options import (
    KRAMDOWN,
    Flavour,
    MarkdownEngine,
    MarkdownOptions,
)
from syndicate.model.post import Image
from syndicate.render.messages import RENDERER_VERSION
from syndicate.render.pipeline import render, truncated_fallback
from syndicate.render.sanitizer.sanitizer import sanitize
from syndicate.render.urls import UrlResolver, find_references
from tests.render.render_requests import PAGE, SITE, render_request

HARD_BREAKS = MarkdownEngine(flavour="kramdown", options=MarkdownOptions(hard_breaks=True))


def test_body_becomes_html_text_and_image() -> None:
    """Text is the content without tags, the URL of the first image is absolute."""
    rendering = render(render_request("Some *words*.\n\n![A chart](chart.png)\n"))
    assert rendering.content.startswith("<p>Some <em>words</em>.</p>")
    assert rendering.text == "Some words."
    assert rendering.image == Image(url=f"{PAGE}chart.png", alt="A chart")


def test_missing_alternative_text_differs_from_an_empty_one() -> None:
    """None is not empty."""
    assert render(render_request("![](a.png)")).image == Image(url=f"{PAGE}a.png", alt=None)
    assert render(render_request('<img src="a.png" alt="">')).image == Image(
        url=f"{PAGE}a.png", alt=""
    )


def test_diagnostics_have_line_and_column_in_the_file() -> None:
    """Front matter included; those of tags come first."""
    notes = render(render_request("One\n\ntwo {% frobnicate %} three\n[x](ttps://a)\n")).diagnostics
    assert [(note.rule, note.level, note.line, note.column) for note in notes] == [
        ("template", "notice", 7, 5),
        ("broken-scheme", "error", 8, 5),
    ]


def test_link_targets_and_asset_urls_are_used() -> None:
    """By name or path as written; in template tags and in Markdown."""
    rendering = render(
        render_request(
            "[a](b.md) [c]({% post_url 2024-01-01-d %}) ![e](/f.png)",
            link_targets=(("b.md", f"{SITE}/b/"), ("2024-01-01-d", f"{SITE}/d/")),
            asset_urls=(("/f.png", "https://feeds.example.gov/f"),),
        )
    )
    for address in (f"{SITE}/b/", f"{SITE}/d/", "https://feeds.example.gov/f"):
        assert address in rendering.content
    assert rendering.diagnostics == ()


def test_settings_of_a_source_are_used() -> None:
    """Hard line breaks, and replacements of tags."""
    request = render_request("a\n{{ b }}", engine=HARD_BREAKS, replacements=(("b", "c"),))
    assert render(request).content == "<p>a<br>\nc</p>"


@pytest.mark.parametrize("flavour", ["commonmark", "html", "kramdown"])
def test_markdown_is_read_in_the_flavour_of_the_request(flavour: Flavour) -> None:
    """HTML is not read as Markdown; in code of Markdown, template tags stay."""
    engine = MarkdownEngine(flavour=flavour)
    content = render(render_request("*a* `{{ x }}`", engine=engine)).content
    markdown = "<p><em>a</em> <code>{{ x }}</code></p>"
    assert unescape(content) == ("*a* ``" if flavour == "html" else markdown)


def test_kramdown_comments_are_text_in_html() -> None:
    """Kramdown does not read such a page."""
    request = render_request("{::comment}b{:/comment}", engine=MarkdownEngine(flavour="html"))
    assert render(replace(request, comment_syntaxes=("kramdown",))).text == request.body


def test_footnotes_have_ids_of_the_post() -> None:
    """So that they work in a page of several posts."""
    content = render(render_request("a[^1]\n\n[^1]: b")).content
    assert 'href="#p-k1-fn%3A1"' in content
    assert '<li id="p-k1-fn:1">' in content


def test_literal_braces_are_escaped_for_template_engines() -> None:
    """Outside of code."""
    content = render(render_request("{% raw %}{{ x }}{% endraw %} `{{ y }}` \\{\\{")).content
    assert content == "<p>&#123;{ x }} <code>{{ y }}</code> &#123;{</p>"


def test_internal_links_are_names_and_paths_of_the_site() -> None:
    """Template names, relative links and images, each once; external URLs are left out."""
    body = (
        "[a]({% post_url 2024-01-01-x %}) [b](other.md#part) [c](https://x.gov) [d](#e)\n"
        '[f](b&amp;c) {% image "p.png" %} <img src="q.png"> [b](<other.md>) [m](mailto:a@b.gov)\n'
        "\n[r]: /r.html\n"
    )
    assert find_references(body, KRAMDOWN).links == (
        "2024-01-01-x",
        "other.md",
        "b&c",
        "/p.png",
        "q.png",
        "/r.html",
    )


def test_fallback_has_the_beginning_and_an_error() -> None:
    """Plain paragraphs without template tags."""
    body = "First {{ x }} {% raw %}{{{% endraw %} <b>.\n\n" + "word " * 10_000
    rendering = truncated_fallback(render_request(body), 2.0)
    assert rendering.content == "<p>First  &#123;{ &lt;b&gt;.</p>"
    assert rendering.text == "First {{ <b>."
    (note,) = rendering.diagnostics
    assert (note.level, note.rule, note.line) == ("error", "too-slow", 5)
    assert "2 s" in note.message
    assert truncated_fallback(render_request("word " * 10_000), 2.0).text.startswith("word word")


def test_renderer_has_a_version() -> None:
    """The same for the same code."""
    assert len(RENDERER_VERSION) == 16


PIECES = st.sampled_from(
    [
        *"*_`[]()<!#\\|~\t\n\x00\ufeff\r",
        *("# ", "- ", "1. ", "> ", "```", "\n\n", "    ", "[a](", "![", "{{", "}}", "{%", "%}"),
        *("{% raw %}", "{% endraw %}", '{% image "a" %}', "[^1]", "[^1]: b\n", "<div>", "</div>"),
        *("<!--", "-->", "|-|-|\n", "a|b\n", "&amp;", "{: #x}", "*[A]: b\n", "[a]: /b\n", "A"),
        *("https://a.gov/", '<p markdown="1">', '{% embed "http://[" %}', ": "),
    ]
)
BODIES = st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join) | st.text()


@given(BODIES)
def test_any_text_is_rendered_to_well_formed_html(body: str) -> None:
    """No exception, no parse error, stable, the same each time."""
    rendering = render(render_request(body))
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    parser.parseFragment(rendering.content)
    again = sanitize(rendering.content, UrlResolver(page_url=PAGE), key="k1")
    assert again.html == rendering.content
    assert render(render_request(body)) == rendering
    assert all(note.line >= 5 or not note.column for note in rendering.diagnostics)


@given(BODIES)
def test_no_template_tag_is_left_in_any_text(body: str) -> None:
    """Outside of code, and in internal links."""
    content = str(render(render_request(body)).content)
    prose = re.sub(r"<code\b.*?</code>", "", content, flags=re.DOTALL)
    assert "{{" not in prose
    assert "{%" not in prose
    assert not any("{{" in name for name in find_references(body, KRAMDOWN).links)
