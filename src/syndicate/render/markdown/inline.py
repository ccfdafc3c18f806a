"""Inline patterns that the sites' own engines have and Python-Markdown has not."""

import string
from collections.abc import Collection
from typing import ClassVar, Final

from markdown import Markdown
from markdown.inlinepatterns import (
    AutolinkInlineProcessor,
    SimpleTagInlineProcessor,
    SubstituteTagInlineProcessor,
)

_BARE: Final = r"(?<![\w/'=])(https?://[^\s<>\"]*[^\s<>\"'\u201d\u2019.,;:!?)\]*_~])"
"""An address that stands in the text as it is (GitHub Flavored Markdown section 6.9)."""

_STRUCK: Final = r"(?<!~)(~~?)(?=[^\s~])([^~]*[^\s~])\1(?!~)"
"""Text between one or two tildes (GitHub Flavored Markdown section 6.5)."""

_BROKEN: Final = r"\\\n"
"""A backslash that breaks a line (CommonMark section 6.7)."""


def add_patterns(markdown: Markdown) -> None:
    """Make ``markdown`` know the patterns above, and escapes of all punctuation."""
    markdown.ESCAPED_CHARS = list(string.punctuation)
    patterns = markdown.inlinePatterns
    patterns.register(SubstituteTagInlineProcessor(_BROKEN, "br"), "broken", 185)
    patterns.register(_BareAddress(_BARE, markdown), "bare", 95)
    patterns.register(SimpleTagInlineProcessor(_STRUCK, "del"), "struck", 50)


class _BareAddress(AutolinkInlineProcessor):
    ANCESTOR_EXCLUDES: ClassVar[Collection[str]] = ("a",)
