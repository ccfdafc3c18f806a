"""Definitions, which show nothing where they stand: of links, abbreviations and footnotes.

Source: kramdown 2.4, "Link Definitions", "Abbreviation Definition" and "Footnote Definition".
"""

import re
from typing import Final
from xml.etree.ElementTree import Element

from typing_extensions import override

from syndicate.render.markdown.kramdown.block_parser import (
    KramdownBlockParser,
    KramdownProcessor,
    add_boundary,
    put_back,
)
from syndicate.render.markdown.kramdown.blocks import INTERRUPTION
from syndicate.render.markdown.kramdown.footnotes import Footnotes

_LINK: Final = re.compile(
    r"[ ]{0,3}\[(?!\^)([^\n\]]+)\]:[ ]*(?:<([^<>\n]*)>|([^\n]*?\S[^\n]*?))"
    r"(?:(?:[ ]*\n|[ ]+)[ ]*(?:\"([^\"\n]+)\"|'([^'\n]+)'))?[ ]*(?:\n|\Z)"
)
_ABBREVIATION: Final = re.compile(r"[ ]{0,3}\*\[([^\]\n]+)\]:[ ]*([^\n]*)(?:\n|\Z)")
_FOOTNOTE: Final = re.compile(r"[ ]{0,3}\[\^(\w[\w-]*)\]:[ ]*")
_INDENTED: Final = re.compile(
    rf"(?:(?:[ ]{{4}}.*(?:\n|\Z))++(?:(?!{INTERRUPTION.pattern})(?=.*\S).*(?:\n|\Z))*+)*+",
    re.MULTILINE,
)
"""Lines that begin with indented ones."""

_INDENT: Final = re.compile(r"^[ ]{4}", re.MULTILINE)
_SPACE: Final = re.compile(r"\s+")


class LinkDefinitionProcessor(KramdownProcessor):
    """``[name]: URL "title"``."""

    start = _LINK

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        block, end = blocks.pop(0), 0
        while match := _LINK.match(block, end):
            name = _SPACE.sub(" ", match[1]).lower()
            url = match[2] if match[2] is not None else match[3].strip()
            self.parser.md.references[name] = (url, match[4] or match[5] or "")
            end = match.end()
        add_boundary(parent)
        put_back(blocks, block[end:])


class AbbreviationProcessor(KramdownProcessor):
    """``*[name]: meaning``."""

    def __init__(self, parser: KramdownBlockParser, abbreviations: dict[str, str]) -> None:
        super().__init__(parser)
        self._abbreviations: Final = abbreviations

    start = _ABBREVIATION

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        block, end = blocks.pop(0), 0
        while match := _ABBREVIATION.match(block, end):
            self._abbreviations[match[1]] = match[2].strip()
            end = match.end()
        add_boundary(parent)
        put_back(blocks, block[end:])


class FootnoteDefinitionProcessor(KramdownProcessor):
    """``[^name]: text``, with everything that is indented below it."""

    def __init__(self, parser: KramdownBlockParser, footnotes: Footnotes) -> None:
        super().__init__(parser)
        self._footnotes: Final = footnotes

    start = _FOOTNOTE

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        line, _, rest = blocks.pop(0).partition("\n")
        opening = self.opening(line)
        text, separator = line[opening.end() :], "\n\n"
        if rest:
            blocks.insert(0, rest)
            separator = "\n"
        while blocks and (indented := _take_indented(blocks)):
            text += separator + indented
            separator = "\n\n"
        add_boundary(parent)
        self._footnotes.define(opening[1], _INDENT.sub("", text))


def _take_indented(blocks: list[str]) -> str:
    """Take the lines of the first of ``blocks`` that are indented, or follow such lines."""
    block = blocks[0].lstrip("\n")
    rest = _INDENTED.sub("", block, count=1)
    lines = block[: len(block) - len(rest)]
    if lines:
        blocks.pop(0)
        put_back(blocks, rest)
    return lines
