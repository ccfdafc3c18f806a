"""Tables as kramdown reads them: a head is optional, rows may be long, code may hold pipes.

Source: kramdown 2.4, "Tables".
"""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import ATTRIBUTE_LIST
from syndicate.render.markdown.kramdown.block_parser import KramdownProcessor, put_back

_SEPARATOR: Final = re.compile(r"[+|: -]*-[+|: -]*$")
_FOOT_SEPARATOR: Final = re.compile(r"[+|: =]*=[+|: =]*$")
_ALIGNMENT: Final = re.compile(r"(:?)-+(:?)")
_BACKTICKS: Final = re.compile(r"`+")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_END: Final = re.compile(rf"\^[ ]*$|[ ]{{0,3}}{ATTRIBUTE_LIST}[ ]*$")

_ALIGNMENTS: Final = {(":", ":"): "center", (":", ""): "left", ("", ":"): "right"}


class TableProcessor(KramdownProcessor):
    """A table, a block in which each line has a pipe outside of code."""

    start = re.compile(r"[ ]{0,3}(?=\S).*\|")
    needs_blank_line = True

    @override
    def run(self, parent: Element, blocks: list[str]) -> bool:
        lines = blocks[0].rstrip("\n").split("\n")  # the last block of a list item ends a line
        end = next((n for n, line in enumerate(lines) if _END.match(line)), len(lines))
        if not all(_PIPE.search(line) for line in lines[:end]):
            return False
        rows = [_split(line.strip()) for line in lines[:end]]
        if any(len(row) == 1 for row in rows):
            return False
        table = _Table(rows)
        if not table.has_body:
            return False
        table.build(parent)
        blocks.pop(0)
        put_back(blocks, "\n".join(lines[end:]))
        return True


class _Table:
    """The rows of a table, by section, and the alignment of its columns."""

    def __init__(self, rows: list[list[str]]) -> None:
        self._sections: Final[list[tuple[str, list[list[str]]]]] = []
        self._alignments: list[str] = []
        self._has_foot = False
        self._rows: list[list[str]] = []
        has_leading_pipe = not rows[0][0].strip()
        for row in rows:
            line = "|".join(row)
            if _SEPARATOR.match(line):
                self._separate(line)
            elif _FOOT_SEPARATOR.match(line):
                self._end_section("tbody")
                self._has_foot = True
            else:
                self._rows.append(_cells(row, has_leading_pipe=has_leading_pipe))
        self._end_section("tfoot" if self._has_foot else "tbody")

    def _separate(self, line: str) -> None:
        if self._has_foot or not self._rows:
            return
        if self._sections:
            self._end_section("tbody")
            return
        self._end_section("thead")
        self._alignments = [
            _ALIGNMENTS.get((match[1], match[2]), "") for match in _ALIGNMENT.finditer(line)
        ]

    def _end_section(self, name: str) -> None:
        if self._rows:
            self._sections.append((name, self._rows))
            self._rows = []

    @property
    def has_body(self) -> bool:
        """Whether there are rows besides those of head and foot; it is no table otherwise."""
        return any(name == "tbody" for name, _ in self._sections)

    def build(self, parent: Element) -> None:
        """Append the table to ``parent``; short rows are filled."""
        table = SubElement(parent, "table")
        width = max(len(row) for _, rows in self._sections for row in rows)
        alignments = (self._alignments + [""] * width)[:width]
        for name, rows in self._sections:
            section = SubElement(table, name)
            for row in rows:
                line = SubElement(section, "tr")
                for text, alignment in zip(
                    row + [""] * (width - len(row)), alignments, strict=True
                ):
                    cell = SubElement(line, "th" if name == "thead" else "td")
                    cell.text = text
                    if alignment:
                        cell.set("align", alignment)


def _split(row: str) -> list[str]:
    """Return the parts of ``row`` between pipes that are neither escaped nor in code."""
    code = iter(sorted([*_code_spans(row), *_code_elements(row)]))
    code_start, code_end = next(code, (len(row), len(row)))
    parts, start = [], 0
    for pipe in _PIPE.finditer(row):
        while code_end <= pipe.start() < len(row):
            code_start, code_end = next(code, (len(row), len(row) + 1))
        if pipe.start() < code_start:
            parts.append(row[start : pipe.start()])
            start = pipe.end()
    return [*parts, row[start:]]


def _code_spans(row: str) -> Iterator[tuple[int, int]]:
    done = 0
    for opening in _BACKTICKS.finditer(row):
        close = row.find(opening[0], opening.end()) if opening.start() >= done else -1
        if close >= 0:
            done = close + len(opening[0])
            yield opening.start(), done


def _code_elements(row: str) -> Iterator[tuple[int, int]]:
    start = row.find("<code")
    while start >= 0:
        end = row.find("</code>", start)
        if end < 0:
            return
        yield start, end
        start = row.find("<code", end)


def _cells(parts: list[str], *, has_leading_pipe: bool) -> list[str]:
    """Return the cells of a row; what is empty before its first and after its last pipe is none."""
    first = 1 if has_leading_pipe and not parts[0].strip() else 0
    last = len(parts) if parts[-1].strip() else len(parts) - 1
    return [part.strip().replace("\\|", "|") for part in parts[first:last]]
