"""What the values of front matter mean: text, lists, yes and no, numbers of minutes.

Every reader returns None for what it cannot use, so that the next key is asked. Null, empty and
blank count as absent.
"""

import html
import re
from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import urlsplit

_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--(?:(?!<!--).)*?-->", re.DOTALL)
_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_NUMBER: Final = re.compile(r"\d{1,4}")
_NAME_KEYS: Final = ("name", "title", "label", "slug", "id")
_YES: Final = frozenset({"true", "yes", "on"})
_NO: Final = frozenset({"false", "no", "off"})


def as_text(value: object) -> str | None:
    """Return ``value`` as text without white space around it."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, date) else None


def as_plain_text(value: object) -> str | None:
    """Return ``value`` as plain text: tags dropped, entities resolved, white space folded."""
    written = as_text(value)
    return None if written is None else collapse_spaces(unescape(_TAG.sub("", written))) or None


def unescape(markup: str) -> str:
    """Return ``markup`` with its entities as characters; as it is if one is no character at all."""
    try:
        return html.unescape(markup)
    except ValueError:  # a number with thousands of digits
        return markup


def collapse_spaces(words: str) -> str:
    """Return ``words`` with one space for each run of white space."""
    return " ".join(words.split())


def has_html(value: object) -> bool:
    """Tell whether ``value`` is text with tags of HTML in it."""
    return isinstance(value, str) and _TAG.search(value) is not None


def as_declared_text(value: object) -> str | None:
    """Return ``value`` as folded text; an empty text that was written out counts, null does not."""
    return collapse_spaces(value) if isinstance(value, str) else as_text(value)


def as_texts(value: object) -> tuple[str, ...] | None:
    """Return the texts of a list, or of what stands for a list of one."""
    values = value if isinstance(value, list) else [value]
    found = tuple(each for item in values if (each := _name_of(item)) is not None)
    return found or None


def as_bool(value: object) -> bool | None:
    """Return ``value`` as yes or no, in the words of YAML 1.1."""
    if isinstance(value, bool):
        return value
    word = (as_text(value) or "").lower()
    return True if word in _YES else False if word in _NO else None


def as_minutes(value: object) -> int | None:
    """Return the first number in ``value``, "4 min" for example, if it is one of minutes."""
    found = _NUMBER.search(as_text(value) or "")
    return (int(found[0]) or None) if found else None


def is_url(reference: str) -> bool:
    """Tell whether ``written`` can be taken apart as an address (RFC 3986): ``//[a`` cannot."""
    try:
        urlsplit(reference)
    except ValueError:
        return False
    return True


def person_name(word: str, names: Mapping[str, str]) -> str:
    """Return the name behind ``word``: what ``names`` says, else a slug spelled as a name."""
    if word in names or not _SLUG.fullmatch(word):
        return names.get(word, collapse_spaces(word))
    return " ".join(part.capitalize() for part in re.split("[-_.]", word))


def _name_of(item: object) -> str | None:
    if isinstance(item, dict):
        return next(
            (each for key in _NAME_KEYS if (each := as_text(item.get(key))) is not None), None
        )
    return as_text(item)
