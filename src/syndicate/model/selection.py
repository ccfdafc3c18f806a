"""Selections of posts, with one meaning in feeds, subscriptions, exports and embeds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from syndicate.model.category import Category

AnyOf = frozenset[str]
"""Category slugs of which a post must have at least one."""

Attribute = tuple[str, str | bool]
"""A criterion of a selection: ("category", slug), ("source", name), ("carousel", flag)."""


class Selectable(Protocol):
    """Attributes of a post that selections use: of `Post` or of a `LedgerRow`."""

    @property
    def source(self) -> str:
        """Name of its source."""
        ...

    @property
    def categories(self) -> tuple[Category, ...]:
        """Its categories."""
        ...

    @property
    def carousel(self) -> bool:
        """Whether it is in the carousel."""
        ...

    @property
    def language(self) -> str:
        """Its language tag (RFC 5646)."""
        ...


def attributes(post: Selectable) -> Iterator[Attribute]:
    """Yield every attribute of ``post``, without its language, which ranges match."""
    yield "source", post.source
    yield "carousel", post.carousel
    for category in post.categories:
        yield "category", category.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A set of posts, defined by their attributes.

    ``categories`` is a set of any-of sets that must all match, so that two selections can be
    intersected. None means any; an empty ``sources`` or ``languages`` matches no post.
    """

    categories: frozenset[AnyOf] = frozenset()
    carousel: bool | None = None
    sources: frozenset[str] | None = None
    languages: frozenset[str] | None = None

    @classmethod
    def create(
        cls,
        *,
        categories: Iterable[str] = (),
        match_all: bool = False,
        carousel: bool | None = None,
        sources: Iterable[str] = (),
        languages: Iterable[str] = (),
    ) -> Self:
        """Create a selection from lists, of which empty ones mean any."""
        slugs = frozenset(categories)
        groups = (frozenset({slug}) for slug in slugs) if match_all else (slugs,)
        return cls(
            categories=frozenset(group for group in groups if group),
            carousel=carousel,
            sources=frozenset(sources) or None,
            languages=frozenset(tag.lower() for tag in languages) or None,
        )

    def intersect(self, other: Self) -> Self:
        """Return the selection of posts that are in both."""
        if self.carousel is not None and other.carousel not in (None, self.carousel):
            return type(self)(sources=frozenset())
        return type(self)(
            categories=self.categories | other.categories,
            carousel=other.carousel if self.carousel is None else self.carousel,
            sources=_intersection(self.sources, other.sources),
            languages=_language_intersection(self.languages, other.languages),
        )

    @property
    def criteria(self) -> list[set[Attribute]]:
        """Sets of attributes; a post must have at least one of each set."""
        criteria: list[set[Attribute]] = [
            {("category", slug) for slug in group} for group in self.categories
        ]
        if self.sources is not None:
            criteria.append({("source", name) for name in self.sources})
        if self.carousel is not None:
            criteria.append({("carousel", self.carousel)})
        return criteria

    def __contains__(self, post: Selectable) -> bool:
        if self.sources is not None and post.source not in self.sources:
            return False
        if self.carousel is not None and post.carousel != self.carousel:
            return False
        if self.languages is not None and not any(
            _language_matches(language_range, post.language) for language_range in self.languages
        ):
            return False
        slugs = {category.slug for category in post.categories}
        return all(group & slugs for group in self.categories)


def _intersection(
    first: frozenset[str] | None, second: frozenset[str] | None
) -> frozenset[str] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _language_intersection(
    first: frozenset[str] | None, second: frozenset[str] | None
) -> frozenset[str] | None:
    if first is None or second is None:
        return _intersection(first, second)
    return frozenset(
        tag
        for tag in first | second
        if any(_language_matches(language_range, tag) for language_range in first)
        and any(_language_matches(language_range, tag) for language_range in second)
    )


def _language_matches(range_text: str, tag: str) -> bool:
    """Match by basic filtering (RFC 4647 section 3.3.1): ``es`` matches ``es`` and ``es-PR``."""
    language_range, language = range_text.lower(), tag.lower()
    return language == language_range or language.startswith(f"{language_range}-")
