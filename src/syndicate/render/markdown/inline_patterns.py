"""Inline patterns that the sites' engines have beside Python-Markdown's, and which to try."""

import re
import string
from collections.abc import Collection, Iterator
from typing import ClassVar, Final, Generic, TypeVar, cast
from xml.etree.ElementTree import Element

from markdown import Markdown, treeprocessors
from markdown.inlinepatterns import (
    InlineProcessor,
    SimpleTagInlineProcessor,
    SubstituteTagInlineProcessor,
)
from markdown.util import INLINE_PLACEHOLDER_RE, AtomicString, Registry
from typing_extensions import override

Pattern = TypeVar("Pattern")

_BARE: Final = r"(?<![\w/=])(?<!=[\"'])(https?://[^\s<>\"]+)"
"""A URL that stands in the text as it is (GitHub Flavored Markdown section 6.9), and perhaps more.

The value of an attribute is none.
"""

_QUOTE: Final = re.compile(r"&(?:quot|apos|lt|gt|nbsp|[lr][sd]quo|#0*3[49]|#[xX]0*2[27]);")
_ESCAPED: Final = re.compile(r"\x02\d+\x03")
_AFTER_URL: Final = "\"'\u201d\u2019.,;:!?)]*_~"

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
    patterns.register(_BareUrl(_BARE, markdown), "bare", 85)  # after html, at 90
    patterns.register(SimpleTagInlineProcessor(_STRUCK, "del"), "struck", 50)


class _BareUrl(InlineProcessor):
    ANCESTOR_EXCLUDES: ClassVar[Collection[str]] = ("a",)

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        """Link the URL that ``m`` begins with, if it is more than a scheme.

        It ends before a quotation mark, be it an entity; before ``'`` if it begins after one.
        """
        end = min(self._ends(m[1], is_quoted=data.endswith("'", 0, m.start())))
        url = m[1][:end].rstrip(_AFTER_URL)
        if url.endswith("://"):
            return None, None, None
        link = Element("a", href=self.unescape(url))
        link.text = AtomicString(url)
        return link, m.start(), m.start() + len(url)

    def _ends(self, text: str, *, is_quoted: bool) -> Iterator[int]:
        """Yield where a URL at the beginning of ``text`` may end.

        ``text`` holds placeholders of inlines that were read before: only escaped characters can
        be part of a URL.
        """
        yield len(text)
        if is_quoted and "'" in text:
            yield text.index("'")
        entity = _QUOTE.search(text)
        if entity:
            yield entity.start()
        inlines = cast("treeprocessors.InlineProcessor", self.md.treeprocessors["inline"])
        for placeholder in INLINE_PLACEHOLDER_RE.finditer(text):
            inline = inlines.stashed_nodes[placeholder[1]]
            if not isinstance(inline, str) or not _ESCAPED.fullmatch(inline):
                yield placeholder.start()
                return


class PatternSelector(Generic[Pattern]):
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
