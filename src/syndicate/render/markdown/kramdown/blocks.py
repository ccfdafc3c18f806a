"""Blocks that kramdown ends, nests or writes in another way than Python-Markdown.

Source: kramdown 2.4, "Block-level Elements", and kramdown-parser-gfm 1.1, which lets more blocks
end a paragraph.
"""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString, code_escape
from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import ATTRIBUTE_LIST, CLOSE, OPEN
from syndicate.render.markdown.kramdown.block_parser import (
    Continuation,
    KramdownProcessor,
    add_boundary,
    put_back,
    take_block,
    take_until,
)
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

_HEADING_END: Final = re.compile(r"(?:^|[ ])#+$")
_HEADING_ID: Final = re.compile(rf"[ ]{OPEN}#([A-Za-z_:][\w:.-]*){CLOSE}$")
_QUOTE_MARKER: Final = re.compile(r"^[ ]{0,3}>[ ]?", re.MULTILINE)
_INDENT: Final = re.compile(r"^[ ]{4}", re.MULTILINE)
_LAZY_CODE: Final = re.compile(r"\n([ ]{0,3}\S)")


class EmptyProcessor(KramdownProcessor):
    """Blank lines, which end a block."""

    start = re.compile(r"\n|\Z")

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        rest = blocks.pop(0).lstrip("\n")
        if rest:
            blocks.insert(0, rest)


class ParagraphProcessor(KramdownProcessor):
    """A paragraph, which a list, heading, quote, fence or HTML element ends without a blank line.

    A block that turns out to be none goes on with the paragraph before it.
    """

    start = re.compile("")

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        is_continued = isinstance(blocks[0], Continuation)
        text = take_block(blocks, PARAGRAPH_END)
        if is_continued and len(parent) and parent[-1].tag == "p":
            parent[-1].text = f"{parent[-1].text}\n{text}"
        else:
            SubElement(parent, "p").text = text.lstrip(" ")


class HeadingProcessor(KramdownProcessor):
    """A heading of number signs and a space, which may end in signs and ``{#id}``."""

    start = re.compile(r"(#{1,6})[ ]+(?!#*[ ]*$)(.*)", re.MULTILINE)

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        line, _, rest = blocks.pop(0).partition("\n")
        signs, _, text = line.partition(" ")
        _add_heading(parent, len(signs), text)
        put_back(blocks, rest)


class UnderlinedHeadingProcessor(KramdownProcessor):
    """A heading of one line that is underlined, at the beginning of a block."""

    start = re.compile(r"[ ]{0,3}(?=\S)(.*)\n(=|-)\2*[ ]*(?:\n|$)")
    needs_blank_line = True

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        text, underline, *rest = blocks.pop(0).split("\n", 2)
        _add_heading(parent, 1 if underline.startswith("=") else 2, text)
        put_back(blocks, "".join(rest))


def _add_heading(parent: Element, level: int, text: str) -> None:
    heading = SubElement(parent, f"h{level}")
    text = text.strip()
    own_id = _HEADING_ID.search(text)
    if own_id:
        heading.set("id", own_id[1])
        text = text[: own_id.start()].rstrip()
    heading.text = _HEADING_END.sub("", text).rstrip()


class RuleProcessor(KramdownProcessor):
    """A thematic break, which does not end a paragraph."""

    start = re.compile(r"[ ]{0,3}([*_-])[ ]*\1[ ]*\1(?:\1|[ ])*(?:\n|$)")

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        SubElement(parent, "hr")
        put_back(blocks, blocks.pop(0).partition("\n")[2])


class QuoteProcessor(KramdownProcessor):
    """A block quote: every line up to a blank one belongs to it."""

    start = _QUOTE_MARKER
    is_container = True

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        text = _QUOTE_MARKER.sub("", take_block(blocks, INTERRUPTION))
        self.parser.parseChunk(SubElement(parent, "blockquote"), text)


class CodeProcessor(KramdownProcessor):
    """Indented code, with blank lines in it; a line that is not indented is joined to the last."""

    start = re.compile("    ")

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        parts = []
        while blocks and blocks[0].lstrip("\n").startswith("    "):
            parts.append(take_block(blocks, INTERRUPTION))
        text = _LAZY_CODE.sub(r" \1", "\n\n".join(parts))
        _add_code(parent, _INDENT.sub("", text))


class FenceProcessor(KramdownProcessor):
    """Code between fences, if both are there."""

    start = re.compile(r"[ ]{0,3}(([~`])\2{2,})[ ]*(?:([^\s?]+)(?:\?\S*)?)?[ ]*(?:\n|$)")

    @override
    def run(self, parent: Element, blocks: list[str]) -> bool:
        opening = self.opening(blocks[0])
        fence, sign, language = opening.groups(default="")
        unclosed = self.kramdown.context.unclosed
        if len(fence) >= unclosed.get(sign, len(fence) + 1):
            return False
        closing = re.compile(rf"^[ ]{{0,3}}{sign}{{{len(fence)},}}[ ]*$", re.MULTILINE)
        start = opening.end()
        for number, block in enumerate(blocks):
            end = closing.search(block, start)
            if end:
                _add_code(parent, take_until(blocks, opening.end(), number, end), language=language)
                return True
            start = 0
        unclosed[sign] = len(fence)
        return False


def _add_code(parent: Element, text: str, *, language: str = "") -> None:
    code = SubElement(SubElement(parent, "pre"), "code")
    if language:
        code.set("class", f"language-{language}")
    code.text = AtomicString(code_escape(text.rstrip("\n") + "\n"))


class BoundaryProcessor(KramdownProcessor):
    """A circumflex alone on its line, which ends the block before it."""

    start = re.compile(r"\^[ ]*(?:\n|$)")

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        rest = blocks.pop(0).partition("\n")[2]
        add_boundary(parent)
        if rest:
            blocks.insert(0, rest)


class MathProcessor(KramdownProcessor):
    r"""A formula between ``$$`` that is a block of its own, written for MathJax: ``\[…\]``."""

    start = re.compile(r"[ ]{0,3}\$\$((?:(?!\$\$).)*)\$\$[ ]*\Z", re.DOTALL)
    needs_blank_line = True

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        formula = blocks.pop(0).replace("$$", "").strip()
        SubElement(parent, "p").text = AtomicString(rf"\[{code_escape(formula)}\]")
