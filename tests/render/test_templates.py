"""Bodies lose their template code, and nothing else."""

from pathlib import Path

import pytest

from syndicate.render.note import MOST_NOTES
from syndicate.render.shortcode import Context
from syndicate.render.templates import LITERAL, resolve

DATA = Path(__file__).parents[1] / "data" / "render" / "templates"
CONTEXT = Context(site_url="https://a.gov", page_url="https://a.gov/post/")


@pytest.mark.parametrize("path", sorted(DATA.glob("*.md")), ids=lambda path: path.stem)
def test_template_code_comes_out_as_its_site_shows_it(path: Path) -> None:
    """The expected text stands beside the body."""
    resolved = resolve(path.read_text(), CONTEXT, first_line=1)
    assert resolved.text.replace(LITERAL, "{") == path.with_suffix(".expected").read_text()


def test_what_has_no_meaning_is_noted_with_its_place() -> None:
    """Line and column of the file, the tag in one line, long ones shortened."""
    body = "One\n`{{ code }}` and\n  {% include\n a.html %} {{ b"
    notes = resolve(body, CONTEXT, first_line=11).notes
    assert [(note.level, note.rule, note.line, note.column) for note in notes] == [
        ("notice", "template", 13, 3),
        ("notice", "template", 14, 12),
    ]
    assert notes[0].what == "{% include a.html %} was left out: it has no meaning here"
    assert notes[1].what == "{{ is never closed"
    (long,) = resolve("{% z " + "y" * 100 + " %}", CONTEXT, first_line=1).notes
    assert long.what.startswith("{% z yyy")
    assert len(long.what) < 120


def test_raw_does_not_move_the_place_of_what_comes_after() -> None:
    """Columns count what the file has, raw tags included."""
    (note,) = resolve("{% raw %}{{ a }}{% endraw %} {% b %}", CONTEXT, first_line=1).notes
    assert note.column == 30


def test_names_of_other_posts_are_told() -> None:
    """As written, for the caller to say where they lead."""
    body = '[a]({% post_url x %}) [b]({{< ref "y.md" >}}) {% link %}'
    assert resolve(body, CONTEXT, first_line=1).names == ("x", "y.md")


def test_thousands_of_unknown_tags_make_some_notes() -> None:
    """The text loses them all."""
    resolved = resolve("{% z %}" * 1000, CONTEXT, first_line=1)
    assert resolved.text == ""
    assert len(resolved.notes) == MOST_NOTES


def test_a_text_without_template_code_is_left_alone() -> None:
    """To the last character."""
    assert resolve("a { b } {: .c}", CONTEXT, first_line=1).text == "a { b } {: .c}"
