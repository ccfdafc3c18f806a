"""Words of a post: a digest that changes of markup and URLs leave the same, counts, first words.

Of languages that are written without spaces, Chinese and Japanese characters count as a word each,
with the punctuation after them; of Thai, Lao, Khmer and Burmese, five letters with their marks do.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Final

from syndicate.render.html_tokens import unescape_entities

_TARGET: Final = r"\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)"
_MARKUP: Final = re.compile(
    r"\{%(?:(?!\{%).)*?%\}"  # tags of Liquid and Nunjucks
    r"|\{\{(?:(?!\{\{).)*?\}\}"  # expressions and shortcodes
    r"|\{[:.#][^{}\n]*\}"  # attributes of kramdown and others
    rf"|!\[[^\[\]]*\](?:{_TARGET}|\[[^\[\]\n]*\])?"  # images with their alt text
    rf"|\](?:{_TARGET}|\[[^\[\]\n]*\])"  # targets of links
    r"|\[(?<![^\n]\[)(?!\^)[^\[\]\n]+\]:[^\n]*"  # definitions of targets, but not of footnotes
    r"|<[^<>]*>"  # tags, comments, addresses in brackets
    r"|h(?<!\wh)ttps?://[^\s<>()\[\]]+",  # bare addresses
    re.DOTALL,
)
"""Every alternative begins with another literal, which makes the search ten times faster."""

_REMOVED_CHARACTERS: Final = tuple(
    each.encode() for each in "\u2019\u00ad\u200b\u200c\u200d\u2060\ufeff"
)
"""Characters inside of words: apostrophe, soft hyphen and zero-width characters."""
_SEPARATORS: Final = (
    re.compile(rb"\xe2[\x80\x81]."),  # U+2000 to U+207F: spaces, dashes, quotes, bullets
    re.compile(rb"\xc2[\x80-\xa9\xab-\xb4\xb6-\xb9\xbb\xbf]"),  # U+0080 to U+00BF: signs
)
_LETTERS_AND_DIGITS: Final = bytes(
    byte if byte > ord("~") or chr(byte).isalnum() else ord(" ") for byte in range(256)
)
"""Translation of bytes: a space for all of ASCII except letters and digits."""
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WordDigest:
    """A digest (16 bytes) of the words in their order, and the word count of the last text."""

    digest: bytes
    count: int


def digest_words(texts: Iterable[str]) -> WordDigest:
    """Return the digest of the words (letters and digits) of ``texts`` in Markdown or HTML."""
    digest = sha256()
    count = 0
    for text in texts:
        words = _normalize_words(_MARKUP.sub(" ", text))
        digest.update(words + b"\n")
        count = words.count(b" ") + 1 if words else 0
    return WordDigest(digest=digest.digest()[:_DIGEST_BYTES], count=count)


def _normalize_words(text: str) -> bytes:
    """Return the words of ``text``, separated by single spaces.

    Works on bytes, where each step is a search in C, and without an object for each word: a file
    of 1 MB has hundreds of thousands of words.
    """
    text = unescape_entities(text)
    raw = text.encode()
    if not text.isascii():
        for character in _REMOVED_CHARACTERS:
            raw = raw.replace(character, b"")
        for separators in _SEPARATORS:
            raw = separators.sub(b" ", raw)
    raw = raw.translate(_LETTERS_AND_DIGITS, b"'")
    while b"  " in raw:  # halves each run of spaces, so at most 20 times for 1 MB
        raw = raw.replace(b"  ", b" ")
    return raw.strip()


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
