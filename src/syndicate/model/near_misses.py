"""Which of many known names somebody may have meant, found without looking at all of them."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile
from string import ascii_lowercase, digits
from typing import Final

from syndicate.model.category import slug

MAX_CHOICES: Final = 20
"""Names that an error lists."""

_MAX_COMPARED_NAMES: Final = 200
"""Names that are all compared: some milliseconds. Of more, only likely ones are."""

_MAX_VARIED_CHARACTERS: Final = 24
"""Characters of a text that are varied."""

_MAX_COMPARED_CHARACTERS: Final = 100

_MIN_SIMILARITY: Final = 0.6
"""Likeness (`difflib`) from which on a name may be meant."""

_ALPHABET: Final = f"{ascii_lowercase}{digits}-"


def near_misses(requested: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return at most `MAX_CHOICES` of ``names``, first those that are written much like ``asked``.

    More than `MAX_CHOICES` names must be sorted.
    """
    meant = slug(requested)[:_MAX_COMPARED_CHARACTERS] or requested[:_MAX_COMPARED_CHARACTERS]
    likely = (
        list(names)
        if len(names) <= _MAX_COMPARED_NAMES
        else [*dict.fromkeys(_candidates(meant, names))]
    )
    close = get_close_matches(meant, likely, n=len(likely), cutoff=_MIN_SIMILARITY)
    close.sort(key=lambda name: _similarity(meant, name), reverse=True)
    return tuple(dict.fromkeys((*close, *likely)))[:MAX_CHOICES]


def _similarity(meant: str, name: str) -> tuple[float, int]:
    """Return what ranks names: how much alike they are and, if equally, how long they begin so."""
    ratio = SequenceMatcher(None, meant, name).ratio()
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(meant, name, strict=False))
    return round(ratio, 2), sum(1 for _ in alike)


def _candidates(meant: str, names: Sequence[str]) -> Iterator[str]:
    """Yield the names with one character more, less or other, then those that begin alike."""
    for text in _variants(meant[:_MAX_VARIED_CHARACTERS]):
        index = bisect_left(names, text)
        if index < len(names) and names[index] == text:
            yield text
    index = min(bisect_left(names, meant), len(names) - MAX_CHOICES)
    yield from names[max(0, index - MAX_CHOICES // 2) : index + MAX_CHOICES]


def _variants(text: str) -> Iterator[str]:
    """Yield all texts at an edit distance of 1, swapped neighbours among them."""
    for n in range(len(text) + 1):
        before, after = text[:n], text[n:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for character in _ALPHABET:
            yield before + character + after
            yield before + character + after[1:]
