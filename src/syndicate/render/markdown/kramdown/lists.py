"""Lists as kramdown nests them: what is indented to the text of an item belongs to the item.

Source: kramdown 2.4, "Lists" and "Definition Lists".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import ATTRIBUTE_LIST, Attributes
from syndicate.render.markdown.kramdown.block_parser import (
    GROUP,
    Continuation,
    KramdownProcessor,
)
from syndicate.render.markdown.kramdown.blocks import INTERRUPTION, PARAGRAPH_END, RuleProcessor

_BULLET: Final = r"[+*-]"
_NUMBER: Final = r"\d+\."
_COLON: Final = ":"
_LIST_START: Final = re.compile(rf"[ ]{{0,3}}(?:{_BULLET}|{_NUMBER})[ ]")
_ITEM_ATTRIBUTES: Final = re.compile(rf"[ ]*{ATTRIBUTE_LIST}[ ]*")
_TASK: Final = re.compile(r"\A\[([ xX])\] +")
_BOXES: Final = {" ": "\u2610 ", "x": "\u2611 "}
_BOUNDARY: Final = re.compile(r"\^[ ]*$")
_MAX_MARKER_INDENT: Final = 3
_CODE_INDENT: Final = 4


@dataclass(slots=True)
class _Item:
    """An item while its lines are read; ``indent`` is the column of its text."""

    indent: int
    lines: list[str]
    attributes: str = ""
    has_blank_before: bool = False
    nests: bool = False
    """Whether a list in the item began, so that a marker belongs to that list."""

    @property
    def first_block(self) -> list[str]:
        """The lines before the first blank one."""
        return self.lines[: self.lines.index("")] if "" in self.lines else self.lines


class _Reader:
    """Takes the lines of one list from the front of blocks; blank lines separate blocks."""

    def __init__(self, blocks: list[str], marker: str, *, is_after_blank: bool = False) -> None:
        self._blocks: Final = blocks
        self._marker: Final = marker
        self._start = _start_pattern(marker, _MAX_MARKER_INDENT)
        self.items: Final[list[_Item]] = []
        self.ended_by_boundary = False
        self._is_blank = is_after_blank

    def read(self) -> None:
        """Take lines for as long as they belong to the list; put the rest back."""
        while self._blocks:
            block = self._blocks[0]
            lines = block.split("\n")
            for number, line in enumerate(lines):
                if not self._take(line):
                    self._put_back(lines[number:])
                    return
            self._blocks.pop(0)
            self._take("")

    def _put_back(self, lines: Sequence[str]) -> None:
        self._blocks.pop(0)
        rest = "\n".join(lines)
        self._blocks.insert(0, rest if self._is_blank else Continuation(rest))

    def _take(self, line: str) -> bool:
        start = self._start.match(line)
        if not line:
            self._add(line)
            self._is_blank = True
        elif self._ends_at(line):
            return False
        elif start:
            self._begin_item(line[start.end(1) :], start.end(1))
        elif not self._continue_item(line):
            return False
        return True

    def _ends_at(self, line: str) -> bool:
        self.ended_by_boundary = _BOUNDARY.match(line) is not None
        is_rule = (
            self._is_blank
            and RuleProcessor.start.match(line) is not None
            and self._marker != _COLON
        )
        return self.ended_by_boundary or is_rule

    def _add(self, line: str) -> None:
        self.items[-1].nests = True
        self.items[-1].lines.append(line)

    def _begin_item(self, rest: str, width: int) -> None:
        attributes = _ITEM_ATTRIBUTES.match(rest)
        if not rest.strip() or (attributes and attributes.end() == len(rest)):
            indent = _CODE_INDENT
        else:
            indent = width + len(rest) - len(rest.lstrip(" "))
        text = rest[attributes.end() :] if attributes else rest.lstrip(" ")
        self.items.append(
            _Item(
                indent=indent,
                lines=[text] if text else [],
                attributes=attributes[1] if attributes else "",
                has_blank_before=self._is_blank,
                nests=_LIST_START.match(text) is not None,
            )
        )
        self._start = _start_pattern(self._marker, min(indent - 1, _MAX_MARKER_INDENT))
        self._is_blank = False

    def _continue_item(self, line: str) -> bool:
        item = self.items[-1]
        is_indented = line.startswith(" " * item.indent)
        if not is_indented and (self._is_blank or _interrupts(line, item.indent)):
            return False
        text = line[item.indent :] if is_indented else line
        if is_indented and _LIST_START.match(text):
            item.nests = True
        elif not is_indented and item.nests and _LIST_START.match(text):
            text = " " * (item.indent + _CODE_INDENT) + text
        self._is_blank = False
        item.lines.append(text)
        return True


def _start_pattern(marker: str, max_indent: int) -> re.Pattern[str]:
    return re.compile(rf"([ ]{{0,{max_indent}}}{marker})[ ]")


def _interrupts(line: str, indent: int) -> bool:
    """Return whether ``line``, which is not indented, ends an item with text at ``indent``."""
    is_within = len(line) - len(line.lstrip(" ")) <= indent
    return is_within and INTERRUPTION.match(line) is not None


class ListProcessor(KramdownProcessor):
    """An ordered or unordered list."""

    start = _LIST_START
    is_container = True

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        is_ordered = blocks[0].lstrip(" ")[0].isdigit()
        reader = _Reader(blocks, _NUMBER if is_ordered else _BULLET)
        reader.read()
        element = SubElement(parent, "ol" if is_ordered else "ul")
        has_tight = len(reader.items) == 1
        for item in reader.items:
            li = SubElement(element, "li")
            Attributes(item.attributes).apply(li, self.kramdown.definitions)
            self.parser.parseChunk(li, "\n".join(item.lines))
            is_last = item is reader.items[-1]
            _show_check_box(li)
            if not _begins_with_paragraph(li):
                has_tight = True
            elif (has_tight or not is_last) and (
                not _has_blank_after_paragraph(item)
                or (is_last and len(li) == 1 and not reader.ended_by_boundary)
            ):
                _unwrap_paragraph(li)
                has_tight = True


def _show_check_box(item: Element) -> None:
    """Show the brackets of a task as a box: feeds carry no form elements."""
    if _begins_with_paragraph(item):
        paragraph = item[0]
        paragraph.text = _TASK.sub(lambda task: _BOXES[task[1].lower()], paragraph.text or "")


def _begins_with_paragraph(element: Element) -> bool:
    return len(element) > 0 and element[0].tag == "p"


def _has_blank_after_paragraph(item: _Item) -> bool:
    """Return whether a blank line follows the paragraph that the item begins with."""
    first = item.first_block
    return len(first) < len(item.lines) and not any(map(PARAGRAPH_END.match, first[1:]))


def _unwrap_paragraph(parent: Element) -> None:
    """Make text of the paragraph that ``parent`` begins with."""
    parent[0].tag = GROUP
    parent[0].attrib.clear()


class DefinitionListProcessor(KramdownProcessor):
    """A definition list: each line of the paragraph before the first colon is a term."""

    start = re.compile(r"[ ]{0,3}:[ ]")
    is_container = True

    @override
    def test(self, parent: Element, block: str) -> bool:
        return super().test(parent, block) and len(parent) > 0 and parent[-1].tag == "p"

    @override
    def run(self, parent: Element, blocks: list[str]) -> None:
        is_after_blank = not isinstance(blocks[0], Continuation)
        reader = _Reader(blocks, _COLON, is_after_blank=is_after_blank)
        reader.read()
        terms = parent[-1]
        parent.remove(terms)
        previous = parent[-1] if len(parent) and parent[-1].tag == "dl" else None
        element = SubElement(parent, "dl") if previous is None else previous
        for line in (terms.text or "").split("\n"):
            self._add(element, "dt", line)
        for item in reader.items:
            definition = SubElement(element, "dd")
            Attributes(item.attributes).apply(definition, self.kramdown.definitions)
            self.parser.parseChunk(definition, "\n".join(item.lines))
            if _begins_with_paragraph(definition) and not item.has_blank_before:
                _unwrap_paragraph(definition)

    def _add(self, parent: Element, name: str, line: str) -> None:
        attributes = _ITEM_ATTRIBUTES.match(line)
        term = SubElement(parent, name)
        term.text = line[attributes.end() :] if attributes else line
        if attributes:
            Attributes(attributes[1]).apply(term, self.kramdown.definitions)
