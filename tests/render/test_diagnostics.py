"""Diagnostics get the line and column of the thing they are about."""

from syndicate.render.diagnostics import MAX_DIAGNOSTICS, UnlocatedDiagnostic, locate


def unlocated(search_text: str) -> UnlocatedDiagnostic:
    """Return a diagnostic about ``search_text``."""
    return UnlocatedDiagnostic(
        level="warning", rule="r", search_text=search_text, message="w", hint="h"
    )


BODY = "first\nsee a.png and\n  a.png, b.png\n"


def test_repeated_search_text_has_successive_places() -> None:
    """In the order of the body; after the last occurrence, the last one is used again."""
    diagnostics = locate([unlocated("a.png")] * 3, BODY, first_line=10)
    assert [(found.line, found.column) for found in diagnostics] == [(11, 5), (12, 3), (12, 3)]


def test_path_is_found_without_its_leading_slash() -> None:
    """Template tags contain paths without it."""
    (diagnostic,) = locate([unlocated("/b.png")], BODY, first_line=1)
    assert (diagnostic.line, diagnostic.column) == (3, 10)


def test_missing_search_text_has_no_place() -> None:
    """Line and column are 0, whatever the first line of the body."""
    diagnostics = locate([unlocated("zzz"), unlocated("/")], BODY, first_line=10)
    assert [(found.line, found.column) for found in diagnostics] == [(0, 0), (0, 0)]


def test_number_of_diagnostics_is_limited() -> None:
    """Searching for thousands would take too long."""
    assert len(locate([unlocated("a.png")] * 1000, BODY, first_line=1)) == MAX_DIAGNOSTICS


def test_text_with_typography_is_found_as_it_was_typed() -> None:
    """Engines write other quotation marks and dashes than editors."""
    body = 'a\n\n### "It\'s" -- b...'
    (diagnostic,) = locate([unlocated("\u201cIt\u2019s\u201d \u2013 b\u2026")], body, first_line=1)
    assert (diagnostic.line, diagnostic.column) == (3, 5)
