"""Template tags are found and parsed."""

import pytest

from syndicate.render.templates.template_tags import (
    TagCall,
    TemplateTag,
    find_tags,
)
from tests.cpu_time import takes_at_most


def only_tag(text: str) -> TemplateTag:
    """Return the only tag in ``text``."""
    (tag,) = find_tags(text, ())
    return tag


def test_output_is_a_value_with_filters() -> None:
    """A literal is a value without a name."""
    tag = only_tag('a {{ "/x | y" | url | embed: "A, b" }} c')
    assert (tag.kind, tag.start, tag.end) == ("output", 2, 38)
    assert tag.call == TagCall(name="", arguments=("/x | y",))
    assert tag.filters == (TagCall(name="url"), TagCall(name="embed", arguments=("A, b",)))


def test_variable_is_a_value_with_a_name() -> None:
    """Hyphens that trim white space are not part of it."""
    assert only_tag("{{- site.baseurl -}}").name == "site.baseurl"


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
def test_tag_is_a_name_with_arguments(
    source: str, name: str, words: tuple[str, ...], named: dict[str, str]
) -> None:
    """In the syntax of Liquid, Nunjucks and Hugo."""
    tag = only_tag(source)
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
def test_end_tag_has_the_name_of_its_start_tag(source: str, closes: str) -> None:
    """In Liquid by name, in Hugo by slash."""
    assert only_tag(source).closes == closes


@pytest.mark.parametrize("text", ["a {{ b", "a {% b\n\nc %}", "{{ x %}", "{% x }}"])
def test_tag_without_closing_delimiter_is_unclosed(text: str) -> None:
    """A tag cannot extend beyond its paragraph."""
    assert only_tag(text).kind == "unclosed"


def test_tag_before_the_next_opening_is_unclosed() -> None:
    """A missing delimiter does not include the text up to the next tag."""
    assert [tag.kind for tag in find_tags("{{ a {{ b }}", ())] == ["unclosed", "output"]


def test_tags_in_code_are_ignored() -> None:
    """Those that begin in code, and those that end in code."""
    text = "`{{ a }}` {{ b }} `{{ c }}`"
    assert [tag.source for tag in find_tags(text, ((0, 9), (18, 27)))] == ["{{ b }}"]


@pytest.mark.slow
@pytest.mark.unmeasured
def test_many_escaped_quotes_take_linear_time() -> None:
    """None of them begins a value."""
    text = '{% a "' + '\\"' * 20_000 + " %}"
    assert takes_at_most(5, lambda: list(find_tags(text, ())))
