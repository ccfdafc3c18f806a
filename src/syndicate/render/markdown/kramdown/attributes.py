"""Attribute lists and extensions of kramdown: ``{:.class #id key="value"}``, ``{::comment}``.

Syntax: kramdown 2.4, "Inline Attribute Lists" and "Extensions". `position_marks` replaces braces by
marks, so each pattern accepts a mark where kramdown has a brace.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

from syndicate.render.markdown.kramdown.position_marks import CLOSING_MARKS, OPENING_MARKS

OPEN: Final = rf"[{{{OPENING_MARKS}]"
CLOSE: Final = rf"[}}{CLOSING_MARKS}]"
_INSIDE: Final = rf"(?:\\{CLOSE}|(?!{OPEN}:)[^}}{CLOSING_MARKS}])"
"""No other list begins in one, unlike in kramdown: each place of a text is read in one list."""

ATTRIBUTE_LIST: Final = rf"{OPEN}:(?![:/]|\w[\w-]*:)({_INSIDE}+){CLOSE}"
"""``{:.class}``; the group is the content."""

ATTRIBUTE_DEFINITION: Final = rf"{OPEN}:(\w[\w-]*):({_INSIDE}+){CLOSE}"
"""``{:name: .class}``, which defines a name for attributes."""

EXTENSION: Final = rf"{OPEN}::(comment|nomarkdown|options)\b(?:\s({_INSIDE}*?))?(/)?{CLOSE}"
"""``{::name key="value"}``; the third group is the slash of one without an end."""

_ATTRIBUTE: Final = re.compile(
    r"""(?:^|(?<=\s))(?:([\w-]+)=(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)')"""
    r"""|(\w[\w-]*)|((?:\#[A-Za-z][\w:-]*|\.[^\s.#]+)+))(?=\s|$)"""
)
_ID_OR_CLASS: Final = re.compile(r"([#.])([^\s.#]+)")
_ESCAPED: Final = re.compile(r"\\(.)")


def extension_end(name: str) -> str:
    """Return the pattern of the end of the extension called ``name``."""
    return rf"{OPEN}:/(?:{name})?{CLOSE}"


def references(text: str) -> list[str]:
    """Return the names of definitions that the attribute list ``text`` has."""
    return [found[3] for found in _ATTRIBUTE.findall(text) if found[3]]


def apply_attributes(text: str, element: Element, definitions: Mapping[str, str]) -> None:
    """Set the attributes that ``text`` and the ``definitions`` it refers to have on ``element``.

    ``text`` is the content of one or more attribute lists. Later values replace earlier ones,
    except for classes, which add up.
    """
    defined = (definitions.get(name, "") for name in references(text))
    for key, double_quoted, single_quoted, _, names in _ATTRIBUTE.findall(
        " ".join((*defined, text))
    ):
        found = [
            ("id" if sign == "#" else "class", name) for sign, name in _ID_OR_CLASS.findall(names)
        ]
        if key:
            found = [(key.lower(), _ESCAPED.sub(r"\1", double_quoted or single_quoted))]
        for name, value in found:
            before = element.get(name, "") if name == "class" else ""
            element.set(name, f"{before} {value}".strip())
