"""Template tags are resolved or removed, and nothing else changes."""

from pathlib import Path

import pytest

from syndicate.render.diagnostics import MAX_DIAGNOSTICS
from syndicate.render.templates.template_context import TemplateContext
from syndicate.render.templates.template_resolver import resolve_templates
from syndicate.render.templates.template_tags import LITERAL_BRACE

DATA = Path(__file__).parents[2] / "data" / "render" / "templates"
CONTEXT = TemplateContext(site_url="https://a.gov", page_url="https://a.gov/post/")


@pytest.mark.parametrize("path", sorted(DATA.glob("*.md")), ids=lambda path: path.stem)
def test_template_tags_are_resolved_as_on_the_site(path: Path) -> None:
    """The expected text is beside the body."""
    resolved = resolve_templates(path.read_text(), CONTEXT, first_line=1)
    assert resolved.text.replace(LITERAL_BRACE, "{") == path.with_suffix(".expected").read_text()


def test_unknown_tag_is_reported_with_line_and_column() -> None:
    """The tag is shown in one line, and shortened."""
    body = "One\n`{{ code }}` and\n  {% include\n a.html %} {{ b"
    notes = resolve_templates(body, CONTEXT, first_line=11).diagnostics
    assert [(note.level, note.rule, note.line, note.column) for note in notes] == [
        ("notice", "template", 13, 3),
        ("notice", "template", 14, 12),
    ]
    assert notes[0].message == "{% include a.html %} was removed: unknown tag"
    assert notes[1].message == "{{ is not closed"
    (long,) = resolve_templates("{% z " + "y" * 100 + " %}", CONTEXT, first_line=1).diagnostics
    assert long.message.startswith("{% z yyy")
    assert len(long.message) < 120


def test_raw_tags_do_not_shift_columns() -> None:
    """Columns are those of the file."""
    (note,) = resolve_templates(
        "{% raw %}{{ a }}{% endraw %} {% b %}", CONTEXT, first_line=1
    ).diagnostics
    assert note.column == 30


def test_referenced_posts_are_returned() -> None:
    """As written in the tag."""
    body = '[a]({% post_url x %}) [b]({{< ref "y.md" >}}) {% link %}'
    assert resolve_templates(body, CONTEXT, first_line=1).referenced_names == ("x", "y.md")


def test_number_of_diagnostics_is_limited() -> None:
    """All unknown tags are removed."""
    resolved = resolve_templates("{% z %}" * 1000, CONTEXT, first_line=1)
    assert resolved.text == ""
    assert len(resolved.diagnostics) == MAX_DIAGNOSTICS


def test_text_without_template_tags_is_unchanged() -> None:
    """To the last character."""
    assert resolve_templates("a { b } {: .c}", CONTEXT, first_line=1).text == "a { b } {: .c}"
