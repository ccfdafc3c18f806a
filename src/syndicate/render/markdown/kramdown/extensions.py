"""Attribute lists of blocks, and extensions between blocks.

Source: kramdown 2.4, "Block Inline Attribute Lists", "Attribute List Definitions", "Extensions".
"""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString
from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import (
    ATTRIBUTE_DEFINITION,
    ATTRIBUTE_LIST,
    EXTENSION,
    EXTENSION_END,
    Attributes,
)
from syndicate.render.markdown.kramdown.block_parser import (
    RAW,
    Continuation,
    KramdownProcessor,
    add_boundary,
    put_back,
    take_until,
)

_LINE: Final = r"[ ]{0,3}%s[ ]*(?:\n|$)"
_END: Final = re.compile(rf"^[ ]{{0,3}}{EXTENSION_END}[ ]*$", re.MULTILINE)


class AttributeProcessor(KramdownProcessor):
    """A line with an attribute list, of the block before it or else of the one after it."""

    start = re.compile(_LINE % ATTRIBUTE_LIST)

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        block = blocks.pop(0)
        line, _, rest = block.partition("\n")
        attributes = Attributes(line.strip()[2:-1])
        if isinstance(block, Continuation) and len(parent):
            self.kramdown.set_attributes(parent, parent[-1], attributes)
            if self.start.match(rest):
                rest = Continuation(rest)
        else:
            self.kramdown.context.attributes.merge(attributes)
        if rest:
            blocks.insert(0, rest)


class AttributeDefinitionProcessor(KramdownProcessor):
    """A line that gives attributes a name."""

    start = re.compile(_LINE % ATTRIBUTE_DEFINITION)

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        line, _, rest = blocks.pop(0).partition("\n")
        name, _, text = line.strip()[2:-1].partition(":")
        self.kramdown.definitions.setdefault(name, Attributes()).add(text)
        add_boundary(parent)
        if rest:
            blocks.insert(0, rest)


class ExtensionProcessor(KramdownProcessor):
    """``{::comment}``, ``{::nomarkdown}`` and ``{::options /}`` on lines of their own."""

    start = re.compile(_LINE % EXTENSION)

    @override
    def run(self, parent: Element, blocks: list[str]) -> bool:
        opening = self.opening(blocks[0])
        if opening[1] not in ("comment", "nomarkdown", "options"):
            return False
        body = self._take_body(blocks, opening)
        if body is None:
            return False
        if opening[1] == "options":
            values = Attributes(opening[2] or "").values
            self.kramdown.parses_html = values.get("parse_block_html") == "true"
        html = self.parser.md.htmlStash.store(body) if opening[1] == "nomarkdown" else ""
        SubElement(parent, RAW).text = AtomicString(html)  # a comment separates blocks, too
        return True

    def _take_body(self, blocks: list[str], opening: re.Match[str]) -> str | None:
        """Take what is between ``opening`` and its end, None if there is no end."""
        if opening[3]:
            put_back(blocks, blocks.pop(0)[opening.end() :])
            return ""
        unclosed = self.kramdown.context.unclosed
        start = opening.end()
        for number, block in enumerate(blocks if opening[1] not in unclosed else ()):
            for end in _END.finditer(block, start):
                if end[1] in ("", opening[1]):
                    return take_until(blocks, opening.end(), number, end)
            start = 0
        unclosed[opening[1]] = 0
        return None
