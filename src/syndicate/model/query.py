"""Query language of feeds and of the API: filters, paging and their errors."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args
from urllib.parse import urlencode

from syndicate.errors import UsageError
from syndicate.model.edition import Edition
from syndicate.model.near_misses import near_misses
from syndicate.model.selection import Selection

ContentMode = Literal["full", "summary", "text", "none"]

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200

_LANGUAGE: Final = re.compile(r"[a-z]{1,8}(-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)
"""A basic language range without the wildcard (RFC 4647 section 2.1)."""

_PARAMETER_CORRECTIONS: Final = {
    "categories": "category",
    "cat": "category",
    "tag": "category",
    "tags": "category",
    "sources": "source",
    "languages": "language",
    "lang": "language",
    "page": "after",
    "offset": "after",
    "cursor": "after",
    "per_page": "limit",
    "count": "limit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Filters of a feed, and the page of it.

    ``categories`` are slugs; ``after`` is a cursor, empty for the first page.
    """

    categories: tuple[str, ...] = ()
    match_all: bool = False
    carousel: bool | None = None
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    limit: int = DEFAULT_LIMIT
    after: str = ""
    content: ContentMode = "full"

    @property
    def selection(self) -> Selection:
        """The selection of these filters."""
        return Selection.create(
            categories=self.categories,
            match_all=self.match_all,
            carousel=self.carousel,
            sources=self.sources,
            languages=self.languages,
        )

    def canonical(self, after: str | None = None) -> str:
        """Return the canonical query string, optionally with another ``after``.

        Sorted and without defaults; empty for the unfiltered feed.
        """
        after = self.after if after is None else after
        pairs = [
            *(("after", text) for text in [after] if text),
            *(("carousel", str(flag).lower()) for flag in [self.carousel] if flag is not None),
            *(("category", text) for text in self.categories),
            *(("content", text) for text in [self.content] if text != "full"),
            *(("language", text) for text in self.languages),
            *(("limit", str(n)) for n in [self.limit] if n != DEFAULT_LIMIT),
            *(("match", "all") for _ in [1] if self.match_all and len(self.categories) > 1),
            *(("source", text) for text in self.sources),
        ]
        return urlencode(pairs)


def parse_query(
    pairs: Iterable[tuple[str, str]], edition: Edition, *, max_limit: int = MAX_LIMIT
) -> Query:
    """Parse the decoded ``pairs`` of a query string; empty values count as not given.

    Unknown parameters are ignored. Raises `UsageError` for a near miss of a known parameter, for an
    invalid value, and for a category or source that ``edition`` does not have.
    """
    values: dict[str, list[str]] = {}
    for name, text in pairs:
        if name in _PARAMETER_CORRECTIONS:
            raise UsageError(
                f"the parameter {name!r} is called {_PARAMETER_CORRECTIONS[name]!r} here",
                code="wrong-parameter",
                hint=f"Write {_PARAMETER_CORRECTIONS[name]}= instead of {name}=.",
                choices=_PARAMETERS,
            )
        if name in _PARAMETERS and text.strip():
            values.setdefault(name, []).append(text.strip())
    return Query(
        categories=_sorted_unique(
            parse_category(text, edition) for text in values.get("category", ())
        ),
        match_all=_choice("match", values, ("any", "all"), "any") == "all",
        carousel={"true": True, "false": False, "": None}[
            _choice("carousel", values, ("true", "false"), "")
        ],
        sources=_sorted_unique(parse_source(text, edition) for text in values.get("source", ())),
        languages=_sorted_unique(parse_language(text) for text in values.get("language", ())),
        limit=parse_limit({"limit": _single("limit", values)}, max_limit),
        after=_single("after", values),
        content=cast("ContentMode", _choice("content", values, get_args(ContentMode), "full")),
    )


_PARAMETERS: Final = (
    "category",
    "match",
    "carousel",
    "source",
    "language",
    "limit",
    "after",
    "content",
)


def _sorted_unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def _single(name: str, parameters: dict[str, list[str]]) -> str:
    values = parameters.get(name, [""])
    if len(set(values)) > 1:
        raise UsageError(
            f"{name} is given more than once: {', '.join(values)}",
            code="malformed-parameter",
            hint=f"Give {name} once.",
        )
    return values[0]


def _choice(
    name: str, parameters: dict[str, list[str]], allowed: tuple[str, ...], default: str
) -> str:
    value = _single(name, parameters).lower() or default
    if value in allowed or value == default:
        return value
    raise UsageError(
        f"{name} cannot be {value!r}",
        code="malformed-parameter",
        hint=f"Allowed are {' and '.join(allowed)}.",
        choices=allowed,
    )


def parse_limit(given: Mapping[str, str], max_limit: int = MAX_LIMIT) -> int:
    """Return the page size in a query, at most ``max_limit``; raises `UsageError`."""
    text = given.get("limit", "").strip() or str(DEFAULT_LIMIT)
    if re.fullmatch("[0-9]{1,3}", text) and 1 <= int(text) <= max_limit:
        return int(text)
    raise UsageError(
        f"limit cannot be {text!r}",
        code="malformed-parameter",
        hint=f"Give a whole number from 1 to {max_limit}.",
    )


def parse_category(text: str, edition: Edition) -> str:
    """Return the slug of the category that ``text`` means; raises `UsageError`."""
    category = edition.resolve_category(text)
    if category is not None:
        return category.slug
    raise UsageError(
        f"there is no category {text!r}",
        code="unknown-category",
        hint="Give a known slug, title or alias, in any case.",
        choices=near_misses(text, edition.category_slugs),
        choices_total=len(edition.category_slugs),
        choices_path="/v1/categories",
    )


def parse_source(text: str, edition: Edition) -> str:
    """Return the name of the source that ``text`` means; raises `UsageError`."""
    names = tuple(source.name for source in edition.sources)
    if text.lower() in names:
        return text.lower()
    raise UsageError(
        f"there is no source {text!r}",
        code="unknown-source",
        hint="Give the name of a known source.",
        choices=near_misses(text, sorted(names)),
        choices_total=len(names),
        choices_path="/v1/sources",
    )


def parse_language(text: str) -> str:
    """Return the language range ``text`` in lower case; raises `UsageError`."""
    if _LANGUAGE.fullmatch(text):
        return text.lower()
    raise UsageError(
        f"language cannot be {text!r}",
        code="malformed-parameter",
        hint="Give a language tag such as es or es-PR.",
    )
