"""Marks braces with characters that tell where they are, to find them again in converted code."""

from collections.abc import Iterable
from typing import Final

_OPENING: Final = range(0xF0000, 0xFFFFE)
_CLOSING: Final = range(0x100000, 0x10FFFE)

OPENING_MARKS: Final = f"{chr(_OPENING.start)}-{chr(_OPENING.stop - 1)}"
CLOSING_MARKS: Final = f"{chr(_CLOSING.start)}-{chr(_CLOSING.stop - 1)}"
"""Ranges of a character class in a regular expression (private use, planes 15 and 16)."""


class PositionMarks:
    """A text in which each brace is replaced by a character that no other brace has.

    Braces beyond the 65,534th of a kind, and those whose mark is in the text already, stay.
    """

    def __init__(self, text: str) -> None:
        self._positions: Final[dict[str, int]] = {}
        used = set(text)
        marks = {
            brace: (chr(code) for code in codes if chr(code) not in used)
            for brace, codes in (("{", _OPENING), ("}", _CLOSING))
        }
        characters = list(text)
        for position, character in enumerate(text):
            mark = next(marks[character], "") if character in marks else ""
            if mark:
                self._positions[mark] = position
                characters[position] = mark
        self.text: Final = "".join(characters)

    def ranges(self, parts: Iterable[str]) -> list[tuple[int, int]]:
        """Return for each of ``parts`` with a mark where its first and last brace are, sorted.

        A range ends after the last brace.
        """
        found = []
        for part in parts:
            positions = [self._positions[mark] for mark in part if mark in self._positions]
            if positions:
                found.append((min(positions), max(positions) + 1))
        return sorted(found)
