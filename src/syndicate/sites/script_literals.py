"""Plain literals in the JavaScript and TypeScript configuration of an engine; nothing is run.

Only ``key: "text"``, ``key: ["text"]`` and ``key: true`` count, and only where a file gives a key
one value. All else in such a file is unknown.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, Self

from syndicate.sites.configuration_reader import ConfigurationReader

_QUOTED: Final = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`"
_TEXT_OR_COMMENT: Final = re.compile(rf"(?P<text>{_QUOTED})|/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
"""Texts come first: a glob such as ``"**/*.md"`` begins no comment, nor does a URL."""
_TOKEN: Final = re.compile(rf"{_QUOTED}|[{{}}]", re.DOTALL)
_TEXTS: Final = re.compile(r"(['\"`])([^'\"`\n$]*)\1")
_LIST_TEXT: Final = r"(?:'[^'\n]*'|\"[^\"\n]*\")"
_LIST: Final = rf"\[\s*({_LIST_TEXT}(?:\s*,\s*{_LIST_TEXT})*)\s*(?:,\s*)?\]"
_MAX_CHARACTERS: Final = 100_000
_MAX_OBJECTS: Final = 50
"""Objects of one name that are read of a file."""


class ScriptLiterals:
    """The literals of one file, or of an object in it; ``path`` is empty without a file."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._text = text

    @classmethod
    def of_file(cls, reader: ConfigurationReader, path: str) -> Self:
        """Return the literals of the file at ``path``, none where ``path`` is empty."""
        text = reader.text(path)[:_MAX_CHARACTERS] if path else ""
        return cls(path, _TEXT_OR_COMMENT.sub(lambda found: found["text"] or " ", text))

    def text(self, key: str) -> str:
        """Return the one text literal of ``key``, empty if there is none or more than one."""
        found = re.findall(rf"\b{key}['\"]?\s*:\s*(['\"`])([^'\"`\n$]*)\1", self._text)
        values = {value for _, value in found}
        return values.pop() if len(values) == 1 else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts in the one list literal of ``key``, else its one text literal."""
        found = set(re.findall(rf"\b{key}['\"]?\s*:\s*{_LIST}", self._text))
        if len(found) == 1:
            return tuple(value for _, value in _TEXTS.findall(found.pop()))
        one = "" if found else self.text(key)
        return (one,) if one else ()

    def flag(self, key: str) -> bool | None:
        """Return the one boolean literal of ``key``, None if there is none or more than one."""
        values = set(re.findall(rf"\b{key}['\"]?\s*:\s*(true|false)\b", self._text))
        return values.pop() == "true" if len(values) == 1 else None

    def argument(self, function: str) -> str:
        """Return the text that is the one argument of ``function``, empty if there is none."""
        found = re.search(rf"\b{function}\(\s*(['\"`])([^'\"`\n$]*)\1\s*\)", self._text)
        return found[2] if found else ""

    def keys_that_drop_pages(self) -> tuple[str, ...]:
        """Return the keys of pages for which a preprocessor of Eleventy returns false.

        ``addPreprocessor("drafts", "*", (data) => { if (data.draft) return false; })``
        """
        found = re.findall(r"\baddPreprocessor\((.{0,400}?)\breturn false\b", self._text, re.DOTALL)
        keys = (
            key for each in found for key in re.findall(r"(?<![!\w.])data\.(\w+)\b(?!\.)", each)
        )
        return tuple(dict.fromkeys(keys))

    def has(self, key: str) -> bool:
        """Return whether ``key`` is given any value."""
        return re.search(rf"\b{key}['\"]?\s*:", self._text) is not None

    def mentions(self, name: str) -> bool:
        """Return whether ``name`` stands anywhere, as in an expression."""
        return re.search(rf"\b{name}\b", self._text) is not None

    def objects(self, before: str) -> Iterator[Self]:
        """Yield the literals of each object right after the pattern ``before``.

        Without those of the objects inside of it.
        """
        matches = re.finditer(rf"{before}\s*\(?\s*\{{", self._text)
        for match in islice(matches, _MAX_OBJECTS):
            yield type(self)(self.path, self._object_at(match.end()))

    def _object_at(self, start: int) -> str:
        """Return the text of the object that begins at ``start``, without objects in it."""
        kept: list[str] = []
        depth, at = 0, start
        for token in _TOKEN.finditer(self._text, start):
            if token[0] not in "{}":
                continue
            if depth == 0:
                kept.append(self._text[at : token.start()])
            depth += 1 if token[0] == "{" else -1
            at = token.end()
            if depth < 0:
                break
        else:
            kept.append(self._text[at:] if depth == 0 else "")
        return " ".join(kept)
