"""Bare URLs and typography: what the `commonmark` flavour makes of plain text."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.smartquotes import process_inlines
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_TERMINATORS: Final = r"[\n!&*<\[\\\]^_`{}~]"
"""Characters that begin an inline construct."""
_URL_START: Final = r"https?://|www\."
_EMAIL_START: Final = r"(?<![\w.+\-])[\w.+\-]{1,64}@"
_HOST: Final = r"(?:[\w:@%+~=\-]+\.)+[a-z]+(?::\d+)?"
_URL: Final = re.compile(
    rf"(?:https?://|www\.){_HOST}(?:[/#?](?:[\w\-!\"#$%&'()+,./:;=>?@\[\]^{{}}~]|\\[!-/:-@_~])*)?",
    re.ASCII,
)
"""A URL as goldmark's Linkify extension ends it, and perhaps some punctuation.

A backslash before punctuation is that of an editor who escapes it, as anywhere else.
"""
_EMAIL: Final = re.compile(
    r"[\w.+\-]+@(?:[a-z\d_\-]+\.)+[a-z\d_\-]*[a-z\d]", re.ASCII | re.IGNORECASE
)
_ESCAPED: Final = re.compile(r"\\([!-/:-@_~])")
_ENTITY_AT_END: Final = re.compile(r"&[A-Za-z\d]+;\Z")
_LEAD: Final = frozenset(" \t\n*_~(")
"""Characters that a bare URL may stand behind (GitHub Flavored Markdown section 6.9)."""
_TRAIL: Final = "?!.,:*_~'\""
_MAX_URL: Final = 2_048

_SIGNS: Final = re.compile(r"---?|\.\.\.|<<|>>|'(?<!\w')(?=\d\ds?\b|(?:em|n|til|tis|twas)\b)")
_REPLACEMENTS: Final = {
    "--": "\u2013",
    "---": "\u2014",
    "...": "\u2026",
    "<<": "\u00ab",
    ">>": "\u00bb",
    "'": "\u2019",
}
_MAX_QUOTES: Final = 1_000
"""Quotation marks in a paragraph; pairs are not looked for among more of them."""


def add_autolinks(parser: MarkdownIt, *, with_all: bool) -> None:
    """Make links of bare URLs; ``with_all``: of ``www.`` and email addresses as well."""
    starts = [_TERMINATORS, _URL_START, *([_EMAIL_START] if with_all else ())]
    parser.inline.terminator_re = re.compile("|".join(starts))

    def bare_url(state: StateInline, silent: bool) -> bool:
        return not silent and _link(state, with_all=with_all)

    parser.inline.ruler.after("text", "bare_url", bare_url)


def _link(state: StateInline, *, with_all: bool) -> bool:
    """Add a link if there is a bare URL at the position of ``state``."""
    start = state.pos
    text = state.src
    if state.linkLevel or (start and text[start - 1] not in _LEAD):
        return False
    found = _URL.match(text, start, min(state.posMax, start + _MAX_URL))
    if found and (with_all or not text.startswith("www.", start)):
        shown = _without_trail(found[0])
        url = f"https://{shown}" if shown.startswith("www.") else shown
    elif with_all and (found := _EMAIL.match(text, start, state.posMax)):
        shown = found[0]
        url = f"mailto:{shown}"
    else:
        return False
    _push_link(state, _ESCAPED.sub(r"\1", url), _ESCAPED.sub(r"\1", shown))
    state.pos = start + len(shown)
    return True


def _push_link(state: StateInline, url: str, shown: str) -> None:
    token = state.push("link_open", "a", 1)
    token.attrs = {"href": state.md.normalizeLink(url)}
    token.info = "auto"
    state.push("text", "", 0).content = shown
    state.push("link_close", "a", -1).info = "auto"


def _without_trail(url: str) -> str:
    """Return ``url`` without the punctuation after it, which is that of the sentence."""
    while True:
        rest = url.rstrip(_TRAIL)
        if rest.endswith(")") and rest.count(")") > rest.count("("):
            rest = rest[:-1]
        elif rest.endswith(";"):
            rest = _ENTITY_AT_END.sub("", rest)
        if rest == url:
            return url
        url = rest


def add_typography(parser: MarkdownIt) -> None:
    """Make typographic characters of quotation marks, hyphens, dots and angle brackets.

    The replacements are those of goldmark's Typographer and of pulldown-cmark's smart punctuation;
    pairs of quotation marks are found as markdown-it does.
    """
    parser.core.ruler.before("text_join", "typography", _typography)


def _typography(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            if _SIGNS.search(block.content):
                for token in _plain_text(block.children):
                    token.content = _SIGNS.sub(_replacement, token.content)
            if 0 < block.content.count('"') + block.content.count("'") <= _MAX_QUOTES:
                process_inlines(block.children, state)


def _plain_text(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens of text in ``tokens``, without those of bare URLs."""
    is_url = False
    for token in tokens:
        if token.info == "auto":
            is_url = token.nesting > 0
        elif token.type == "text" and not is_url:
            yield token


def _replacement(sign: re.Match[str]) -> str:
    return _REPLACEMENTS[sign[0]]
