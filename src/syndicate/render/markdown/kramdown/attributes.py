"""Attribute lists and extensions of kramdown: ``{:.class #id key="value"}``, ``{::comment}``.

Syntax: kramdown 2.4, "Inline Attribute Lists" and "Extensions". `position_marks` replaces braces by
marks, so each pattern accepts a mark where kramdown has a brace.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
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
_MAX_DEFINITION_CHARACTERS: Final = 1_000

Attribute = tuple[str, str]
"""Name and value."""


def extension_end(name: str) -> str:
    """Return the pattern of the end of the extension called ``name``."""
    return rf"{OPEN}:/(?:{name})?{CLOSE}"


def references(text: str) -> list[str]:
    """Return the names of definitions that the attribute list ``text`` has."""
    return [found[3] for found in _ATTRIBUTE.findall(text) if found[3]]


def parse_attributes(text: str) -> list[Attribute]:
    """Return the attributes that ``text``, the content of attribute lists, has in their order."""
    parsed: list[Attribute] = []
    for key, double_quoted, single_quoted, _, names in _ATTRIBUTE.findall(text):
        if key:
            value = _ESCAPED.sub(r"\1", double_quoted or single_quoted)
            parsed.append((key.lower(), value))
        parsed += [
            ("id" if sign == "#" else "class", name) for sign, name in _ID_OR_CLASS.findall(names)
        ]
    return parsed


def define_attributes(name: str, text: str, definitions: dict[str, list[Attribute]]) -> None:
    """Add the attributes in ``text`` to those that ``name`` has in ``definitions``.

    A definition has at most 1,000 characters; what is beyond has no effect. Each use of a short
    name adds all of them to the document.
    """
    defined = definitions.setdefault(name, [])
    size = sum(len(key) + len(value) for key, value in defined)
    for key, value in parse_attributes(text):
        size += len(key) + len(value)
        if size > _MAX_DEFINITION_CHARACTERS:
            return
        defined.append((key, value))


def apply_attributes(
    text: str, element: Element, definitions: Mapping[str, Sequence[Attribute]]
) -> None:
    """Set the attributes that ``text`` and the ``definitions`` it refers to have on ``element``.

    ``text`` is the content of one or more attribute lists. Later values replace earlier ones,
    except for classes, which add up.
    """
    if not text:
        return
    defined = [definitions.get(name, ()) for name in dict.fromkeys(references(text))]
    classes = [element.get("class", "")]
    for name, value in chain(*defined, parse_attributes(text)):
        if name == "class":
            classes.append(value)
        else:
            element.set(name, value)
    if len(classes) > 1:
        element.set("class", " ".join(classes).strip())
