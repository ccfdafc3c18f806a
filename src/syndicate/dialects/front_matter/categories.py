"""The categories of a post: from its keys, its "Post filed in:" line and its source."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Final
from urllib.parse import parse_qs, urlsplit

from syndicate.dialects.fields import FieldReader, as_texts
from syndicate.model.category import Category, Vocabulary, category_slug
from syndicate.render.html_tokens import unescape_entities

SOURCE_CATEGORIES: Final = "default of the source"
"""The origin of the categories that the settings of a source add."""
_LINE: Final = re.compile(
    r"(?:[ \t]|[*_>#]|<(?:p|div|span|strong|em|b|i|small)\b[^<>\n]*>)*"
    r"Posts?[ \t]+filed[ \t]+(?:in|under)(?:[*_]|</\w+>)*[ \t]*:(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_LOWERCASE_FILED: Final = ("filed", "f\u0131led", "fi\u0307led")
"""Lower-case forms of "filed" that ``_LINE`` matches: with case ignored, i has three variants."""
_LINK: Final = re.compile(
    r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s[^()]*)?\)"
    r"|<a\b[^<>]*?\bhref\s*=\s*[\"']?(?P<href>[^\"'<>\s]*)[^<>]*>(?P<inner>(?:(?!<a\b).)*?)</a>",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]*>|\{:[^{}]*\}")
_TEXT: Final = re.compile(r"^[^\n]*[^\s][^\n]*$", re.MULTILINE)
_MAX_LINES_FROM_END: Final = 6
"""Non-blank lines at each end of the body that are searched for the line."""
_TAIL_CHARACTERS: Final = 10_000
"""Characters at the end of the body, rounded up to whole lines, that are searched."""
_MAX_LINE_CHARACTERS: Final = 5_000
"""A longer line is running text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledInLine:
    """The "Post filed in:" line: its categories, and its offsets in the body."""

    categories: tuple[str, ...]
    start: int
    end: int


def find_filed_in_line(body: str) -> FiledInLine | None:
    """Return the "Post filed in:" line near the start or end of ``body``, None without one.

    A category is the decoded ``category`` parameter of a link, else the text of the link;
    without links, categories are separated by bars or commas.
    """
    lower = body.lower()
    if not any(word in lower for word in _LOWERCASE_FILED):  # a quick test for most bodies
        return None
    for start, end in _first_and_last_lines(body):
        match = _LINE.fullmatch(body, start, end) if end - start <= _MAX_LINE_CHARACTERS else None
        if match:
            return FiledInLine(categories=tuple(_categories(match["rest"])), start=start, end=end)
    return None


