"""The categories of a post: from keys, from the filing line, from its source, without doubles."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Final
from urllib.parse import parse_qs, urlsplit

from syndicate.dialects.front_matter.field_reader import FieldReader
from syndicate.dialects.front_matter.value_parsers import as_texts, unescape
from syndicate.model.category import Category, Vocabulary, slug

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


NamedCategories = list[tuple[int, str]]
"""Categories as written, with their lines in the file."""

_MAX_COMPARED: Final = 100
"""Categories of one post that are compared with the vocabulary."""
_MIN_SIMILARITY: Final = 0.85
"""How alike two slugs are that are likely one word, from 0 to 1."""


def read_categories(
    reader: FieldReader,
    filed_in: FiledInLine | None,
    vocabulary: Vocabulary,
    *,
    split_at_spaces: bool,
) -> tuple[Category, ...]:
    """Return what the post is filed under, its source's defaults last.

    With ``spaces``, a text of a key in the plural is a list of words, as in Jekyll.
    """
    keyed = list(_category_texts(reader, "categories", vocabulary, split_at_spaces=split_at_spaces))
    named = [(reader.line(key), name) for key, name in keyed]
    origins = list(dict.fromkeys(f"key {key}, line {reader.line(key)}" for key, _ in keyed))
    if filed_in is not None:
        line = reader.document.body_line + reader.document.body.count("\n", 0, filed_in.start)
        named.extend((line, name) for name in filed_in.categories)
        origins.append(f"Post filed in:, line {line}")
    if reader.source.categories:
        origins.append("default of the source")
    if origins:
        reader.origins["categories"] = "; ".join(origins)
    _report_spellings(reader, named)
    _report_misspellings(reader, named, vocabulary)
    own = vocabulary.categories(name for _, name in named)
    return tuple({each.slug: each for each in (*own, *reader.source.categories)}.values())


def read_permalink_categories(
    reader: FieldReader, vocabulary: Vocabulary, *, split_at_spaces: bool
) -> tuple[str, ...]:
    """Return the categories that stand in addresses, as written."""
    written = _category_texts(reader, "shelves", vocabulary, split_at_spaces=split_at_spaces)
    return tuple(dict.fromkeys(name for _, name in written))


def _category_texts(
    reader: FieldReader, field: str, vocabulary: Vocabulary, *, split_at_spaces: bool
) -> Iterator[tuple[str, str]]:
    """Yield (key, text) for each category that a key of the field ``name`` holds."""
    for key, value in reader.values(field):
        for each in as_texts(value) or ():
            if isinstance(value, list) or not key.endswith("s") or _is_defined(each, vocabulary):
                yield key, each
            elif "," in each:
                yield from ((key, part.strip()) for part in each.split(",") if part.strip())
            else:
                yield from ((key, part) for part in (each.split() if split_at_spaces else [each]))


def _is_defined(name: str, vocabulary: Vocabulary) -> bool:
    meant = vocabulary.category(name)
    return any(term.category == meant for term in vocabulary.definitions)


def _report_spellings(reader: FieldReader, named: NamedCategories) -> None:
    """Note the categories that the post has in two spellings."""
    first: dict[str, str] = {}
    for line, name in named:
        before = first.setdefault(slug(name), name)
        if before != name:
            reader.report(
                "similar-category",
                f"{name} and {before} are one category in two spellings",
                "Keep one of them.",
                line=line,
                level="notice",
            )


def _report_misspellings(
    reader: FieldReader, named: NamedCategories, vocabulary: Vocabulary
) -> None:
    """Note the categories that look like slips of the pen for one of the operator's vocabulary."""
    known = {term.category.slug: term.category.title for term in vocabulary.definitions}
    strangers = (
        (line, name) for line, name in named if known and not _is_defined(name, vocabulary)
    )
    for line, name in islice(strangers, _MAX_COMPARED):
        near = get_close_matches(slug(name), known, n=1, cutoff=_MIN_SIMILARITY)
        if near:
            what = f"the category {name} looks like a misspelling of {known[near[0]]}"
            reader.report("similar-category", what, f"Write {known[near[0]]}.", line=line)
