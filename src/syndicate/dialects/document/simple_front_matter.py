"""Reads the simplest YAML front matter, lines of keys and values, without a YAML parser.

Goal: a first start with 50,000 commits takes 10 s of CPU. libyaml makes an event of each key and
value, which is a tenth of such a start. Most front matter is as simple as this; everything else,
and everything that may be an error, is left to libyaml.
"""

import re
from collections.abc import Iterable
from typing import Final

Values = dict[str, str | list[str | None] | None]
"""The values by key; lists only of texts and null."""

NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
"""Plain scalars that are null (YAML 1.1, tag:yaml.org,2002:null)."""

MAX_CHARACTERS: Final = 8_000
"""Longer front matter could exceed the limit for the number of values."""
MIN_LEVELS: Final = 2
"""Levels of nesting that a list in a mapping has."""

_KEY: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,99}):(?: +|$)")
_ENTRY: Final = re.compile(r" *- +")
_FLOW_ENTRIES: Final = re.compile(r"[A-Za-z0-9/][\w /.-]*(?:, *[A-Za-z0-9/][\w /.-]*)*", re.ASCII)
_TEXT: Final = re.compile(
    "[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
"""Characters that YAML 1.1 prints, apart from tabs, other line breaks and the byte order mark."""


class _NotSimple(ValueError):  # noqa: N818 — no error, and never leaves this module
    """The front matter has to be read by libyaml."""


def read(text: str, levels: int) -> tuple[Values, dict[str, int]] | None:
    """Return the values and the line of each key, counted from 1; None if libyaml has to read it.

    ``levels`` is the limit for nested values. A key may stand there once.
    """
    if len(text) > MAX_CHARACTERS or levels < MIN_LEVELS or not _TEXT.fullmatch(text):
        return None
    try:
        return _read_lines(text.split("\n"))
    except _NotSimple:
        return None


def _read_lines(written_lines: Iterable[str]) -> tuple[Values, dict[str, int]]:
    values: Values = {}
    lines: dict[str, int] = {}
    key, marker = "", None
    """The last key, and how entries of its list begin; None if it can have none."""
    for number, line in enumerate(written_lines, 1):
        if entry := _ENTRY.match(line):
            start = entry[0].rstrip(" ")
            if marker == "":
                values[key], marker = [], start
            entries = values.get(key)
            if start != marker or not isinstance(entries, list):
                raise _NotSimple
            entries.append(_plain(line[entry.end() :].rstrip(" ")))
        elif line:
            match = _KEY.match(line)
            if match is None or match[1] in lines or match[1] in NULLS:
                raise _NotSimple
            key, written = match[1], line[match.end() :].rstrip(" ")
            marker = None if written else ""
            values[key], lines[key] = _value(written), number
    return values, lines


def _value(text: str) -> str | list[str | None] | None:
    """Return the value that is written as ``text`` on the line of its key."""
    first, inner = text[:1], text[1:-1]
    if first == '"' and text[1:].endswith('"') and '"' not in inner and "\\" not in inner:
        return inner
    if first == "'" and text[1:].endswith("'") and "'" not in inner:
        return inner
    if first == "[" and text.endswith("]") and _FLOW_ENTRIES.fullmatch(inner):
        return [_plain(entry.strip(" ")) for entry in inner.split(",")]
    return _plain(text)


def _plain(text: str) -> str | None:
    """Return the value of a plain scalar in one line."""
    if text in NULLS:
        return None
    first = text[0]
    if not (first.isalnum() or first == "/" or not first.isascii()):
        raise _NotSimple  # perhaps an indicator, such as & and {
    if ": " in text or " #" in text or text.endswith(":"):
        raise _NotSimple
    return text
