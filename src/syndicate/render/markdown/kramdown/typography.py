"""Typographic quotes, dashes, dots and guillemets.

Source: kramdown 2.4, "Typographic Symbols", and its rules for quotes, which are SmartyPants'.
"""

import re
from typing import Final

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from typing_extensions import override

_SYMBOLS: Final = {
    "---": "\u2014",
    "--": "\u2013",
    "...": "\u2026",
    "<< ": "\u00ab\u00a0",
    " >>": "\u00a0\u00bb",
    "<<": "\u00ab",
    ">>": "\u00bb",
}
_OPENING: Final = {'"': "\u201c", "'": "\u2018"}
_CLOSING: Final = {'"': "\u201d", "'": "\u2019"}
_PUNCTUATION: Final = r"[!\"#$%'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"

_YEARS: Final = re.compile(r"'\d\ds")
_CLOSING_ALONE: Final = re.compile(
    rf"(?![\"'][_*]{{1,2}}\S)"
    rf"(?:[\"'](?=\s|s\b|$|{_PUNCTUATION}(?!\.\.)\B)|{_YEARS.pattern})",
    re.MULTILINE,
)
"""A closing quote that markup stands before, or nothing."""

_MARKUP: Final = frozenset({"", "*", "_", "\x03"})
_OPENS_QUOTES: Final = frozenset("\\[{(-")


def add_typography(markdown: Markdown) -> None:
    """Replace quotes, dashes, dots and guillemets by typographic ones."""
    patterns = markdown.inlinePatterns
    patterns.register(TypographyProcessor("<< | >>|<<|>>"), "guillemets", 122)
    patterns.register(TypographyProcessor(r"---?|\.\.\.|[\"']"), "typography", 65)


class TypographyProcessor(InlineProcessor):
    """Replaces symbols that code, links and tags have left over."""

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[str, int, int]:
        symbol = _SYMBOLS.get(m[0]) or _quote(data, m.start())
        return symbol, m.start(), m.end()


def _quote(text: str, position: int) -> str:
    """Return the opening or closing quote for the straight one at ``position``."""
    before = text[max(0, position - 1) : position]
    if before in _MARKUP:
        is_closing = _CLOSING_ALONE.match(text, position) is not None
    elif before.isspace():
        is_closing = _YEARS.match(text, position) is not None
    else:
        is_closing = before not in _OPENS_QUOTES
    return (_CLOSING if is_closing else _OPENING)[text[position]]
