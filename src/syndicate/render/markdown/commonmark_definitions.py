"""Definition lists of the `commonmark` flavour, as goldmark reads them (PHP Markdown Extra).

The plugin that markdown-it-py has for them follows pandoc: a paragraph is one term, a tilde begins
a definition, and what stands between two definitions is a term even if it is a list.
"""

import re
from collections.abc import Iterable
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_MARKER: Final = re.compile(r":[ \t]+(?=\S)")
_MARKED_LINE: Final = re.compile(r"^[ \t>*+\-\d.)]*:[ \t]", re.MULTILINE)
_HAS_MARKED_LINES: Final = "has_definitions"
_MAX_INDENT: Final = 3
_INDENT: Final = 2
"""Columns that a line must be indented to continue a definition, as in the plugin."""
_PARAGRAPH: Final = ["paragraph_open", "inline", "paragraph_close"]


def add_definition_lists(parser: MarkdownIt) -> None:
    """Read a paragraph, each line of which is a term, and the definitions below it."""
    parser.block.ruler.before("paragraph", "definitions", _definitions, {"alt": ["paragraph"]})


def _definitions(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    if _HAS_MARKED_LINES not in state.env:
        state.env[_HAS_MARKED_LINES] = _MARKED_LINE.search(state.src) is not None
    if not state.env[_HAS_MARKED_LINES]:
        return False
    if silent:  # a definition ends the paragraph of the one before
        return state.ddIndent >= 0 and _is_marked(state, line, state.ddIndent - _INDENT)
    marked = _line_below_terms(state, line, end)
    if marked is None:
        return False
    state.push("dl_open", "dl", 1)
    while marked is not None:
        _push_terms(state, range(line, marked))
        line = marked
        while line < end and _is_marked(state, line, state.blkIndent):
            _push_definition(state, line, end)
            line = state.line
        next_line = state.skipEmptyLines(line)
        marked = _line_below_terms(state, next_line, end)
        line = line if marked is None else next_line
    state.push("dl_close", "dl", -1)
    return True


def _is_marked(state: StateBlock, line: int, indent: int) -> bool:
    """Return whether a definition begins in ``line`` of a block that is indented by ``indent``."""
    start = state.bMarks[line] + state.tShift[line]
    return (
        0 <= state.sCount[line] - indent <= _MAX_INDENT
        and _MARKER.match(state.src, start, state.eMarks[line]) is not None
    )


def _line_below_terms(state: StateBlock, first_line: int, end: int) -> int | None:
    """Return the line of the first definition if ``first_line`` begins its terms.

    Empty lines may stand between; no other block does.
    """
    if first_line >= end or not 0 <= state.sCount[first_line] - state.blkIndent <= _MAX_INDENT:
        return None
    other_blocks = state.md.block.ruler.getRules("paragraph")
    for line in range(first_line, end):
        below = state.skipEmptyLines(line)
        if line > first_line and below < end and _is_marked(state, below, state.blkIndent):
            return below
        if below > line:
            return None
        if any(block(state, line, end, True) for block in other_blocks):
            return None
    return None


def _push_terms(state: StateBlock, lines: Iterable[int]) -> None:
    for line in lines:
        if not state.isEmpty(line):
            state.push("dt_open", "dt", 1)
            token = state.push("inline", "", 0)
            token.content = state.getLines(line, line + 1, state.blkIndent, False).strip()
            token.map = [line, line + 1]
            token.children = []
            state.push("dt_close", "dt", -1)


def _push_definition(state: StateBlock, line: int, end: int) -> None:
    """Read the definition that begins in ``line``, and the blocks in it."""
    marker = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    width = len(marker) - len(marker[1:].lstrip(" \t"))
    outer = state.blkIndent, state.ddIndent, state.tShift[line], state.sCount[line]
    is_loose = state.isEmpty(line - 1)
    state.push("dd_open", "dd", 1)
    first_token = len(state.tokens)
    state.blkIndent = state.ddIndent = state.sCount[line] + _INDENT
    state.tShift[line] += width
    state.sCount[line] += len(marker[:width].expandtabs(4))
    state.md.block.tokenize(state, line, end)
    state.blkIndent, state.ddIndent, state.tShift[line], state.sCount[line] = outer
    content = state.tokens[first_token:]
    if not is_loose and [token.type for token in content] == _PARAGRAPH:
        content[0].hidden = content[2].hidden = True
    state.push("dd_close", "dd", -1)
