"""What a renderer tells an editor: notes with their place, and findings that still look for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from syndicate.model.edition import ProblemLevel

MAX_DIAGNOSTICS: Final = 200
"""Notes kept of one post; whoever has more will not read them all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something about a post's body an editor should know.

    ``line`` and ``column`` count from 1 in the file; both are 0 where no place could be found.
    """

    level: ProblemLevel
    rule: str
    line: int
    column: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlocatedDiagnostic:
    """A note whose place is not known yet: ``needle`` is how the body writes the thing meant."""

    level: ProblemLevel
    rule: str
    search_text: str
    message: str
    hint: str


def locate(
    unlocated: Iterable[UnlocatedDiagnostic], body: str, *, first_line: int
) -> tuple[Diagnostic, ...]:
    """Return the first `MAX_DIAGNOSTICS` of ``findings`` with line and column in the file.

    ``first_line`` is the line of the file in which ``body`` begins. Findings with the same needle
    come in the order of the body, so each is given the next place where the needle stands.
    """
    last_offsets: dict[str, int] = {}
    located = []
    for diagnostic, _ in zip(unlocated, range(MAX_DIAGNOSTICS), strict=False):
        last = last_offsets.get(diagnostic.search_text, -1)
        found = _find(body, diagnostic.search_text, last + 1)
        offset = last_offsets[diagnostic.search_text] = last if found < 0 else found
        line, column = line_and_column(body, offset) if offset >= 0 else (1 - first_line, 0)
        located.append(
            Diagnostic(
                level=diagnostic.level,
                rule=diagnostic.rule,
                line=first_line + line - 1,
                column=column,
                message=diagnostic.message,
                hint=diagnostic.hint,
            )
        )
    return tuple(located)


def _find(body: str, search_text: str, start: int) -> int:
    """Return where ``needle`` stands; a path is perhaps written without its first slash."""
    if not search_text.strip("/"):
        return -1
    found = body.find(search_text, start)
    return found if found >= 0 else body.find(search_text.lstrip("/"), start)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of ``offset``, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
