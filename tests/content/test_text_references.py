"""A scan finds what a text names of its site."""

import pytest

from syndicate.content.site_references import find_references
from syndicate.dialects.fields import NO_REFERENCES, TextReferences
from syndicate.model.markdown_options import KRAMDOWN
from syndicate.render import urls


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("[a](b.md#c) ![d](/e.png) [f](https://g.gov) [h](#i) [j]: k.md", ("b.md", "/e.png")),
        ("[a]: b.md", ("b.md",)),
        ('<img src="a&amp;b.png">', ("a&b.png",)),
        ("[a]({{ site.baseurl }}/b.md)", ("/b.md",)),
        ("![a]({{ '/b.png' | relative_url }})", ("/b.png",)),
        ('{{< figure src="b.png" alt="no path" >}} {% post_url 2024-01-02-a %}', None),
        ("{% include note %} {% comment %}[a](b.md){% endcomment %}", ("b.md",)),
    ],
)
def test_pages_and_files_are_named_by_links_and_tags(
    body: str, names: tuple[str, ...] | None
) -> None:
    """As written, without fragment; other hosts and words of tags do not count."""
    assert find_references(body, ()).names == (names or ("b.png", "2024-01-02-a"))


@pytest.mark.parametrize(
    "body", ["[a](b.md) {% link c.md %} <a href='d'>", "![]({{ '/x.png' | url }})"]
)
def test_every_internal_link_of_the_renderer_is_named(body: str) -> None:
    """So that no change of a link is missed."""
    assert set(urls.find_references(body, KRAMDOWN).links) <= set(find_references(body, ()).names)


def test_tags_are_named_as_settings_replace_them() -> None:
    """Whole, by their inner text, by name and by the names of filters; those of previews apart."""
    found = find_references("{{ a.b | c }}", ("{% d %}", "no tag"))
    assert found.tags == ("{{ a.b | c }}", "a.b | c", "a.b", "c")
    assert found.preview_tags == ("{% d %}", "d")


def test_hosts_of_frames_are_named() -> None:
    """In lower case, each once."""
    body = "<iframe src='https://TV.gov/1'></iframe><IFRAME title=a src=//tv.gov/2></iframe>"
    assert find_references(body, ()).frame_hosts == ("tv.gov",)


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("{::comment}a{:/comment}", ("kramdown",)),
        ("{# a #} {#id .class}", ("nunjucks",)),
        ("{/* a */}", ("mdx",)),
        ("# A {#id}", ()),
    ],
)
def test_syntaxes_of_comments_are_found(text: str, comments: tuple[str, ...]) -> None:
    """In the body as in previews; an attribute list is no comment."""
    assert find_references(text, ()).comments == comments
    assert find_references("", (text,)).comments == comments


def test_plain_text_names_nothing() -> None:
    """As most posts do."""
    assert find_references("Some words.", ("",)) == NO_REFERENCES == TextReferences()
