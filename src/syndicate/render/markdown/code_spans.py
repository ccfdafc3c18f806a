"""Finds code in Markdown, and masks what inline patterns must not see outside of code."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from markdown.inlinepatterns import AUTOLINK_RE, HTML_RE

from syndicate.render.markdown.block_parser import parse
from syndicate.render.markdown.nodes import Block

_RUN: Final = re.compile(r"`+")
_BRACKET: Final = re.compile(r"\\.|[\[\]()]", re.DOTALL)
_STAND_INS: Final = {"[": "\ufdd4", "]": "\ufdd5", "(": "\ufdd6", ")": "\ufdd7"}
_LINKED_COLON: Final = "\ufdd8"
_RESTORED: Final = str.maketrans(
    {_LINKED_COLON: ":"} | {stand_in: bracket for bracket, stand_in in _STAND_INS.items()}
)
_TAG_OR_SCHEME: Final = re.compile(rf"://|{AUTOLINK_RE}|{HTML_RE}", re.DOTALL)
_ANCHOR: Final = re.compile(r"<(/?)a[\s>]", re.IGNORECASE)
_AFFORDABLE: Final = 1_000_000
_DEEPEST: Final = 3


def code_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each fence, indented block and code span in ``text``, in order."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return tuple(sorted(_ranges(parse(text), starts)))


def _ranges(block: Block, starts: list[int]) -> list[tuple[int, int]]:
    if block.kind in ("fence", "indented"):
        return [(starts[block.start], starts[block.end + 1] - 1)]
    found = [code for child in block.children for code in _ranges(child, starts)]
    if block.kind != "html":
        found += _spans(block, starts)
    return found


def _spans(block: Block, starts: list[int]) -> list[tuple[int, int]]:
    """Return the code spans in the text of ``block``, which may begin and end in other lines."""
    if not any("`" in line for _, line in block.lines):
        return []
    begins = [starts[number + 1] - 1 - len(line) for number, line in block.lines]
    lengths = [len(line) + 1 for _, line in block.lines]
    ends = list(accumulate(lengths))

    def position(offset: int) -> int:
        row = bisect_right(ends, offset)
        return begins[row] + offset - (ends[row] - lengths[row])

    return [(position(start), position(end - 1) + 1) for start, end in code_spans(block.text)]


def code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each code span of ``text``, in order (CommonMark section 6.1)."""
    runs = [(run.start(), run.end()) for run in _RUN.finditer(text)]
    later: dict[int, list[tuple[int, int]]] = {}
    for start, end in reversed(runs):
        later.setdefault(end - start, []).append((start, end))
    done = 0
    for start, end in runs:
        length = end - start - _is_escaped(text, start)
        same = later.get(length, [])
        while same and same[-1][0] < end:
            same.pop()
        if length and start >= done and same:
            done = same[-1][1]
            yield end - length, done


def without_idle_brackets(text: str) -> str:
    """Return ``text`` with stand-ins for brackets that no link needs, if they are many.

    Python-Markdown looks for the end of a link from each bracket on: those that have none, or are
    nested deeper than any link, must not be there when there are thousands of them.
    """
    if (text.count("[") + text.count("(")) * len(text) < _AFFORDABLE:
        return text
    characters = list(text)
    for position in _idle_brackets(text):
        characters[position] = _STAND_INS[characters[position]]
    return "".join(characters)


def without_linked_urls(text: str) -> str:
    """Return ``text`` with a stand-in for the colon of each URL inside ``<a>`` and ``</a>``.

    Such a URL is the text of a link already: another link in it would end the first one.
    """
    end = max(text.rfind("</a"), text.rfind("</A"))
    if end < 0 or "://" not in text:
        return text
    parts, done, is_linked = [], 0, False
    for match in _outside_code(_TAG_OR_SCHEME.finditer(text, 0, end), text):
        anchor = _ANCHOR.match(match[0])
        if anchor:
            is_linked = not anchor[1]
        elif is_linked and match[0] == "://":
            parts += [text[done : match.start()], _LINKED_COLON]
            done = match.start() + 1
    return "".join([*parts, text[done:]])


def restored(text: str) -> str:
    """Return ``text`` with the characters for which it holds stand-ins."""
    is_without = not any(stand_in in text for stand_in in (_LINKED_COLON, *_STAND_INS.values()))
    return text if is_without else text.translate(_RESTORED)


def _idle_brackets(text: str) -> Iterator[int]:
    opened: dict[str, list[int]] = {"[": [], "(": []}
    pairs: dict[str, list[tuple[int, int]]] = {"[": [], "(": []}
    for position, bracket in _brackets(text):
        kind = "[" if bracket in "[]" else "("
        if bracket in "[(":
            opened[kind].append(position)
        elif opened[kind]:
            pairs[kind].append((opened[kind].pop(), position))
    for kind in "[(":
        yield from opened[kind]
        yield from _too_deep(sorted(pairs[kind]))


def _too_deep(pairs: list[tuple[int, int]]) -> Iterator[int]:
    around: list[int] = []
    for start, end in pairs:
        while around and around[-1] < start:
            around.pop()
        if len(around) >= _DEEPEST:
            yield from (start, end)
        else:
            around.append(end)


def _brackets(text: str) -> Iterator[tuple[int, str]]:
    for match in _outside_code(_BRACKET.finditer(text), text):
        if len(match[0]) == 1:
            yield match.start(), match[0]


def _outside_code(matches: Iterator[re.Match[str]], text: str) -> Iterator[re.Match[str]]:
    """Yield those of ``matches`` that begin outside the code spans of ``text``."""
    spans = code_spans(text)
    start, end = next(spans, (len(text), len(text)))
    for match in matches:
        while end <= match.start() < len(text):
            start, end = next(spans, (len(text), len(text)))
        if not start <= match.start() < end:
            yield match


def _is_escaped(text: str, position: int) -> bool:
    start = position
    while start and text[start - 1] == "\\":
        start -= 1
    return (position - start) % 2 == 1
