"""Counts words, also in languages that are written without spaces.

Chinese and Japanese characters count as a word each, with the punctuation after them; of Thai,
Lao, Khmer and Burmese, five letters with their marks do.
"""

import math
import re
from itertools import islice
from typing import Final

_IDEOGRAPH: Final = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_IDEOGRAPHIC_MARK: Final = (
    "\u3001-\u3003\u3008-\u303f\u3099-\u309c\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_LETTER: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_LETTER_MARK: Final = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059"
    "\u17b4-\u17d3"
)
_WORD: Final = re.compile(
    rf"[{_IDEOGRAPH}][{_IDEOGRAPHIC_MARK}]*"
    rf"|(?:[{_LETTER}][{_LETTER_MARK}]*){{1,5}}"
    rf"|[^\s{_IDEOGRAPH}{_LETTER}]+"
)
_UNSPACED: Final = re.compile(f"[{_IDEOGRAPH}{_LETTER}]")
_BEGINS_WITH_IDEOGRAPH: Final = re.compile(f"[{_IDEOGRAPH}]")
_SPACED_WORD: Final = re.compile(r"\S+")
_WORDS_PER_MINUTE: Final = 230
_IDEOGRAPHS_PER_MINUTE: Final = 500


def first_words(text: str, count: int) -> str:
    """Return the first ``count`` words of ``text``, with white space folded."""
    folded = " ".join(text.split())
    words = _WORD if _UNSPACED.search(folded) else _SPACED_WORD
    ends = [match.end() for match in islice(words.finditer(folded), count)]
    return folded[: ends[-1]] if ends else ""


def reading_minutes(text: str) -> int:
    """Return the estimated reading time of ``text``, at least a minute."""
    if _UNSPACED.search(text) is None:
        return _minutes(sum(1 for _ in _SPACED_WORD.finditer(text)), 0)
    words = [match[0] for match in _WORD.finditer(text)]
    ideographs = sum(1 for word in words if _BEGINS_WITH_IDEOGRAPH.match(word))
    return _minutes(len(words) - ideographs, ideographs)


def _minutes(words: int, ideographs: int) -> int:
    return max(1, math.ceil(words / _WORDS_PER_MINUTE + ideographs / _IDEOGRAPHS_PER_MINUTE))
