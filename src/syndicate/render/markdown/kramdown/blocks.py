"""Blocks that kramdown ends, nests or writes in another way than Python-Markdown.

Source: kramdown 2.4, "Block-level Elements", "Block Inline Attribute Lists" and "Extensions", and
kramdown-parser-gfm 1.1, which lets more blocks end a paragraph.
"""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString, code_escape

from syndicate.render.markdown.kramdown.attributes import (
    ATTRIBUTE_DEFINITION,
    ATTRIBUTE_LIST,
    CLOSE,
    EXTENSION,
    OPEN,
    define_attributes,
    extension_end,
)
from syndicate.render.markdown.kramdown.block_parser import BlockState, Continuation, block_rule
from syndicate.render.markdown.kramdown.html_blocks import SPAN_ELEMENTS

_BLOCK_TAG: Final = (
    rf"[ ]{{0,3}}</?(?!(?:{'|'.join(sorted(SPAN_ELEMENTS))}|script)\b)[A-Za-z_][\w.:-]*"
)
_INTERRUPTION: Final = rf"^(?:[ ]{{0,3}}{ATTRIBUTE_LIST}[ ]*$|\^[ ]*$|{_BLOCK_TAG})"
INTERRUPTION: Final = re.compile(_INTERRUPTION, re.MULTILINE)
"""A line that ends a quote, code or a list item, which would go on otherwise."""

PARAGRAPH_END: Final = re.compile(
    rf"{_INTERRUPTION}|^[ ]{{0,3}}(?:(?:[+*-]|\d+\.|:)[ ]|>|[~`]{{3}})|^\#{{1,6}}[ ]",
    re.MULTILINE,
)
"""A line that ends a paragraph."""

_LINE: Final = r"[ ]{0,3}%s[ ]*(?:\n|$)"
_HEADING_END: Final = re.compile(r"(?:^|[ ])#+$")
_HEADING_ID: Final = re.compile(rf"[ ]{OPEN}#([A-Za-z_:][\w:.-]*){CLOSE}$")
_QUOTE_MARKER: Final = re.compile(r"^[ ]{0,3}>[ ]?", re.MULTILINE)
_INDENT: Final = re.compile(r"^[ ]{4}", re.MULTILINE)
_LAZY_CODE: Final = re.compile(r"\n([ ]{0,3}\S)")
_PARSES_HTML: Final = re.compile(r"""\bparse_block_html=["']true["']""")


@block_rule(r"\n|\Z")
def blank_lines(state: BlockState) -> None:
    """Take blank lines, which end a block."""
    state.begin_with(state.blocks.popleft().lstrip("\n"))


@block_rule("")
def paragraph(state: BlockState) -> None:
    """Take a paragraph, which a list, heading, quote, fence or HTML element ends.

    A block that turns out to be none goes on with the paragraph before it.
    """
    is_continued = isinstance(state.blocks[0], Continuation)
    text = state.take_block(PARAGRAPH_END)
    if is_continued and len(state.parent) and state.parent[-1].tag == "p":
        state.parent[-1].text = f"{state.parent[-1].text}\n{text}"
    else:
        SubElement(state.parent, "p").text = text.lstrip(" ")


@block_rule(r"(?m)(#{1,6})[ ]+(?!#*[ ]*$)(.*)")
def heading(state: BlockState) -> None:
    """Take a heading of number signs and a space, which may end in signs and ``{#id}``."""
    state.put_back(state.take_rest())
    _add_heading(state.parent, len(state.start[1]), state.start[2])


@block_rule(r"[ ]{0,3}(?=\S)(.*)\n(=|-)\2*[ ]*(?:\n|$)", needs_blank_line=True)
def underlined_heading(state: BlockState) -> None:
    """Take a heading of one line that is underlined, at the beginning of a block."""
    state.put_back(state.take_rest())
    _add_heading(state.parent, 1 if state.start[2] == "=" else 2, state.start[1])


def _add_heading(parent: Element, level: int, text: str) -> None:
    element = SubElement(parent, f"h{level}")
    text = text.strip()
    own_id = _HEADING_ID.search(text)
    if own_id:
        element.set("id", own_id[1])
        text = text[: own_id.start()].rstrip()
    element.text = _HEADING_END.sub("", text).rstrip()


