"""Plain literals in the JavaScript and TypeScript configuration of an engine; nothing is run.

Only ``key: "text"`` and ``key: true`` count, and only where a file gives a key one value. All
else in such a file is unknown.
"""

import re
from typing import Final

from syndicate.sites.configuration_reader import ConfigurationReader

_COMMENT: Final = re.compile(r"/\*(?:(?!\*/).)*\*/|(?m:^[ \t]*//[^\n]*$)", re.DOTALL)
_MAX_CHARACTERS: Final = 100_000


class ScriptLiterals:
    """The literals of one file; ``path`` is empty where there is no such file."""

    def __init__(self, reader: ConfigurationReader, path: str) -> None:
        self.path = path
        self._text = _COMMENT.sub(" ", reader.text(path)[:_MAX_CHARACTERS] if path else "")

    def text(self, key: str, *, inside: str = "") -> str:
        """Return the one text literal of ``key``, empty if there is none or more than one.

        With ``inside``, only in the object that the key of that name holds, before any object
        in it.
        """
        found = re.findall(rf"\b{key}['\"]?\s*:\s*(['\"`])([^'\"`\n$]*)\1", self._scope(inside))
        values = {value for _, value in found}
        return values.pop() if len(values) == 1 else ""

    def flag(self, key: str) -> bool | None:
        """Return the one boolean literal of ``key``, None if there is none or more than one."""
        values = set(re.findall(rf"\b{key}['\"]?\s*:\s*(true|false)\b", self._text))
        return values.pop() == "true" if len(values) == 1 else None

    def has(self, key: str) -> bool:
        """Return whether ``key`` is given any value."""
        return re.search(rf"\b{key}['\"]?\s*:", self._text) is not None

    def _scope(self, inside: str) -> str:
        if not inside:
            return self._text
        found = re.search(rf"\b{inside}\s*:\s*\(?\s*\{{([^{{}}]*)", self._text)
        return found[1] if found else ""
