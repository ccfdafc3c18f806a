"""Footnotes: numbered as they are referred to, at the end of the text; others are left out."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.util import AtomicString
from typing_extensions import override

_REFERENCE: Final = r"\[\^([^\]\s]+)\]"


class Footnotes:
    """What the footnotes of one text say, and which of them are referred to, in which order."""

    def __init__(self) -> None:
        self.texts: Final[dict[str, str]] = {}
        self._numbers: Final[dict[str, int]] = {}
        self._order: Final[list[str]] = []
        self._references: Final[Counter[str]] = Counter()

    def forget(self) -> None:
        """Know of no footnote any more."""
        self.texts.clear()
        self._numbers.clear()
        self._order.clear()
        self._references.clear()

    def refer(self, name: str) -> Element | None:
        """Return a reference to the footnote called ``name``, None if there is none."""
        if name not in self.texts:
            return None
        if name not in self._numbers:
            self._order.append(name)
            self._numbers[name] = len(self._order)
        self._references[name] += 1
        place = Element("sup", id=_place(name, self._references[name]))
        link = SubElement(place, "a", {"href": f"#fn:{name}", "class": "footnote-ref"})
        link.text = AtomicString(str(self._numbers[name]))
        return place

    def write(self, root: Element, fill: Callable[[Element, str], None]) -> None:
        """Append the footnotes to ``root``; ``fill`` puts a text into an element.

        Filling may refer to further footnotes; they come last.
        """
        items = []
        for name in self._order:
            item = Element("li", id=f"fn:{name}")
            fill(item, self.texts[name])
            items.append(item)
        if items:
            SubElement(root, "hr", {"class": "footnotes-sep"})
            section = SubElement(root, "section", {"class": "footnotes"})
            SubElement(section, "ol").extend(items)
        for name, item in zip(self._order, items, strict=True):
            self._lead_back(name, item)

    def _lead_back(self, name: str, item: Element) -> None:
        last = item[-1] if len(item) and item[-1].tag == "p" else SubElement(item, "p")
        for number in range(1, self._references[name] + 1):
            link = SubElement(last, "a", {"href": f"#{_place(name, number)}"})
            link.set("class", "footnote-backref")
            link.set("aria-label", f"Back to reference {self._numbers[name]}")
            link.text = AtomicString("\u21a9")


class FootnoteReference(InlineProcessor):
    """``[^name]`` in a text becomes a reference to that footnote if there is one."""

    def __init__(self, markdown: Markdown, footnotes: Footnotes) -> None:
        super().__init__(_REFERENCE, markdown)
        self._footnotes: Final = footnotes

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        reference = self._footnotes.refer(m[1])
        return (None, None, None) if reference is None else (reference, m.start(), m.end())


def _place(name: str, number: int) -> str:
    return f"fnref:{name}" if number == 1 else f"fnref{number}:{name}"
