"""Which posts a feed, subscription, export or embed is about: one meaning in every channel."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from syndicate.model.category import Category

AnyOf = frozenset[str]
"""Slugs of which a post must have at least one."""

Attribute = tuple[str, str | bool]
"""Something a selection can ask for: ("category", slug), ("source", name), ("carousel", flag)."""


class Selectable(Protocol):
    """What decides whether a selection holds a post: of the post now, or as it once was."""

    @property
    def source(self) -> str:
        """The name of its source."""
        ...

    @property
    def categories(self) -> tuple[Category, ...]:
        """What it is filed under."""
        ...

    @property
    def carousel(self) -> bool:
        """Whether it is shown in the carousel."""
        ...

    @property
    def language(self) -> str:
        """Its language tag (RFC 5646)."""
        ...


def attributes(post: Selectable) -> Iterator[Attribute]:
    """Yield every trait of ``post``; languages are not among them, since they cover others."""
    yield "source", post.source
    yield "carousel", post.carousel
    for category in post.categories:
        yield "category", category.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A set of posts by what they are, not by which they are.

    ``categories`` is a set of any-of sets that must all hold, so that two selections narrow
    each other. None leaves the question open; an empty ``sources`` or ``languages`` is nothing.
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
        """Make a selection from lists in which empty means "not asked"."""
        slugs = frozenset(categories)
        groups = (frozenset({slug}) for slug in slugs) if match_all else (slugs,)
        return cls(
            categories=frozenset(group for group in groups if group),
            carousel=carousel,
            sources=frozenset(sources) or None,
            languages=frozenset(tag.lower() for tag in languages) or None,
        )

    def intersect(self, other: Self) -> Self:
        """Return what is in both."""
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
        """The sets of traits of each of which a post must have at least one."""
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
            _language_matches(wanted, post.language) for wanted in self.languages
        ):
            return False
        slugs = {category.slug for category in post.categories}
        return all(group & slugs for group in self.categories)


def _intersection(one: frozenset[str] | None, two: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or two is None:
        return two if one is None else one
    return one & two


def _language_intersection(
    one: frozenset[str] | None, two: frozenset[str] | None
) -> frozenset[str] | None:
    if one is None or two is None:
        return _intersection(one, two)
    return frozenset(
        tag
        for tag in one | two
        if any(_language_matches(wide, tag) for wide in one)
        and any(_language_matches(wide, tag) for wide in two)
    )


def _language_matches(wanted: str, tag: str) -> bool:
    """Basic filtering (RFC 4647 section 3.3.1): ``es`` covers ``es`` and ``es-PR``."""
    language_range, language = wanted.lower(), tag.lower()
    return language == language_range or language.startswith(f"{language_range}-")
