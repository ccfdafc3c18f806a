"""Tells where a Markdown text holds code, by CommonMark's rules."""

import re
from typing import Final

_CODE: Final = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n"
    r".*?(?:^ {0,3}\1[`~]*\s*$|\Z)|(?<!`)(`+)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_RUN: Final = re.compile(r"`+")


def code_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each piece of code in ``text``, in order."""
    found = []
    end = 0
    for match in _CODE.finditer(text):
        if match.start() < end:
            continue
        if match[1]:
            end = match.end()
            found.append((match.start(), end))
            continue
        gap = text.find("\n\n", match.end())
        for run in _RUN.finditer(text, match.end(), gap if gap >= 0 else len(text)):
            if len(run[0]) == len(match[2]):
                end = run.end()
                found.append((match.start(), end))
                break
    return tuple(found)
