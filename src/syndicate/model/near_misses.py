"""Suggestions for a misspelled name among many, without comparing it with all of them."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile
from string import ascii_lowercase, digits
from typing import Final

from syndicate.model.category import slug

MAX_CHOICES: Final = 20
"""How many names an error lists."""

_MAX_COMPARED_NAMES: Final = 200
"""Up to so many names, all are compared, which takes some milliseconds; of more, only
candidates."""

_MAX_VARIED_CHARACTERS: Final = 24
"""How many characters of a name are varied to find candidates."""

_MAX_COMPARED_CHARACTERS: Final = 100

_MIN_SIMILARITY: Final = 0.6
"""Similarity (`difflib`) from which on a name is suggested first."""

_ALPHABET: Final = f"{ascii_lowercase}{digits}-"


def near_misses(requested: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return at most `MAX_CHOICES` of ``names``, the most similar to ``requested`` first.

    More than `MAX_CHOICES` names must be sorted.
    """
    normalized = slug(requested)[:_MAX_COMPARED_CHARACTERS] or requested[:_MAX_COMPARED_CHARACTERS]
    candidates = (
        list(names)
        if len(names) <= _MAX_COMPARED_NAMES
        else [*dict.fromkeys(_candidates(normalized, names))]
    )
    limit = max(1, len(candidates))
    close = get_close_matches(normalized, candidates, n=limit, cutoff=_MIN_SIMILARITY)
    close.sort(key=lambda name: _similarity(normalized, name), reverse=True)
    return tuple(dict.fromkeys((*close, *candidates)))[:MAX_CHOICES]


def _similarity(requested: str, name: str) -> tuple[float, int]:
    """Return the rank of a name: its similarity, then the length of the common prefix."""
    ratio = SequenceMatcher(None, requested, name).ratio()
    common_prefix = takewhile(lambda pair: pair[0] == pair[1], zip(requested, name, strict=False))
    return round(ratio, 2), sum(1 for _ in common_prefix)


def _candidates(requested: str, names: Sequence[str]) -> Iterator[str]:
    """Yield names at an edit distance of 1, then names near ``meant`` in sorted order."""
    for text in _variants(requested[:_MAX_VARIED_CHARACTERS]):
        index = bisect_left(names, text)
        if index < len(names) and names[index] == text:
            yield text
    index = min(bisect_left(names, requested), len(names) - MAX_CHOICES)
    yield from names[max(0, index - MAX_CHOICES // 2) : index + MAX_CHOICES]


def _variants(text: str) -> Iterator[str]:
    """Yield all texts at an edit distance of 1, transpositions included."""
    for n in range(len(text) + 1):
        head, tail = text[:n], text[n:]
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for character in _ALPHABET:
            yield head + character + tail
            yield head + character + tail[1:]