@block_rule(r"[ ]{0,3}([*_-])[ ]*\1[ ]*\1(?:\1|[ ])*(?:\n|$)")
def thematic_break(state: BlockState) -> None:
    """Take a thematic break, which does not end a paragraph."""
    SubElement(state.parent, "hr")
    state.put_back(state.take_rest())


@block_rule(_QUOTE_MARKER.pattern, is_container=True)
def quote(state: BlockState) -> None:
    """Take a block quote: every line up to a blank one belongs to it."""
    text = _QUOTE_MARKER.sub("", state.take_block(INTERRUPTION))
    state.parser.parseChunk(SubElement(state.parent, "blockquote"), text)


@block_rule("    ")
def indented_code(state: BlockState) -> None:
    """Take indented code, with blank lines in it; a line that is not indented is joined."""
    parts = []
    while state.blocks and state.blocks[0].lstrip("\n").startswith("    "):
        parts.append(state.take_block(INTERRUPTION))
    text = _LAZY_CODE.sub(r" \1", "\n\n".join(parts))
    _add_code(state.parent, _INDENT.sub("", text))


@block_rule(r"[ ]{0,3}(([~`])\2{2,})[ ]*(?:([^\s?]+)(?:\?\S*)?)?[ ]*(?:\n|$)")
def fence(state: BlockState) -> bool:
    """Take code between fences, if both are there."""
    marks, sign, language = state.start.groups(default="")
    end = state.find(rf"^[ ]{{0,3}}{sign}{{{len(marks)},}}[ ]*$", marks)
    if end is None:
        return False
    _add_code(state.parent, state.take(end)[state.start.end() :], language)
    return True


def _add_code(parent: Element, text: str, language: str = "") -> None:
    code = SubElement(SubElement(parent, "pre"), "code")
    if language:
        code.set("class", f"language-{language}")
    code.text = AtomicString(code_escape(text.rstrip("\n") + "\n"))


@block_rule(r"\^[ ]*(?:\n|$)")
def boundary(state: BlockState) -> None:
    """Take a circumflex alone on its line, which ends the block before it."""
    state.add_raw()
    state.begin_with(state.take_rest())


@block_rule(r"(?s)[ ]{0,3}\$\$((?:(?!\$\$).)*)\$\$[ ]*\Z", needs_blank_line=True)
def formula(state: BlockState) -> None:
    r"""Take a formula that is a block of its own, and write it for MathJax: ``\[…\]``."""
    state.take_rest()
    text = rf"\[{code_escape(state.start[1].strip())}\]"
    SubElement(state.parent, "p").text = AtomicString(text)


@block_rule(_LINE % ATTRIBUTE_LIST)
def attribute_list(state: BlockState) -> None:
    """Take a line with attributes of the block before it, or else of the one after it."""
    is_after = isinstance(state.blocks[0], Continuation) and len(state.parent) > 0
    rest = state.take_rest()
    if is_after:
        state.parser.set_attributes(state.parent, state.parent[-1], state.start[1])
        rest = Continuation(rest) if state.start.re.match(rest) else rest
    else:
        state.attributes += f" {state.start[1]}"
    state.begin_with(rest)


@block_rule(_LINE % ATTRIBUTE_DEFINITION)
def attribute_definition(state: BlockState) -> None:
    """Take a line that gives attributes a name."""
    define_attributes(state.start[1], state.start[2], state.parser.attributes)
    state.add_raw()
    state.begin_with(state.take_rest())


@block_rule(_LINE % EXTENSION)
def extension(state: BlockState) -> bool:
    """Take ``{::comment}``, ``{::nomarkdown}`` and ``{::options /}`` on lines of their own."""
    name, options, slash = state.start.groups(default="")
    end = None if slash else state.find(rf"^[ ]{{0,3}}{extension_end(name)}[ ]*$", name)
    if not slash and end is None:
        return False
    if name == "options":
        state.parser.parses_html = _PARSES_HTML.search(options) is not None
    if end is None:
        state.put_back(state.take_rest())
        state.add_raw()
    else:
        body = state.take(end)[state.start.end() :]
        state.add_raw(body if name == "nomarkdown" else "")
    return True
