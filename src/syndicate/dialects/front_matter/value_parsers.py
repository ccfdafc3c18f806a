"""Converts front-matter values to text, lists, booleans and numbers.

Every parser returns None for a value it cannot use, so that the next key is tried. Null, empty
and blank count as absent.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from syndicate.render.html_tokens import unescape_entities

_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--(?:(?!<!--).)*?-->", re.DOTALL)
_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)+")
_LINK: Final = re.compile(r"\[([^\[\]]+)\]\([^()]*\)")
_LINK_WITH_URL: Final = re.compile(r"\[[^\[\]]+\]\(([^()\s]+)\)")
_NUMBER: Final = re.compile(r"\d{1,4}")
_NAME_KEYS: Final = (
    *("name", "display_name", "title", "label", "tag", "category", "topic", "author", "value"),
    *("text", "slug", "id"),
)
"""Keys of the name in an object of a list, as a CMS writes them, in order of precedence."""
_PERSON_URL_KEYS: Final = ("url", "website", "homepage", "link", "web", "uri")
_YES: Final = frozenset({"true", "yes", "on"})
_NO: Final = frozenset({"false", "no", "off"})
_MAX_GUID: Final = 500


def as_text(value: object) -> str | None:
    """Return ``value`` as text without surrounding white space."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, date) else None


def as_plain_text(value: object) -> str | None:
    """Return ``value`` as plain text: without tags and entities, white space collapsed."""
    text = as_text(value)
    return None if text is None else collapse_spaces(unescape_entities(_TAG.sub("", text))) or None


def collapse_spaces(words: str) -> str:
    """Return ``words`` with one space for each run of white space."""
    return " ".join(words.split())


def has_html(value: object) -> bool:
    """Return whether ``value`` is text with HTML tags."""
    return isinstance(value, str) and _TAG.search(value) is not None


def as_declared_text(value: object) -> str | None:
    """Return ``value`` as text with collapsed white space; empty text counts, null does not."""
    return collapse_spaces(value) if isinstance(value, str) else as_text(value)


def as_texts(value: object) -> tuple[str, ...] | None:
    """Return the texts of a list, or of a single value."""
    values = value if isinstance(value, list) else [value]
    texts = tuple(text for entry in values if (text := _name_of(entry)) is not None)
    return texts or None


def as_people(value: object) -> tuple[tuple[str, str], ...] | None:
    """Return (name or handle, URL) of each person of a list, or of a single one.

    The URL is empty where there is none; that of a Markdown link counts. A URL alone is no person.
    """
    entries = value if isinstance(value, list) else [value]
    named = ((_name_of(entry), _url_of(entry)) for entry in entries)
    people = tuple((name, url) for name, url in named if name and name != url)
    return people or None


def as_bool(value: object) -> bool | None:
    """Return ``value`` as a boolean, which may be a word of YAML 1.1 such as yes or off."""
    if isinstance(value, bool):
        return value
    word = (as_text(value) or "").lower()
    return True if word in _YES else False if word in _NO else None


def as_guid(value: object) -> str | None:
    """Return ``value`` as the ID of a feed entry: one line of at most 500 characters."""
    guid = collapse_spaces(as_text(value) or "")
    return guid if 0 < len(guid) <= _MAX_GUID else None


def as_minutes(value: object) -> int | None:
    """Return the first number in ``value``, such as "4 min", unless it is 0."""
    found = _NUMBER.search(as_text(value) or "")
    return (int(found[0]) or None) if found else None


def is_url(reference: str) -> bool:
    """Return whether ``reference`` can be parsed as a URL (RFC 3986), unlike ``//[a``."""
    try:
        urlsplit(reference)
    except ValueError:
        return False
    return True


def person_name(word: str, names: Mapping[str, str]) -> str:
    """Return the author ``word`` as in ``names``; other slugs become capitalized words.

    A slug of a single word is a handle and stays unchanged; of a Markdown link, the text counts.
    """
    if word in names or not _SLUG.fullmatch(word):
        return names.get(word, collapse_spaces(_LINK.sub(r"\1", word)))
    return " ".join(part.capitalize() for part in re.split("[-_.]", word))


def _url_of(entry: object) -> str:
    """Return the URL of a person, as written; empty if there is none."""
    if isinstance(entry, dict):
        texts = (as_text(entry.get(key)) for key in _PERSON_URL_KEYS)
        return next((text for text in texts if text and is_url(text)), "")
    link = _LINK_WITH_URL.fullmatch(as_text(entry) or "")
    return link[1] if link and is_url(link[1]) else ""


def _name_of(entry: object) -> str | None:
    """Return the text ``entry``, or the name in an object; its only text is its name as well."""
    if not isinstance(entry, dict):
        return as_text(entry)
    named = (name for key in _NAME_KEYS if (name := as_text(entry.get(key))) is not None)
    texts = [text for each in entry.values() if (text := as_text(each)) is not None]
    return next(named, texts[0] if len(texts) == 1 else None)
