"""Decides about each attribute of an element: its value in the output, or that it goes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from syndicate.render.allowlist import (
    ALLOWED_CLASSES,
    ATTRIBUTE_VALUES,
    ELEMENTS,
    GLOBAL_ATTRIBUTES,
)
from syndicate.render.html_tokens import HtmlToken
from syndicate.render.sanitizer.html_ids import HtmlIds
from syndicate.render.urls import UrlResolver

URL_ATTRIBUTES: Final = frozenset({"cite", "href", "longdesc", "poster", "src"})
"""Attributes that hold one address; ``srcset`` holds several."""

_NUMERIC_ATTRIBUTES: Final = frozenset(
    {"colspan", "height", "rowspan", "span", "start", "value", "width"}
)
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_LANGUAGE_CLASS: Final = re.compile(r"language-[\w.+#\-]+")
_ALLOWED_ATTRIBUTES: Final = {name: own | GLOBAL_ATTRIBUTES for name, own in ELEMENTS.items()}
_REL_WORD: Final = re.compile(r"[a-z]+")


class AttributeFilter:
    """The attributes of one post's elements, with the addresses and ids they refer to."""

    def __init__(self, urls: UrlResolver, ids: HtmlIds) -> None:
        self._urls: Final = urls
        self._ids: Final = ids

    def filter_attributes(self, name: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """Return the attributes an element called ``name`` keeps of those ``given``."""
        allowed = _ALLOWED_ATTRIBUTES[name]
        values = {
            key: self._filter_value(key, text) for key, text in attributes.items() if key in allowed
        }
        return {key: value for key, value in values.items() if value is not None}

    def _filter_value(self, key: str, text: str) -> str | None:
        value: str | None
        match key:
            case "id":
                value = self._ids.allocate(text) if text.strip() else None
            case "href":
                value = self._resolve_href(text.strip())
            case "cite" | "longdesc" | "poster" | "src":
                value = self._urls.resolve_resource(text)
            case "srcset":
                value = self._urls.resolve_srcset(text) or None
            case "class" | "rel" | "aria-describedby" | "headers":
                value = " ".join(self._filter_words(key, text.split())) or None
            case _:
                value = _filter_plain_value(key, text)
        return value

    def _filter_words(self, key: str, words: Sequence[str]) -> Iterator[str]:
        match key:
            case "class":
                return filter(_is_allowed_class, words)
            case "rel":
                return filter(_REL_WORD.fullmatch, words)
            case _:
                return filter(None, map(self._ids.find, words))

    def _resolve_href(self, href: str) -> str | None:
        if href.startswith("#"):
            name = self._ids.find(href[1:])
            own = self._ids.source_fragment(href[1:])
            return f"#{quote(name)}" if name else self._urls.resolve_link(f"#{own}")
        return self._urls.resolve_link(href)


def declared_id(token: HtmlToken) -> str:
    """Return the id ``token`` declares, empty if none; an old anchor's name is one too."""
    own = token.attributes.get("id", "")
    return own or (token.attributes.get("name", "") if token.name == "a" else "")


def _filter_plain_value(key: str, text: str) -> str | None:
    if key == "target":
        return "_blank" if text.strip("_").lower() == "blank" else None
    if key in ATTRIBUTE_VALUES:
        return text.lower() if text.lower() in ATTRIBUTE_VALUES[key] else None
    if key in _NUMERIC_ATTRIBUTES:
        return text if _NUMBER.fullmatch(text) else None
    return text


def _is_allowed_class(name: str) -> bool:
    return name in ALLOWED_CLASSES or _LANGUAGE_CLASS.fullmatch(name) is not None
