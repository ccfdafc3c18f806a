"""Tables as kramdown reads them: a head is optional, rows may be long, code may hold pipes.

Source: kramdown 2.4, "Tables".
"""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import SubElement

from syndicate.render.markdown.kramdown.attributes import ATTRIBUTE_LIST
from syndicate.render.markdown.kramdown.block_parser import BlockState, block_rule

_SEPARATOR: Final = re.compile(r"[+|: -]*-[+|: -]*$")
_FOOT_SEPARATOR: Final = re.compile(r"[+|: =]*=[+|: =]*$")
_ALIGNMENT: Final = re.compile(r"(:?)-+(:?)")
_CODE: Final = re.compile(r"(`++).*?\1|<code(?:(?!<code).)*?</code>")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_PIPE_IN_CODE: Final = "\ufdd0"
_END: Final = re.compile(rf"\^[ ]*$|[ ]{{0,3}}{ATTRIBUTE_LIST}[ ]*$")
_ALIGNMENTS: Final = {(":", ":"): "center", (":", ""): "left", ("", ":"): "right"}

_Rows = list[list[str]]


@block_rule(r"[ ]{0,3}(?=\S).*\|", needs_blank_line=True)
def table(state: BlockState) -> bool:
    """Take a table, a block in which each line has a pipe outside of code; fill short rows."""
    lines = state.blocks[0].rstrip("\n").split("\n")  # the last block of a list item ends a line
    end = next((number for number, line in enumerate(lines) if _END.match(line)), len(lines))
    if end == 0:  # an attribute list with a pipe in it
        return False
    rows = [_split(line.strip()) for line in lines[:end]]
    sections, alignments = _sections(rows)
    if any(len(row) == 1 for row in rows) or not any(name == "tbody" for name, _ in sections):
        return False
    state.blocks.popleft()
    state.put_back("\n".join(lines[end:]))
    element = SubElement(state.parent, "table")
    width = max(len(row) for _, section_rows in sections for row in section_rows)
    for name, section_rows in sections:
        section = SubElement(element, name)
        for row in section_rows:
            line = SubElement(section, "tr")
            for number, text in enumerate(state.parser.filled(row, width)):
                cell = SubElement(line, "th" if name == "thead" else "td")
                cell.text = text
                if number < len(alignments) and alignments[number]:
                    cell.set("align", alignments[number])
    return True


def _sections(rows: _Rows) -> tuple[list[tuple[str, _Rows]], Sequence[str]]:
    """Return the rows of head, bodies and foot, and the alignment of the columns."""
    sections: list[tuple[str, _Rows]] = []
    alignments: Sequence[str] = ()
    pending: _Rows = []
    has_foot = False
    has_leading_pipe = not rows[0][0].strip()
    for row in rows:
        line = "|".join(row)
        is_separator = _SEPARATOR.match(line) is not None
        if not is_separator and not _FOOT_SEPARATOR.match(line):
            pending.append(_cells(row, has_leading_pipe=has_leading_pipe))
        elif pending and not (is_separator and has_foot):
            is_head = is_separator and not sections
            sections.append(("thead" if is_head else "tbody", pending))
            pending = []
            if is_head:
                found = _ALIGNMENT.finditer(line)
                alignments = [_ALIGNMENTS.get((each[1], each[2]), "") for each in found]
        has_foot = has_foot or (not is_separator and _FOOT_SEPARATOR.match(line) is not None)
    if pending:
        sections.append(("tfoot" if has_foot else "tbody", pending))
    return sections, alignments


def _split(row: str) -> list[str]:
    """Return the parts of ``row`` between pipes that are neither escaped nor in code."""
    row = _CODE.sub(lambda code: code[0].replace("|", _PIPE_IN_CODE), row)
    return [part.replace(_PIPE_IN_CODE, "|") for part in _PIPE.split(row)]


def _cells(parts: list[str], *, has_leading_pipe: bool) -> list[str]:
    """Return the cells of a row; what is empty before its first and after its last pipe is none."""
    first = 1 if has_leading_pipe and not parts[0].strip() else 0
    last = len(parts) if parts[-1].strip() else len(parts) - 1
    return [part.strip().replace("\\|", "|") for part in parts[first:last]]
