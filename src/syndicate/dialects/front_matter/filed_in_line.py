"""The line "Post filed in: …" by which editors file a post inside its body."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import parse_qs, urlsplit

from syndicate.dialects.front_matter.value_parsers import unescape

_LINE: Final = re.compile(
    r"(?:[ \t]|[*_>#]|<(?:p|div|span|strong|em|b|i|small)\b[^<>\n]*>)*"
    r"Posts?[ \t]+filed[ \t]+(?:in|under)(?:[*_]|</\w+>)*[ \t]*:(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_LOWERCASE_FILED: Final = ("filed", "f\u0131led", "fi\u0307led")
"""What a body with a filing line has in lower case: whose case is ignored, i is one of three."""
_LINK: Final = re.compile(
    r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s[^()]*)?\)"
    r"|<a\b[^<>]*?\bhref\s*=\s*[\"']?(?P<href>[^\"'<>\s]*)[^<>]*>(?P<inner>(?:(?!<a\b).)*?)</a>",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]*>|\{:[^{}]*\}")
_TEXT: Final = re.compile(r"^[^\n]*[^\s][^\n]*$", re.MULTILINE)
_MAX_LINES_FROM_END: Final = 6
"""How many lines with text at each end of a body may be the filing line."""
_TAIL_CHARACTERS: Final = 10_000
"""Characters, rounded up to whole lines, in which the last of them are looked for."""
_MAX_LINE_CHARACTERS: Final = 5_000
"""Characters; a longer line is a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledInLine:
    """A filing line: what it names, where it stands in the body, counted from 0."""

    categories: tuple[str, ...]
    start: int
    end: int


def find_filed_in_line(body: str) -> FiledInLine | None:
    """Find the filing line of ``body``, on a line of its own near its beginning or end.

    A category is the decoded ``category`` parameter of its link, else the text of the link; a
    line without links names them between bars or commas.
    """
    lower = body.lower()
    if not any(word in lower for word in _LOWERCASE_FILED):  # as in most bodies
        return None
    for start, end in _first_and_last_lines(body):
        match = _LINE.fullmatch(body, start, end) if end - start <= _MAX_LINE_CHARACTERS else None
        if match:
            return FiledInLine(categories=tuple(_categories(match["rest"])), start=start, end=end)
    return None


def _first_and_last_lines(body: str) -> Iterator[tuple[int, int]]:
    """Yield where the first and the last lines with text begin and end."""
    tail = body.rfind("\n", 0, max(0, len(body) - _TAIL_CHARACTERS)) + 1
    yield from (match.span() for match in islice(_TEXT.finditer(body), _MAX_LINES_FROM_END))
    yield from (match.span() for match in deque(_TEXT.finditer(body, tail), _MAX_LINES_FROM_END))


def _categories(rest: str) -> list[str]:
    links = list(_LINK.finditer(rest))
    if not links:
        texts = re.split(r"[|,;·•]", unescape(_TAG.sub("", rest)))
        return [name for text in texts if (name := text.strip(" \t*_."))]
    return [name for link in links for name in _link_categories(link)]


def _link_categories(link: re.Match[str]) -> list[str]:
    target = unescape(link["target"] or link["href"] or "")
    try:
        given = parse_qs(urlsplit(target).query).get("category", [])
    except ValueError:
        given = []
    text = unescape(_TAG.sub("", link["text"] or link["inner"] or "")).strip(" \t*_")
    return [name for name in given or [text] if name.strip()]
