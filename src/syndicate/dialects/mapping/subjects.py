"""The categories of a post: from keys, from the filing line, from its source, without doubles."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Final

from syndicate.dialects.mapping.filing import Filing
from syndicate.dialects.mapping.keys import Reading
from syndicate.dialects.mapping.values import texts
from syndicate.model.category import Category, Vocabulary, slug

Named = list[tuple[int, str]]
"""Categories as written, with their lines in the file."""

_ENOUGH: Final = 100
"""Categories of one post that are compared with the vocabulary."""
_CLOSE: Final = 0.85
"""How alike two slugs are that are likely one word, from 0 to 1."""


def categories(
    reading: Reading, filing: Filing | None, vocabulary: Vocabulary, *, spaces: bool
) -> tuple[Category, ...]:
    """Return what the post is filed under, its source's defaults last.

    With ``spaces``, a text of a key in the plural is a list of words, as in Jekyll.
    """
    keyed = list(_written(reading, "categories", vocabulary, spaces=spaces))
    named = [(reading.line(key), name) for key, name in keyed]
    origins = list(dict.fromkeys(f"key {key}, line {reading.line(key)}" for key, _ in keyed))
    if filing is not None:
        line = reading.document.body_line + reading.document.body.count("\n", 0, filing.start)
        named.extend((line, name) for name in filing.categories)
        origins.append(f"Post filed in:, line {line}")
    if reading.source.categories:
        origins.append("default of the source")
    if origins:
        reading.origins["categories"] = "; ".join(origins)
    _note_spellings(reading, named)
    _note_slips(reading, named, vocabulary)
    own = vocabulary.categories(name for _, name in named)
    return tuple({each.slug: each for each in (*own, *reading.source.categories)}.values())


def shelves(reading: Reading, vocabulary: Vocabulary, *, spaces: bool) -> tuple[str, ...]:
    """Return the categories that stand in addresses, as written."""
    written = _written(reading, "shelves", vocabulary, spaces=spaces)
    return tuple(dict.fromkeys(name for _, name in written))


def _written(
    reading: Reading, name: str, vocabulary: Vocabulary, *, spaces: bool
) -> Iterator[tuple[str, str]]:
    """Yield (key, text) for each category that a key of the field ``name`` holds."""
    for key, value in reading.values(name):
        for each in texts(value) or ():
            if isinstance(value, list) or not key.endswith("s") or _known(each, vocabulary):
                yield key, each
            elif "," in each:
                yield from ((key, part.strip()) for part in each.split(",") if part.strip())
            else:
                yield from ((key, part) for part in (each.split() if spaces else [each]))


def _known(name: str, vocabulary: Vocabulary) -> bool:
    meant = vocabulary.category(name)
    return any(term.category == meant for term in vocabulary.terms)


def _note_spellings(reading: Reading, named: Named) -> None:
    """Note the categories that the post has in two spellings."""
    first: dict[str, str] = {}
    for line, name in named:
        before = first.setdefault(slug(name), name)
        if before != name:
            reading.note(
                "similar-category",
                f"{name} and {before} are one category in two spellings",
                "Keep one of them.",
                line=line,
                level="notice",
            )


def _note_slips(reading: Reading, named: Named, vocabulary: Vocabulary) -> None:
    """Note the categories that look like slips of the pen for one of the operator's vocabulary."""
    known = {term.category.slug: term.category.title for term in vocabulary.terms}
    strangers = ((line, name) for line, name in named if known and not _known(name, vocabulary))
    for line, name in islice(strangers, _ENOUGH):
        near = get_close_matches(slug(name), known, n=1, cutoff=_CLOSE)
        if near:
            what = f"the category {name} looks like a misspelling of {known[near[0]]}"
            reading.note("similar-category", what, f"Write {known[near[0]]}.", line=line)
