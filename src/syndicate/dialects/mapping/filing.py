"""The line "Post filed in: …" by which editors file a post inside its body."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import parse_qs, urlsplit

from syndicate.dialects.mapping.values import unescaped

_LINE: Final = re.compile(
    r"(?:[ \t]|[*_>#]|<(?:p|div|span|strong|em|b|i|small)\b[^<>\n]*>)*"
    r"Posts?[ \t]+filed[ \t]+(?:in|under)(?:[*_]|</\w+>)*[ \t]*:(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_FILED: Final = ("filed", "f\u0131led", "fi\u0307led")
"""What a body with a filing line has in lower case: whose case is ignored, i is one of three."""
_LINK: Final = re.compile(
    r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s[^()]*)?\)"
    r"|<a\b[^<>]*?\bhref\s*=\s*[\"']?(?P<href>[^\"'<>\s]*)[^<>]*>(?P<inner>(?:(?!<a\b).)*?)</a>",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]*>|\{:[^{}]*\}")
_TEXT: Final = re.compile(r"^[^\n]*[^\s][^\n]*$", re.MULTILINE)
_NEAR: Final = 6
"""How many lines with text at each end of a body may be the filing line."""
_TAIL: Final = 10_000
"""Characters, rounded up to whole lines, in which the last of them are looked for."""
_LONGEST: Final = 5_000
"""Characters; a longer line is a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A filing line: what it names, where it stands in the body, counted from 0."""

    categories: tuple[str, ...]
    start: int
    end: int


def filing(body: str) -> Filing | None:
    """Find the filing line of ``body``, on a line of its own near its beginning or end.

    A category is the decoded ``category`` parameter of its link, else the text of the link; a
    line without links names them between bars or commas.
    """
    lower = body.lower()
    if not any(word in lower for word in _FILED):  # as in most bodies
        return None
    for start, end in _ends(body):
        match = _LINE.fullmatch(body, start, end) if end - start <= _LONGEST else None
        if match:
            return Filing(categories=tuple(_categories(match["rest"])), start=start, end=end)
    return None


def _ends(body: str) -> Iterator[tuple[int, int]]:
    """Yield where the first and the last lines with text begin and end."""
    tail = body.rfind("\n", 0, max(0, len(body) - _TAIL)) + 1
    yield from (match.span() for match in islice(_TEXT.finditer(body), _NEAR))
    yield from (match.span() for match in deque(_TEXT.finditer(body, tail), _NEAR))


def _categories(rest: str) -> list[str]:
    links = list(_LINK.finditer(rest))
    if not links:
        texts = re.split(r"[|,;·•]", unescaped(_TAG.sub("", rest)))
        return [name for text in texts if (name := text.strip(" \t*_."))]
    return [name for link in links for name in _linked(link)]


def _linked(link: re.Match[str]) -> list[str]:
    target = unescaped(link["target"] or link["href"] or "")
    try:
        given = parse_qs(urlsplit(target).query).get("category", [])
    except ValueError:
        given = []
    text = unescaped(_TAG.sub("", link["text"] or link["inner"] or "")).strip(" \t*_")
    return [name for name in given or [text] if name.strip()]
