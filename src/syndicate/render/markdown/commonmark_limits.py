"""Guards of markdown-it-py's rules, so that the time for a text grows with its length only."""

import re
from collections.abc import Callable
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from syndicate.private_attributes import markdown_rules

MAX_INLINE_LEVELS: Final = 50
"""Links, images and emphasis inside each other; real texts have three."""
_MAX_BLOCK_LEVELS: Final = 40
"""Quotes, lists, items and definitions inside each other; a marker beyond is text."""
_MAX_LABEL: Final = 999
"""Characters of a footnote's name, as of a link label (CommonMark section 6.3)."""
_CONTAINERS: Final = frozenset({"blockquote", "definitions", "footnote_def", "list"})
"""Rules of blocks that hold blocks."""
_UNDERLINE: Final = re.compile(r"^[ \t>]*(?:=+|-+)[ \t]*$", re.MULTILINE)
_UNDERLINED: Final = "has_underlines"

_BlockRule = Callable[[StateBlock, int, int, bool], bool]
_InlineRule = Callable[[StateInline, bool], bool]


def add_limits(parser: MarkdownIt) -> None:
    """Limit how deep blocks are nested, and how far the end of a footnote's name is looked for.

    Without, markdown-it-py leaves out what is nested deeper than ``maxNesting``.
    """
    for block_rule in markdown_rules(parser.block.ruler):
        if block_rule.name in _CONTAINERS:
            block_rule.fn = _if_shallow(block_rule.fn)
        if block_rule.name == "footnote_def":
            block_rule.alt = [*block_rule.alt, "blockquote", "list"]  # no lazy line of theirs
        elif block_rule.name == "lheading":
            block_rule.fn = _if_underlined(block_rule.fn)
    for inline_rule in markdown_rules(parser.inline.ruler):
        if inline_rule.name == "footnote_ref":
            inline_rule.fn = _if_named(inline_rule.fn)


def _if_shallow(rule: _BlockRule) -> _BlockRule:
    def guarded(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        return (silent or state.level < _MAX_BLOCK_LEVELS) and rule(state, line, end, silent)

    return guarded


def _if_named(rule: _InlineRule) -> _InlineRule:
    def guarded(state: StateInline, silent: bool) -> bool:
        start = state.pos
        return (
            state.src.startswith("[^", start)
            and state.src.find("]", start, start + _MAX_LABEL) > 0
            and rule(state, silent)
        )

    return guarded


def _if_underlined(rule: _BlockRule) -> _BlockRule:
    """Return ``rule`` for texts in which a line could underline a heading.

    The rule reads each paragraph once more: a tenth of the time for a text.
    """

    def guarded(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        if _UNDERLINED not in state.env:
            state.env[_UNDERLINED] = _UNDERLINE.search(state.src) is not None
        return state.env[_UNDERLINED] and rule(state, line, end, silent)

    return guarded
