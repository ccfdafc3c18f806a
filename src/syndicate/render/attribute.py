"""Decides about each attribute of an element: its value in the output, or that it goes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from syndicate.render.address import Addresses
from syndicate.render.allowed import CHOICES, CLASSES, ELEMENTS, GLOBAL
from syndicate.render.identity import Identities
from syndicate.render.markup import Token

ADDRESSES: Final = frozenset({"cite", "href", "longdesc", "poster", "src"})
"""Attributes that hold one address; ``srcset`` holds several."""

_NUMBERS: Final = frozenset({"colspan", "height", "rowspan", "span", "start", "value", "width"})
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_LANGUAGE: Final = re.compile(r"language-[\w.+#\-]+")
_ALLOWED: Final = {name: own | GLOBAL for name, own in ELEMENTS.items()}
_WORD: Final = re.compile(r"[a-z]+")


class Attributes:
    """The attributes of one post's elements, with the addresses and ids they refer to."""

    def __init__(self, addresses: Addresses, ids: Identities) -> None:
        self._addresses: Final = addresses
        self._ids: Final = ids

    def kept(self, name: str, given: Mapping[str, str]) -> dict[str, str]:
        """Return the attributes an element called ``name`` keeps of those ``given``."""
        allowed = _ALLOWED[name]
        values = {key: self._value(key, text) for key, text in given.items() if key in allowed}
        return {key: value for key, value in values.items() if value is not None}

    def _value(self, key: str, text: str) -> str | None:
        value: str | None
        match key:
            case "id":
                value = self._ids.take(text) if text.strip() else None
            case "href":
                value = self._target(text.strip())
            case "cite" | "longdesc" | "poster" | "src":
                value = self._addresses.resource(text)
            case "srcset":
                value = self._addresses.srcset(text) or None
            case "class" | "rel" | "aria-describedby" | "headers":
                value = " ".join(self._words(key, text.split())) or None
            case _:
                value = _plain(key, text)
        return value

    def _words(self, key: str, words: Sequence[str]) -> Iterator[str]:
        match key:
            case "class":
                return filter(_is_known_class, words)
            case "rel":
                return filter(_WORD.fullmatch, words)
            case _:
                return filter(None, map(self._ids.find, words))

    def _target(self, href: str) -> str | None:
        if href.startswith("#"):
            name = self._ids.find(href[1:])
            own = self._ids.written(href[1:])
            return f"#{quote(name)}" if name else self._addresses.link(f"#{own}")
        return self._addresses.link(href)


def identity(token: Token) -> str:
    """Return the id ``token`` declares, empty if none; an old anchor's name is one too."""
    own = token.attributes.get("id", "")
    return own or (token.attributes.get("name", "") if token.name == "a" else "")


def _plain(key: str, text: str) -> str | None:
    if key == "target":
        return "_blank" if text.strip("_").lower() == "blank" else None
    if key in CHOICES:
        return text.lower() if text.lower() in CHOICES[key] else None
    if key in _NUMBERS:
        return text if _NUMBER.fullmatch(text) else None
    return text


def _is_known_class(name: str) -> bool:
    return name in CLASSES or _LANGUAGE.fullmatch(name) is not None
