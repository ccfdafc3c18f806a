"""Inline patterns that the sites' engines have beside Python-Markdown's, and which to try."""

import string
from collections.abc import Collection
from typing import ClassVar, Final, Generic, TypeVar

from markdown import Markdown
from markdown.inlinepatterns import (
    AutolinkInlineProcessor,
    SimpleTagInlineProcessor,
    SubstituteTagInlineProcessor,
)
from markdown.util import Registry

Pattern = TypeVar("Pattern")

_BARE: Final = r"(?<![\w/'=])(https?://[^\s<>\"]*[^\s<>\"'\u201d\u2019.,;:!?)\]*_~])"
"""An address that stands in the text as it is (GitHub Flavored Markdown section 6.9)."""

_STRUCK: Final = r"(?<!~)(~~?)(?=[^\s~])([^~]*[^\s~])\1(?!~)"
"""Text between one or two tildes (GitHub Flavored Markdown section 6.5)."""

_BROKEN: Final = r"\\\n"
"""A backslash that breaks a line (CommonMark section 6.7)."""

_SIGNS: Final = (
    ("`", ("backtick",)),
    ("\\", ("broken", "escape")),
    ("[^", ("footnote",)),
    ("](", ("link",)),
    ("![", ("image_link",)),
    ("<", ("autolink", "automail", "html")),
    ("  \n", ("linebreak",)),
    ("\n", ("nl",)),
    ("://", ("bare",)),
    ("&", ("entity",)),
    ("*", ("em_strong",)),
    ("_", ("em_strong",)),
    ("~", ("struck",)),
)
"""What must be in a text for patterns to find something in it, and their names. No pattern leaves
a sign behind that was not there before."""

_REFERENCES: Final = ("reference", "image_reference", "short_reference", "short_image_ref")
"""Patterns that find what was defined elsewhere."""


def add_patterns(markdown: Markdown) -> None:
    """Make ``markdown`` know the patterns above, and escapes of all punctuation."""
    markdown.ESCAPED_CHARS = list(string.punctuation)
    patterns = markdown.inlinePatterns
    patterns.register(SubstituteTagInlineProcessor(_BROKEN, "br"), "broken", 185)
    patterns.register(_BareAddress(_BARE, markdown), "bare", 95)
    patterns.register(SimpleTagInlineProcessor(_STRUCK, "del"), "struck", 50)


class _BareAddress(AutolinkInlineProcessor):
    ANCESTOR_EXCLUDES: ClassVar[Collection[str]] = ("a",)


class Choice(Generic[Pattern]):
    """Which of all ``patterns`` are worth trying on a text; trying costs more than most find."""

    def __init__(self, patterns: Registry[Pattern]) -> None:
        self._patterns: Final = patterns
        self._made: Final[dict[tuple[bool, ...], Registry[Pattern]]] = {}

    def of(self, text: str, *, has_references: bool) -> Registry[Pattern]:
        """Return the patterns that may find something in ``text``, in their order."""
        key = (has_references and "[" in text, *(sign in text for sign, _ in _SIGNS))
        if key not in self._made:
            self._made[key] = self._choose(key)
        return self._made[key]

    def _choose(self, key: tuple[bool, ...]) -> Registry[Pattern]:
        found = {
            name
            for is_there, names in zip(key, (_REFERENCES, *(n for _, n in _SIGNS)), strict=True)
            if is_there
            for name in names
        }
        idle = {*_REFERENCES, *(name for _, names in _SIGNS for name in names)} - found
        left_out = [self._patterns[name] for name in idle if name in self._patterns]
        chosen = Registry[Pattern]()
        for place, pattern in enumerate(self._patterns):
            if pattern not in left_out:
                chosen.register(pattern, str(place), -place)
        return chosen
