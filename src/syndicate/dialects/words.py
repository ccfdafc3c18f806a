"""The words of a post: what tells an edit that readers notice from one of markup and addresses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from html import unescape
from typing import Final

_MARKUP: Final = re.compile(
    r"""
      \{%(?:(?!\{%).)*?%\}                              # Liquid and Nunjucks tags
    | \{\{(?:(?!\{\{).)*?\}\}                           # expressions and Hugo shortcodes
    | \{:[^{}\n]*\}                                     # attributes of kramdown
    | !\[[^\[\]]*\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\[\]\n]*\])?   # images
    | \]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)           # targets of links
    | \]\[[^\[\]\n]*\]
    | ^[ ]{0,3}\[(?!\^)[^\[\]\n]+\]:[^\n]*               # definitions of targets
    | <[^<>]*>                                          # HTML tags, comments, autolinks
    | \bhttps?://[^\s<>()\[\]]+
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A digest (16 bytes) of words in their order, and how many the last text has."""

    digest: bytes
    count: int


def words(texts: Iterable[str]) -> Words:
    """Read ``texts``, of Markdown or HTML, as words: letters and digits, nothing between them."""
    digest = blake2b(digest_size=16)
    count = 0
    for text in texts:
        found = _WORD.findall(unescape(_MARKUP.sub(" ", text)))
        digest.update(" ".join(found).encode())
        digest.update(b"\n")
        count = len(found)
    return Words(digest=digest.digest(), count=count)