def _first_and_last_lines(body: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the first and the last non-blank lines."""
    tail = body.rfind("\n", 0, max(0, len(body) - _TAIL_CHARACTERS)) + 1
    yield from (match.span() for match in islice(_TEXT.finditer(body), _MAX_LINES_FROM_END))
    yield from (match.span() for match in deque(_TEXT.finditer(body, tail), _MAX_LINES_FROM_END))


def _categories(rest: str) -> list[str]:
    links = list(_LINK.finditer(rest))
    if not links:
        texts = re.split(r"[|,;·•]", unescape_entities(_TAG.sub("", rest)))
        return [name for text in texts if (name := text.strip(" \t*_."))]
    return [name for link in links for name in _link_categories(link)]


def _link_categories(link: re.Match[str]) -> list[str]:
    target = unescape_entities(link["target"] or link["href"] or "")
    try:
        parameters = parse_qs(urlsplit(target).query).get("category", [])
    except ValueError:
        parameters = []
    text = unescape_entities(_TAG.sub("", link["text"] or link["inner"] or "")).strip(" \t*_")
    return [name for name in parameters or [text] if name.strip()]


NamedCategories = list[tuple[int, str]]
"""Pairs of line and category, as written in the file."""

_MAX_COMPARED: Final = 100
"""Categories of one post that are compared with the vocabulary."""
_MIN_SIMILARITY: Final = 0.85
"""Similarity of two slugs, from 0 to 1, that suggests a misspelling."""


def read_categories(
    reader: FieldReader,
    filed_in: FiledInLine | None,
    vocabulary: Vocabulary,
    *,
    split_at_spaces: bool,
) -> tuple[Category, ...]:
    """Return the categories of the post, then the default categories of its source.

    With ``split_at_spaces``, the text of a plural key is a list of words, as in Jekyll.
    """
    keyed = list(_category_texts(reader, "categories", vocabulary, split_at_spaces=split_at_spaces))
    named = [(reader.line(key), name) for key, name in keyed]
    origins = list(dict.fromkeys(f"key {key}, line {reader.line(key)}" for key, _ in keyed))
    if filed_in is not None:
        line = reader.document.body_line + reader.document.body.count("\n", 0, filed_in.start)
        named.extend((line, name) for name in filed_in.categories)
        origins.append(f"Post filed in:, line {line}")
    if reader.source.categories:
        origins.append(SOURCE_CATEGORIES)
    if origins:
        reader.origins["categories"] = "; ".join(origins)
    named = _with_slug(reader, named)
    _report_spellings(reader, named)
    _report_misspellings(reader, named, vocabulary)
    own = vocabulary.categories(name for _, name in named)
    categories = (*own, *reader.source.categories)
    return tuple({category.slug: category for category in categories}.values())


def read_url_categories(
    reader: FieldReader, vocabulary: Vocabulary, *, split_at_spaces: bool
) -> tuple[str, ...]:
    """Return the categories for the ``:categories`` of a permalink, as written."""
    texts = _category_texts(
        reader, "permalink_categories", vocabulary, split_at_spaces=split_at_spaces
    )
    return tuple(dict.fromkeys(name for _, name in texts))


def _category_texts(
    reader: FieldReader, field: str, vocabulary: Vocabulary, *, split_at_spaces: bool
) -> Iterator[tuple[str, str]]:
    """Yield (key, category) for the categories in the keys of ``field``."""
    for key, value in reader.values(field):
        for text in as_texts(value) or ():
            if isinstance(value, list) or not key.endswith("s") or _is_defined(text, vocabulary):
                yield key, text
            elif "," in text:
                yield from ((key, name.strip()) for name in text.split(",") if name.strip())
            else:
                yield from ((key, name) for name in (text.split() if split_at_spaces else [text]))


def _is_defined(name: str, vocabulary: Vocabulary) -> bool:
    category = vocabulary.category(name)
    return any(definition.category == category for definition in vocabulary.definitions)


def _with_slug(reader: FieldReader, named: NamedCategories) -> NamedCategories:
    """Return ``named`` without those that cannot be in a URL, which are reported."""
    for line, name in named:
        slug = category_slug(name)
        if not any(map(str.isalnum, name)):
            hint = f"its feed is called {slug}" if slug else "this one is ignored"
            reader.report(
                "category-name",
                f"the category {name} has neither letters nor digits",
                f"Use a word as the category; {hint}.",
                line=line,
                level="notice",
            )
    return [(line, name) for line, name in named if category_slug(name)]


def _report_spellings(reader: FieldReader, named: NamedCategories) -> None:
    """Report categories that the post has in two spellings."""
    first: dict[str, str] = {}
    for line, name in named:
        before = first.setdefault(category_slug(name), name)
        if before != name:
            reader.report(
                "similar-category",
                f"{name} and {before} are two spellings of one category",
                "Keep one of them.",
                line=line,
                level="notice",
            )


def _report_misspellings(
    reader: FieldReader, named: NamedCategories, vocabulary: Vocabulary
) -> None:
    """Report categories that look like misspellings of a category of the settings."""
    titles = {
        definition.category.slug: definition.category.title for definition in vocabulary.definitions
    }
    unknown = ((line, name) for line, name in named if titles and not _is_defined(name, vocabulary))
    for line, name in islice(unknown, _MAX_COMPARED):
        matches = get_close_matches(category_slug(name), titles, n=1, cutoff=_MIN_SIMILARITY)
        if matches:
            title = titles[matches[0]]
            message = f"the category {name} looks like a misspelling of {title}"
            reader.report("similar-category", message, f"Write {title}.", line=line)
