"""Limits for Python-Markdown's patterns, some of which take quadratic time."""

import re
from typing import Final

_STAND_INS: Final = str.maketrans("[]()", "\ufdd4\ufdd5\ufdd6\ufdd7")
_RESTORED: Final = str.maketrans("\ufdd4\ufdd5\ufdd6\ufdd7", "[]()")
_STAND_IN: Final = re.compile("[\ufdd4-\ufdd7]")
_INNERMOST: Final = r"\[[^\[\]]*+\]"
_NESTED: Final = r"\[(?:[^\[\]\\]|\\.|%s)*+\]"
_URL: Final = r"\((?:[^()\\]|\\.|\([^()]*+\))*+\)"
_LINK: Final = re.compile(rf"\\.|{_NESTED % (_NESTED % _INNERMOST)}(?:{_URL})?", re.DOTALL)
_MAX_STEPS: Final = 1_000_000


def without_unused_brackets(text: str) -> str:
    """Return ``text`` with stand-ins for brackets that no link has, if they are many.

    Python-Markdown looks for the end of a link from each bracket on: those that have none, or are
    nested deeper than three levels, must not be there when there are thousands of them.
    """
    if (text.count("[") + text.count("(")) * len(text) < _MAX_STEPS:
        return text
    parts, done = [], 0
    for link in _LINK.finditer(text):
        parts += [text[done : link.start()].translate(_STAND_INS), link[0]]
        done = link.end()
    return "".join([*parts, text[done:].translate(_STAND_INS)])


def restored(text: str) -> str:
    """Return ``text`` with the characters for which it holds stand-ins."""
    return text.translate(_RESTORED) if _STAND_IN.search(text) else text
