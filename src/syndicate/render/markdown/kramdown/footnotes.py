"""Footnotes at the end of a text, in the order of references; without one they are left out.

Ids, classes and links are those of the other flavour: the sanitizer and pages depend on them.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.blockparser import BlockParser
from markdown.inlinepatterns import InlineProcessor
from markdown.util import AtomicString
from typing_extensions import override

from syndicate.render.markdown.kramdown.block_parser import GROUP, PLACE

_REFERENCE: Final = r"\[\^([^\]\s]+)\]"


class Footnotes:
    """The definitions of the footnotes of one text, and the references to them."""

    def __init__(self, parser: BlockParser) -> None:
        self._parser: Final = parser
        self._definitions: Final[dict[str, str]] = {}
        self._order: Final[list[str]] = []
        self._numbers: Final[dict[str, int]] = {}
        self._references: Final[Counter[str]] = Counter()

    def forget(self) -> None:
        """Forget the last text."""
        self._definitions.clear()
        self._order.clear()
        self._numbers.clear()
        self._references.clear()

    def define(self, name: str, text: str) -> None:
        """Store the ``text`` of the footnote called ``name``."""
        self._definitions[name] = text

    def add_reference(self, name: str) -> Element | None:
        """Return a reference to the footnote called ``name``, None if there is none."""
        if name not in self._definitions:
            return None
        if name not in self._numbers:
            self._order.append(name)
            self._numbers[name] = len(self._order)
        self._references[name] += 1
        superscript = Element("sup", id=_reference_id(name, self._references[name]))
        link = SubElement(superscript, "a", {"href": f"#fn:{name}", "class": "footnote-ref"})
        link.text = AtomicString(str(self._numbers[name]))
        return superscript

    def write(self, root: Element, convert: Callable[[Element], None]) -> None:
        """Add the footnotes to ``root``; ``convert`` converts the spans in an element.

        Footnotes that only other footnotes refer to come last. They stand in the first group that
        is their place, if there is one.
        """
        items: list[tuple[str, Element]] = []
        for name in self._order:
            item = Element("li", id=f"fn:{name}")
            self._parser.parseChunk(item, self._definitions[name])
            convert(item)  # may add references, and so names
            items.append((name, item))
        if items:
            place = next((group for group in root.iter(GROUP) if group.get(PLACE)), None)
            if place is None:
                SubElement(root, "hr", {"class": "footnotes-sep"})
            section = SubElement(root if place is None else place, "section")
            section.set("class", "footnotes")
            SubElement(section, "ol").extend(item for _, item in items)
        for name, item in items:
            self._add_back_links(name, item)

    def write_definitions(self, root: Element) -> None:
        """Append the texts of all footnotes to ``root``."""
        for text in self._definitions.values():
            self._parser.parseChunk(SubElement(root, "div"), text)

    def _add_back_links(self, name: str, item: Element) -> None:
        last = item[-1] if len(item) and item[-1].tag == "p" else SubElement(item, "p")
        for number in range(1, self._references[name] + 1):
            link = SubElement(last, "a", {"href": f"#{_reference_id(name, number)}"})
            link.set("class", "footnote-backref")
            link.set("aria-label", f"Back to reference {self._numbers[name]}")
            link.text = AtomicString("\u21a9")


class FootnoteReferenceProcessor(InlineProcessor):
    """``[^name]`` is a reference to that footnote if there is one."""

    def __init__(self, footnotes: Footnotes) -> None:
        super().__init__(_REFERENCE)
        self._footnotes: Final = footnotes

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        reference = self._footnotes.add_reference(m[1])
        return (None, None, None) if reference is None else (reference, m.start(), m.end())


def _reference_id(name: str, number: int) -> str:
    return f"fnref:{name}" if number == 1 else f"fnref{number}:{name}"
