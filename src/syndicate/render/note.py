"""What a renderer tells an editor: notes with their place, and findings that still look for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from syndicate.model.edition import Level

MOST_NOTES: Final = 200
"""Notes kept of one post; whoever has more will not read them all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something about a post's body an editor should know.

    ``line`` and ``column`` count from 1 in the file; both are 0 where no place could be found.
    """

    level: Level
    rule: str
    line: int
    column: int
    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A note whose place is not known yet: ``needle`` is how the body writes the thing meant."""

    level: Level
    rule: str
    needle: str
    what: str
    hint: str


def locate(findings: Iterable[Finding], body: str, *, first_line: int) -> tuple[Note, ...]:
    """Return the first `MOST_NOTES` of ``findings`` with line and column in the file.

    ``first_line`` is the line of the file in which ``body`` begins. Findings with the same needle
    come in the order of the body, so each is given the next place where the needle stands.
    """
    seen: dict[str, int] = {}
    notes = []
    for finding, _ in zip(findings, range(MOST_NOTES), strict=False):
        last = seen.get(finding.needle, -1)
        found = _find(body, finding.needle, last + 1)
        offset = seen[finding.needle] = last if found < 0 else found
        line, column = place(body, offset) if offset >= 0 else (1 - first_line, 0)
        notes.append(
            Note(
                level=finding.level,
                rule=finding.rule,
                line=first_line + line - 1,
                column=column,
                what=finding.what,
                hint=finding.hint,
            )
        )
    return tuple(notes)


def _find(body: str, needle: str, start: int) -> int:
    """Return where ``needle`` stands; a path is perhaps written without its first slash."""
    if not needle.strip("/"):
        return -1
    found = body.find(needle, start)
    return found if found >= 0 else body.find(needle.lstrip("/"), start)


def place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of ``offset``, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
