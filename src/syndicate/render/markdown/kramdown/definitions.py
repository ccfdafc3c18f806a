"""Definitions, which show nothing where they stand: of links, abbreviations and footnotes.

Source: kramdown 2.4, "Link Definitions", "Abbreviation Definition" and "Footnote Definition".
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.inlinepatterns import InlineProcessor
from markdown.util import AtomicString
from typing_extensions import override

from syndicate.render.markdown.kramdown.block_parser import (
    GROUP,
    PLACE,
    BlockState,
    KramdownBlockParser,
    block_rule,
)
from syndicate.render.markdown.kramdown.blocks import INTERRUPTION

_INDENTED: Final = re.compile(
    rf"(?:(?:[ ]{{4}}.*(?:\n|\Z))++(?:(?!{INTERRUPTION.pattern})(?=.*\S).*(?:\n|\Z))*+)*+",
    re.MULTILINE,
)
"""Lines that begin with indented ones."""

_INDENT: Final = re.compile(r"^[ ]{4}", re.MULTILINE)


_TITLE: Final = r"(?:\"([^\"\n]++)\"|'([^'\n]++)')"
_LINE_END: Final = r"[ ]*+(?:\n|\Z)"
_NO_TITLE: Final = rf"(?!{_TITLE.replace('([', '(?:[')}{_LINE_END})"
_URL: Final = rf"[^ \n]++(?:[ ]++{_NO_TITLE}[^ \n]++)*+"
"""Words up to a title at the end of the line. Nothing is read twice: the time is linear."""


@block_rule(
    rf"[ ]{{0,3}}\[(?!\^)([^\n\]]++)\]:[ ]*+(?:<([^<>\n]*+)>|({_URL}))"
    rf"(?:(?:[ ]*+\n[ ]*+|[ ]++){_TITLE}{_LINE_END}|{_LINE_END})"
)
def link_definitions(state: BlockState) -> None:
    """Take lines of ``[name]: URL "title"``."""
    for found in state.take_matches():
        url = found[3].strip() if found[2] is None else found[2]
        name = re.sub(r"\s+", " ", found[1]).lower()
        state.parser.md.references[name] = (url, found[4] or found[5] or "")
    state.add_raw()


@block_rule(r"[ ]{0,3}\*\[([^\]\n]+)\]:[ ]*([^\n]*)(?:\n|\Z)")
def abbreviations(state: BlockState) -> None:
    """Take lines of ``*[name]: meaning``."""
    for found in state.take_matches():
        state.parser.abbreviations[found[1]] = found[2].strip()
    state.add_raw()


@block_rule(r"[ ]{0,3}\[\^(\w[\w-]*)\]:[ ]*")
def footnote_definition(state: BlockState) -> None:
    """Take ``[^name]: text``, with everything that is indented below it."""
    text, _, rest = state.take_rest().partition("\n")
    state.begin_with(rest)
    separator = "\n" if rest else "\n\n"
    while state.blocks and (indented := _take_indented(state)):
        text += separator + indented
        separator = "\n\n"
    state.add_raw()
    state.parser.footnotes[state.start[1]] = _INDENT.sub("", text)


def _take_indented(state: BlockState) -> str:
    """Take the lines of the first block that are indented, or follow such lines."""
    block = state.blocks[0].lstrip("\n")
    rest = _INDENTED.sub("", block, count=1)
    lines = block[: len(block) - len(rest)]
    if lines:
        state.blocks.popleft()
        state.put_back(rest)
    return lines


class Footnotes(InlineProcessor):
    """The references to the footnotes of one text: ``[^name]`` is one if there is a definition.

    Footnotes stand at the end of a text, in the order of references; without one they are left
    out. Ids, classes and links are those of the other flavour: the sanitizer and pages depend on
    them.
    """

    def __init__(self, parser: KramdownBlockParser) -> None:
        super().__init__(r"\[\^([^\]\s]+)\]")
        self._parser: Final = parser
        self._references: Final[Counter[str]] = Counter()
        self._numbers: Final[dict[str, int]] = {}
        self._order: Final[list[str]] = []

    def reset(self) -> None:
        """Forget the last text."""
        self._references.clear()
        self._numbers.clear()
        self._order.clear()

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        name = m[1]
        if name not in self._parser.footnotes:
            return None, None, None
        if name not in self._numbers:
            self._order.append(name)
            self._numbers[name] = len(self._order)
        self._references[name] += 1
        superscript = Element("sup", id=_reference_id(name, self._references[name]))
        link = SubElement(superscript, "a", {"href": f"#fn:{name}", "class": "footnote-ref"})
        link.text = AtomicString(str(self._numbers[name]))
        return superscript, m.start(), m.end()

    def write(self, root: Element, convert: Callable[[Element], None]) -> None:
        """Add the footnotes to ``root``; ``convert`` converts the spans in an element.

        Footnotes that only other footnotes refer to come last. They stand in the first group that
        is their place, if there is one.
        """
        items: dict[str, Element] = {}
        for name in self._order:  # which grows: converting one may add references
            items[name] = Element("li", id=f"fn:{name}")
            self._parser.parseChunk(items[name], self._parser.footnotes[name])
            convert(items[name])
        if not items:
            return
        place = next((group for group in root.iter(GROUP) if group.get(PLACE)), None)
        if place is None:
            place = root
            SubElement(root, "hr", {"class": "footnotes-sep"})
        section = SubElement(place, "section", {"class": "footnotes"})
        SubElement(section, "ol").extend(items.values())
        for name, item in items.items():
            self._add_back_links(name, item)

    def _add_back_links(self, name: str, item: Element) -> None:
        last = item[-1] if len(item) and item[-1].tag == "p" else SubElement(item, "p")
        for number in range(1, self._references[name] + 1):
            label = f"Back to reference {self._numbers[name]}"
            href = f"#{_reference_id(name, number)}"
            attributes = {"href": href, "class": "footnote-backref", "aria-label": label}
            SubElement(last, "a", attributes).text = AtomicString("\u21a9")


def _reference_id(name: str, number: int) -> str:
    return f"fnref:{name}" if number == 1 else f"fnref{number}:{name}"
