"""What a Markdown text consists of: a tree of blocks, each with its lines."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

Kind = Literal[
    "root",
    "quote",
    "list",
    "item",
    "terms",
    "term",
    "meaning",
    "paragraph",
    "heading",
    "rule",
    "fence",
    "indented",
    "html",
    "table",
    "footnote",
]

CONTAINERS: Final = frozenset({"root", "quote", "list", "item", "terms", "meaning"})
"""Kinds that hold blocks; all others hold lines."""

VERBATIM: Final = frozenset({"fence", "indented", "html", "footnote"})
"""Kinds whose lines are taken as they are: no block begins inside."""


@dataclass(slots=True, kw_only=True)
class Block:
    """One block while a text is read, and afterwards.

    ``start`` and ``end`` are its first and last line, counted from 0, blank ones at its end left
    out; ``lines`` are (number, text without what belongs to the containers around it).
    """

    kind: Kind
    start: int
    end: int
    children: list["Block"] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    marker: str = ""
    """The bullet or delimiter of a list, the fence, what ends an HTML block, a footnote's name."""
    level: int = 0
    """Of a heading; the first number of a list; the columns that belong to an item or a fence."""
    info: str = ""
    """What stands behind an opening fence."""
    columns: tuple[str, ...] = ()
    """The alignments of a table's columns."""

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(line for _, line in self.lines)

    @property
    def loose(self) -> bool:
        """Whether the items of this list are set apart by blank lines."""
        return any(
            _has_gap(siblings)
            for siblings in (self.children, *(item.children for item in self.children))
        )


def _has_gap(siblings: list[Block]) -> bool:
    return any(after.start > before.end + 1 for before, after in pairwise(siblings))
