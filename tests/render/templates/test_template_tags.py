"""Template tags are found and taken apart."""

import pytest

from syndicate.render.templates.template_tags import (
    TagCall,
    TemplateTag,
    find_tags,
)


def only(text: str) -> TemplateTag:
    """Return the one tag in ``text``."""
    (tag,) = find_tags(text, ())
    return tag


def test_an_output_is_a_value_sent_through_filters() -> None:
    """A literal is a value without a name."""
    tag = only('a {{ "/x | y" | url | embed: "A, b" }} c')
    assert (tag.kind, tag.start, tag.end) == ("output", 2, 38)
    assert tag.call == TagCall(name="", arguments=("/x | y",))
    assert tag.filters == (TagCall(name="url"), TagCall(name="embed", arguments=("A, b",)))


def test_a_variable_is_a_value_with_a_name() -> None:
    """Hyphens that trim white space do not belong to it."""
    assert only("{{- site.baseurl -}}").name == "site.baseurl"


@pytest.mark.parametrize(
    ("source", "name", "words", "named"),
    [
        ('{% image "a b.png" \'An "alt"\' %}', "image", ("a b.png", 'An "alt"'), {}),
        ("{% post_url 2024-01-01-x %}", "post_url", ("2024-01-01-x",), {}),
        (
            '{% include "f.html",\n image: "/a.png",\n alt: "x" %}',
            "include",
            ("f.html",),
            {"image": "/a.png", "alt": "x"},
        ),
        ("{% oembed https://a.gov/?v=1&w=2 %}", "oembed", ("https://a.gov/?v=1&w=2",), {}),
        (
            '{{< figure src="a.png" alt="say \\"x\\"" />}}',
            "figure",
            (),
            {"src": "a.png", "alt": 'say "x"'},
        ),
        ("{{% ref `a.md` %}}", "ref", ("a.md",), {}),
        ("{{< >}}", "", (), {}),
    ],
)
def test_a_tag_is_a_name_with_arguments(
    source: str, name: str, words: tuple[str, ...], named: dict[str, str]
) -> None:
    """In Liquid's, Nunjucks' and Hugo's spelling."""
    tag = only(source)
    assert (tag.source, tag.name, tag.call.arguments, tag.call.named_arguments) == (
        source,
        name,
        words,
        named,
    )


@pytest.mark.parametrize(
    ("source", "closes"),
    [
        ("{% endif %}", "if"),
        ("{{< /note >}}", "note"),
        ("{{%/ note %}}", "note"),
        ("{% end %}", ""),
    ],
)
def test_an_end_tag_says_what_it_ends(source: str, closes: str) -> None:
    """Liquid's by its name, Hugo's by its slash."""
    assert only(source).closes == closes


@pytest.mark.parametrize("text", ["a {{ b", "a {% b\n\nc %}", "{{ x %}", "{% x }}"])
def test_an_opening_nobody_closes_is_a_stray(text: str) -> None:
    """A tag goes no further than its paragraph."""
    assert only(text).kind == "unclosed"


def test_an_opening_before_the_next_one_is_a_stray() -> None:
    """A forgotten end does not swallow the text up to the next tag."""
    assert [tag.kind for tag in find_tags("{{ a {{ b }}", ())] == ["unclosed", "output"]


def test_code_holds_no_tags() -> None:
    """Neither where one begins nor where one ends."""
    text = "`{{ a }}` {{ b }} `{{ c }}`"
    assert [tag.source for tag in find_tags(text, ((0, 9), (18, 27)))] == ["{{ b }}"]
