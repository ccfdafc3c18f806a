"""`commonmark`: Markdown as goldmark, markdown-it, pulldown-cmark and remark read it.

markdown-it-py with what these engines add to CommonMark 0.31.2: tables and strikethrough (GitHub
Flavored Markdown 0.29), footnotes and definition lists (PHP Markdown Extra), bare URLs, attribute
lists. Nesting is limited, and rules that would scan a text once for each of its characters are
guarded, so that the time for a text grows with its length only.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import accumulate
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, backtick
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown.commonmark_attributes import add_attributes, add_heading_ids
from syndicate.render.markdown.commonmark_definitions import add_definition_lists
from syndicate.render.markdown.commonmark_limits import MAX_INLINE_LEVELS, add_limits
from syndicate.render.markdown.commonmark_renderer import (
    CommonMarkRenderer,
    WithoutHtmlRenderer,
)
from syndicate.render.markdown.commonmark_text import add_autolinks, add_typography

_SPAN: Final = "span"
"""Key of the (start, end) of a code span in its token's metadata."""


def to_html(text: str, options: MarkdownOptions) -> str:
    """Return Markdown ``text`` as HTML, as an engine with ``options`` writes it.

    What comes out is not safe yet, also where HTML of the text is left out.
    """
    if not text.strip():
        return ""
    if options.autolinks and "@" not in text and "www." not in text:
        options = replace(options, autolinks=False)  # a shorter pattern to look for
    return str(_parser(options).render(text)).rstrip("\n")


def code_ranges(text: str, options: MarkdownOptions) -> list[tuple[int, int]]:  # noqa: ARG001 — no option changes where code is
    """Return (start, end) of each fence, indented block and code span in ``text``, in order.

    The lines of ``text`` end with a line feed. Fences and indented blocks are whole lines.
    """
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    found: list[tuple[int, int]] = []
    for token in _code_parser().parse(text):
        if token.map and token.type in ("fence", "code_block"):
            found.append((starts[token.map[0]], starts[token.map[1]] - 1))
        elif token.map and token.type == "inline" and "`" in token.content:
            found += _span_ranges(token, token.map[0], lines, starts)
    return sorted(found)


def _span_ranges(
    token: Token, first_line: int, lines: list[str], starts: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield where in the text the code spans of an inline ``token`` are.

    Its content is what remains of ``lines`` from ``first_line`` on without the blocks around it.
    Cells of a table share a line: content that was found is blanked there.
    """
    places: list[int] = []
    for number, row in enumerate(token.content.split("\n"), first_line):
        content = row.strip(" \t")
        column = _find(content, lines[number])
        if column < 0:
            return
        places += _row_places(row, lines[number], column, starts[number])
        end = places[-1] - starts[number]
        lines[number] = f"{lines[number][:column]}{chr(0) * (end - column)}{lines[number][end:]}"
    for child in token.children or ():
        if _SPAN in child.meta:
            start, end = child.meta[_SPAN]
            yield places[start], places[end - 1] + 1


def _find(content: str, line: str) -> int:
    """Return the column of ``content`` in ``line``, where its pipes are escaped in a cell."""
    column = line.find(content)
    return column if column >= 0 else line.find(content.replace("|", "\\|"))


def _row_places(row: str, line: str, column: int, start: int) -> Iterator[int]:
    """Yield the place in the text of each character of ``row`` and of the line feed after it."""
    for character in row.rstrip(" \t"):
        if character == line[column] or character not in " \t":
            column += character == "|" and line[column] == "\\"
            yield start + column
            column += 1
        else:
            yield start + column
    yield from [start + column] * (len(row) - len(row.rstrip(" \t")) + 1)


@cache
def _parser(options: MarkdownOptions) -> MarkdownIt:
    """Return a parser that writes HTML as an engine with ``options`` does."""
    parser = _basic_parser()
    parser.options["breaks"] = options.hard_breaks
    parser.use(footnote_plugin)
    add_autolinks(parser, with_all=options.autolinks)
    add_attributes(parser, with_all=options.attributes)
    if options.typographer:
        add_typography(parser)
    if options.heading_ids:
        add_heading_ids(parser)
    add_limits(parser)
    renderer = WithoutHtmlRenderer if options.omits_html else CommonMarkRenderer
    parser.renderer = renderer(parser)
    return parser


@cache
def _code_parser() -> MarkdownIt:
    """Return a parser that records where code spans are, also in footnotes without reference."""
    parser = _basic_parser()
    parser.use(footnote_plugin, move_to_end=False)
    add_limits(parser)
    parser.inline.ruler.at("backticks", _code_span)
    parser.core.ruler.at("inline", _inlines_with_code)
    return parser


def _basic_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_INLINE_LEVELS, "xhtmlOut": False})
    return parser.enable(["table", "strikethrough"]).use(add_definition_lists)


def _code_span(state: StateInline, silent: bool) -> bool:
    """Read backticks, and record where a code span is."""
    start = state.pos
    found = backtick(state, silent)
    if found and not silent and not state.pending:
        state.tokens[-1].meta[_SPAN] = (start, state.pos)
    return found


def _inlines_with_code(state: StateCore) -> None:
    """Read the inlines of blocks that may hold code."""
    for token in state.tokens:
        if token.type == "inline" and "`" in token.content:
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
