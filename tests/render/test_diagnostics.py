"""Findings get the place where the file writes what they are about."""

from syndicate.render.diagnostics import MAX_DIAGNOSTICS, UnlocatedDiagnostic, locate


def finding(needle: str) -> UnlocatedDiagnostic:
    """Return a finding about ``needle``."""
    return UnlocatedDiagnostic(level="warning", rule="r", search_text=needle, message="w", hint="h")


BODY = "first\nsee a.png and\n  a.png, b.png\n"


def test_the_same_thing_twice_has_two_places() -> None:
    """In the order of the body; beyond the last place, the last place counts."""
    notes = locate([finding("a.png")] * 3, BODY, first_line=10)
    assert [(note.line, note.column) for note in notes] == [(11, 5), (12, 3), (12, 3)]


def test_a_path_is_found_without_its_first_slash() -> None:
    """Template tags write paths from the root without it."""
    (note,) = locate([finding("/b.png")], BODY, first_line=1)
    assert (note.line, note.column) == (3, 10)


def test_what_stands_nowhere_has_no_place() -> None:
    """Line and column are 0, whatever line the body begins in."""
    notes = locate([finding("zzz"), finding("/")], BODY, first_line=10)
    assert [(note.line, note.column) for note in notes] == [(0, 0), (0, 0)]


def test_a_post_with_thousands_of_findings_is_told_some() -> None:
    """Nobody reads them all, and looking for them would take its time."""
    assert len(locate([finding("a.png")] * 1000, BODY, first_line=1)) == MAX_DIAGNOSTICS
