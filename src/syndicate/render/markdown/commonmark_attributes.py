"""Attribute lists (``{#id .class}``) and ids of headings in the `commonmark` flavour."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.attrs.parse import ParseError, parse

_LIST: Final = re.compile(r"\{(?!:)[^{}\n]{1,200}\}")
"""An attribute list; one that begins with a colon is kramdown's, which these engines show."""
_LIST_AT_END: Final = re.compile(rf"(?:\A|[ \t\n]*){_LIST.pattern}\Z")
_LIST_LINE: Final = re.compile(rf"(?:\A|\n){_LIST.pattern}\Z")
_INLINES: Final = frozenset({"code_inline", "image", "link_close"})
"""Tokens that may have an attribute list behind them."""
_TEXT: Final = frozenset({"code_inline", "image", "text", "text_special"})
_BREAKS: Final = frozenset({"hardbreak", "softbreak"})
_NOT_IN_ID: Final = re.compile(r"[^\w\- ]+")
_DEFAULT_ID: Final = "heading"


def add_attributes(parser: MarkdownIt, *, with_all: bool) -> None:
    """Read attribute lists after headings; ``with_all``: wherever markdown-it-attrs does.

    That is after links, images and code, and below a paragraph.
    """
    patterns = {"heading_open": _LIST_AT_END}
    if with_all:
        patterns["paragraph_open"] = _LIST_LINE
        parser.inline.ruler.push("attributes", _inline_attributes)

    def block_attributes(state: StateCore) -> None:
        for number, token in enumerate(state.tokens):
            if token.type == "inline" and token.content.endswith("}"):
                opening = state.tokens[number - 1]
                _take_attributes(token, opening, patterns.get(opening.type))

    parser.core.ruler.after("block", "attributes", block_attributes)


def add_heading_ids(parser: MarkdownIt) -> None:
    """Give each heading without an id one from its text, as goldmark does for Hugo."""
    parser.core.ruler.before("text_join", "heading_ids", _heading_ids)


def _parsed(text: str) -> dict[str, str] | None:
    """Return the attributes of the list that ``text`` is, None if it is none."""
    try:
        end, attributes = parse(text)
    except ParseError:
        return None
    return attributes if end == len(text) - 1 else None


def _inline_attributes(state: StateInline, silent: bool) -> bool:
    if silent or state.pending or not state.tokens or state.tokens[-1].type not in _INLINES:
        return False
    found = _LIST.match(state.src, state.pos, state.posMax)
    attributes = _parsed(found[0]) if found else None
    if not found or attributes is None:
        return False
    _opening(state.tokens).attrs.update(attributes)
    state.pos = found.end()
    return True


def _opening(tokens: list[Token]) -> Token:
    """Return the last token, or the one that opens what it closes."""
    level = tokens[-1].level
    if tokens[-1].nesting == 0:
        return tokens[-1]
    return next(token for token in reversed(tokens) if token.nesting > 0 and token.level == level)


def _take_attributes(token: Token, opening: Token, pattern: re.Pattern[str] | None) -> None:
    """Give ``opening`` the attributes that the text of ``token`` ends with, and remove them."""
    found = pattern.search(token.content) if pattern else None
    attributes = _parsed(found[0].strip()) if found else None
    if found and attributes is not None:
        opening.attrs.update(attributes)
        token.content = token.content[: found.start()]


def _heading_ids(state: StateCore) -> None:
    """Give ids to headings: words in lower case joined by hyphens, numbered where they recur."""
    taken = {token.attrs["id"] for token in state.tokens if "id" in token.attrs}
    uses: Counter[str] = Counter()
    for number, token in enumerate(state.tokens):
        content = state.tokens[number + 1].children if token.type == "heading_open" else None
        if content and "id" not in token.attrs:
            name = plain = _slug(content)
            while name in taken:
                uses[plain] += 1
                name = f"{plain}-{uses[plain]}"
            taken.add(name)
            token.attrs["id"] = name


def _slug(tokens: Iterable[Token]) -> str:
    """Return the id for a heading with the inline ``tokens``, of which the last line counts."""
    words = ""
    for token in tokens:
        words = "" if token.type in _BREAKS else words + token.content * (token.type in _TEXT)
    return _NOT_IN_ID.sub("", words.strip()).lower().replace(" ", "-") or _DEFAULT_ID
