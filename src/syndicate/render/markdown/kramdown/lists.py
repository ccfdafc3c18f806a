"""Lists as kramdown nests them: what is indented to the text of an item belongs to the item.

Source: kramdown 2.4, "Lists" and "Definition Lists".
"""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from syndicate.render.markdown.kramdown.attributes import ATTRIBUTE_LIST, apply_attributes
from syndicate.render.markdown.kramdown.block_parser import (
    GROUP,
    BlockState,
    Continuation,
    block_rule,
)
from syndicate.render.markdown.kramdown.blocks import INTERRUPTION, PARAGRAPH_END, thematic_break

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
    """An item while its lines are read; ``indent`` is the column of its text.

    ``nests`` says that a list in the item began, so that a marker belongs to that list.
    """

    indent: int
    lines: list[str]
    attributes: str
    has_blank_before: bool
    nests: bool


class _Reader:
    """Takes the lines of one list from the front of the blocks; blank lines separate blocks."""

    def __init__(self, state: BlockState, marker: str) -> None:
        self._state: Final = state
        self._marker: Final = marker
        self._max_indent = _MAX_MARKER_INDENT
        self.items: Final[list[_Item]] = []
        self.ended_by_boundary = False
        self._is_blank = marker == _COLON and not isinstance(state.blocks[0], Continuation)

    def read(self) -> list[_Item]:
        """Take lines for as long as they belong to the list; put the rest back."""
        while self._state.blocks:
            lines = self._state.blocks.popleft().split("\n")
            for number, line in enumerate(lines):
                if line and not self._take(line):
                    put = self._state.begin_with if self._is_blank else self._state.put_back
                    put("\n".join(lines[number:]))
                    return self.items
                if not line:
                    self._add_blank()
            self._add_blank()
        return self.items

    def _add_blank(self) -> None:
        self.items[-1].nests = self._is_blank = True
        self.items[-1].lines.append("")

    def _take(self, line: str) -> bool:
        self.ended_by_boundary = _BOUNDARY.match(line) is not None
        if self.ended_by_boundary or (
            self._is_blank and self._marker != _COLON and thematic_break.start.match(line)
        ):
            return False
        start = re.match(rf"[ ]{{0,{self._max_indent}}}{self._marker}(?=[ ])", line)
        if start:
            self._begin_item(line[start.end() :], start.end())
        return start is not None or self._continue_item(line)

    def _begin_item(self, rest: str, width: int) -> None:
        attributes = _ITEM_ATTRIBUTES.match(rest)
        text = rest[attributes.end() :] if attributes else rest.lstrip(" ")
        indent = width + len(rest) - len(rest.lstrip(" ")) if text.strip() else _CODE_INDENT
        own, nests = attributes[1] if attributes else "", _LIST_START.match(text) is not None
        self.items.append(_Item(indent, [text] if text else [], own, self._is_blank, nests))
        self._max_indent = min(indent - 1, _MAX_MARKER_INDENT)
        self._is_blank = False

    def _continue_item(self, line: str) -> bool:
        item = self.items[-1]
        is_indented = line.startswith(" " * item.indent)
        is_within = len(line) - len(line.lstrip(" ")) <= item.indent
        if not is_indented and (self._is_blank or (is_within and INTERRUPTION.match(line))):
            return False
        text = line[item.indent :] if is_indented else line
        if _LIST_START.match(text) and is_indented:
            item.nests = True
        elif _LIST_START.match(text) and item.nests:
            text = " " * (item.indent + _CODE_INDENT) + text
        self._is_blank = False
        item.lines.append(text)
        return True


@block_rule(_LIST_START.pattern, is_container=True)
def plain_list(state: BlockState) -> None:
    """Take an ordered or unordered list."""
    is_ordered = state.start[0].strip()[0].isdigit()
    reader = _Reader(state, _NUMBER if is_ordered else _BULLET)
    items = reader.read()
    element = SubElement(state.parent, "ol" if is_ordered else "ul")
    has_tight = len(items) == 1
    for item in items:
        li = _add_item(state, element, "li", item)
        is_last = item is items[-1]
        if not _begins_with_paragraph(li):
            has_tight = True
            continue
        # Feeds carry no form elements: the brackets of a task become a box.
        li[0].text = _TASK.sub(lambda task: _BOXES[task[1].lower()], li[0].text or "")
        if (has_tight or not is_last) and (
            not _has_blank_after_paragraph(item)
            or (is_last and len(li) == 1 and not reader.ended_by_boundary)
        ):
            _unwrap_paragraph(li)
            has_tight = True


def _add_item(state: BlockState, parent: Element, name: str, item: _Item) -> Element:
    element = SubElement(parent, name)
    apply_attributes(item.attributes, element, state.parser.attributes)
    state.parser.parseChunk(element, "\n".join(item.lines))
    return element


def _begins_with_paragraph(element: Element) -> bool:
    return len(element) > 0 and element[0].tag == "p"


def _has_blank_after_paragraph(item: _Item) -> bool:
    """Return whether a blank line follows the paragraph that the item begins with."""
    first = item.lines[: item.lines.index("")] if "" in item.lines else item.lines
    return len(first) < len(item.lines) and not any(map(PARAGRAPH_END.match, first[1:]))


def _unwrap_paragraph(parent: Element) -> None:
    """Make text of the paragraph that ``parent`` begins with."""
    parent[0].tag = GROUP
    parent[0].attrib.clear()


@block_rule(r"[ ]{0,3}:[ ]", is_container=True)
def definition_list(state: BlockState) -> bool:
    """Take a definition list: each line of the paragraph before the first colon is a term."""
    parent = state.parent
    if not len(parent) or parent[-1].tag != "p":
        return False
    items = _Reader(state, _COLON).read()
    terms = (parent[-1].text or "").split("\n")
    parent.remove(parent[-1])
    has_list = len(parent) > 0 and parent[-1].tag == "dl"
    element = parent[-1] if has_list else SubElement(parent, "dl")
    for line in terms:
        attributes = _ITEM_ATTRIBUTES.match(line)
        term = SubElement(element, "dt")
        term.text = line[attributes.end() :] if attributes else line
        apply_attributes(attributes[1] if attributes else "", term, state.parser.attributes)
    for item in items:
        definition = _add_item(state, element, "dd", item)
        if _begins_with_paragraph(definition) and not item.has_blank_before:
            _unwrap_paragraph(definition)
    return True
