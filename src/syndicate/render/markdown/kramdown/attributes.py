"""Attribute lists and extensions of kramdown: ``{:.class #id key="value"}``, ``{::comment}``.

Syntax: kramdown 2.4, "Inline Attribute Lists" and "Extensions". `position_marks` replaces braces by
marks, so each pattern accepts a mark where kramdown has a brace.
"""

import re
from typing import Final
from xml.etree.ElementTree import Element

from syndicate.render.markdown.kramdown.position_marks import CLOSING_MARKS, OPENING_MARKS

OPEN: Final = rf"[{{{OPENING_MARKS}]"
CLOSE: Final = rf"[}}{CLOSING_MARKS}]"
_INSIDE: Final = rf"(?:\\{CLOSE}|[^}}{CLOSING_MARKS}])"

ATTRIBUTE_LIST: Final = rf"{OPEN}:(?![:/]|\w[\w-]*:)({_INSIDE}+){CLOSE}"
"""``{:.class}``; the group is the content."""

ATTRIBUTE_DEFINITION: Final = rf"{OPEN}:(\w[\w-]*):({_INSIDE}+){CLOSE}"
"""``{:name: .class}``, which defines a name for attributes."""

EXTENSION: Final = rf"{OPEN}::(\w+)(?:\s({_INSIDE}*?))?(/)?{CLOSE}"
"""``{::name key="value"}``; the third group is the slash of one without an end."""

EXTENSION_END: Final = rf"{OPEN}:/(\w*){CLOSE}"

_ATTRIBUTE: Final = re.compile(
    r"""(?:^|(?<=\s))(?:([\w-]+)=(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)')"""
    r"""|(\w[\w-]*)|((?:\#[A-Za-z][\w:-]*|\.[^\s.#]+)+))(?=\s|$)"""
)
_ID_OR_CLASS: Final = re.compile(r"([#.])([^\s.#]+)")
_ESCAPED: Final = re.compile(r"\\(.)")

CONTENTS: Final = "toc"
"""Reference that makes a table of contents of a list."""
FOOTNOTES: Final = "footnotes"
"""Reference that puts the footnotes in the place of a list."""


class Attributes:
    """Attributes of one element, from the content ``text`` of one or more attribute lists.

    Later values replace earlier ones, except for classes, which add up. ``references`` are names
    of definitions.
    """

    def __init__(self, text: str = "") -> None:
        self.values: Final[dict[str, str]] = {}
        self.references: Final[list[str]] = []
        self.add(text)

    def add(self, text: str) -> None:
        """Add the content of an attribute list."""
        for key, double_quoted, single_quoted, name, names in _ATTRIBUTE.findall(text):
            if key:
                self._set(key.lower(), _ESCAPED.sub(r"\1", double_quoted or single_quoted))
            elif name:
                self.references.append(name)
            for sign, value in _ID_OR_CLASS.findall(names):
                self._set("id" if sign == "#" else "class", value)

    def merge(self, other: "Attributes") -> None:
        """Add what ``other`` holds."""
        for key, value in other.values.items():
            self._set(key, value)
        self.references.extend(other.references)

    def apply(self, element: Element, definitions: dict[str, "Attributes"]) -> None:
        """Set the attributes on ``element``; ``definitions`` are those with a name."""
        every = Attributes()
        for name in self.references:
            every.merge(definitions.get(name, Attributes()))
        every.merge(self)
        own_class = element.get("class", "")
        for key, value in every.values.items():
            element.set(key, f"{own_class} {value}".strip() if key == "class" else value)

    def _set(self, key: str, value: str) -> None:
        own = self.values.get(key, "") if key == "class" else ""
        self.values[key] = f"{own} {value}".strip()
