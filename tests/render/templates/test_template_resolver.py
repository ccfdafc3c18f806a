"""Bodies lose their template code, and nothing else."""

from pathlib import Path

import pytest

from syndicate.render.diagnostics import MAX_DIAGNOSTICS
from syndicate.render.templates.shortcodes import TemplateContext
from syndicate.render.templates.template_resolver import resolve_templates
from syndicate.render.templates.template_tags import LITERAL_BRACE

DATA = Path(__file__).parents[2] / "data" / "render" / "templates"
CONTEXT = TemplateContext(site_url="https://a.gov", page_url="https://a.gov/post/")


@pytest.mark.parametrize("path", sorted(DATA.glob("*.md")), ids=lambda path: path.stem)
def test_template_code_comes_out_as_its_site_shows_it(path: Path) -> None:
    """The expected text stands beside the body."""
    resolved = resolve_templates(path.read_text(), CONTEXT, first_line=1)
    assert resolved.text.replace(LITERAL_BRACE, "{") == path.with_suffix(".expected").read_text()


def test_what_has_no_meaning_is_noted_with_its_place() -> None:
    """Line and column of the file, the tag in one line, long ones shortened."""
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


def test_raw_does_not_move_the_place_of_what_comes_after() -> None:
    """Columns count what the file has, raw tags included."""
    (note,) = resolve_templates(
        "{% raw %}{{ a }}{% endraw %} {% b %}", CONTEXT, first_line=1
    ).diagnostics
    assert note.column == 30


def test_names_of_other_posts_are_told() -> None:
    """As written, for the caller to say where they lead."""
    body = '[a]({% post_url x %}) [b]({{< ref "y.md" >}}) {% link %}'
    assert resolve_templates(body, CONTEXT, first_line=1).referenced_names == ("x", "y.md")


def test_thousands_of_unknown_tags_make_some_notes() -> None:
    """The text loses them all."""
    resolved = resolve_templates("{% z %}" * 1000, CONTEXT, first_line=1)
    assert resolved.text == ""
    assert len(resolved.diagnostics) == MAX_DIAGNOSTICS


def test_a_text_without_template_code_is_left_alone() -> None:
    """To the last character."""
    assert resolve_templates("a { b } {: .c}", CONTEXT, first_line=1).text == "a { b } {: .c}"
