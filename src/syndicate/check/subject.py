"""Categories seen across all posts: which are likely one word in two spellings, which strangers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Self

from syndicate.model.category import Category, Vocabulary
from syndicate.model.edition import Part

_CLOSE: Final = 0.9
"""How alike two slugs are that are likely one word, from 0 to 1."""
_LONG: Final = 6
"""Characters of a slug from which on likeness means something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The categories of an edition by slug.

    ``nearest`` has those that are likely a spelling of another, which more posts have;
    ``strangers`` those of a single post that the settings, which have some, do not know.
    """

    nearest: dict[str, Category]
    strangers: frozenset[str]
    known: tuple[str, ...]
    """The titles of those in the settings."""

    @classmethod
    def of(cls, parts: Iterable[Part], vocabulary: Vocabulary) -> Self:
        """Count the categories of the posts of ``parts``, but what a source gives all of them."""
        found = [
            category
            for part in parts
            for post in part.posts
            for category in post.categories
            if category not in part.source.categories
        ]
        counts = Counter(category.slug for category in found)
        terms = {term.category.slug: term.category.title for term in vocabulary.terms}
        titles = {category.slug: category for category in found}
        own = {slug: count for slug, count in counts.items() if slug not in terms}
        return cls(
            nearest={
                slug: titles[near] for slug in own if (near := _nearest(slug, own)) is not None
            },
            strangers=frozenset(slug for slug, count in own.items() if terms and count == 1),
            known=tuple(terms.values()),
        )


def _nearest(slug: str, counts: dict[str, int]) -> str | None:
    """Return the most frequent category that ``slug`` may be meant for."""
    near = [
        other for other, count in counts.items() if count > counts[slug] and _is_alike(slug, other)
    ]
    return max(near, key=lambda other: (counts[other], other), default=None)


def _is_alike(one: str, other: str) -> bool:
    if _plain(one) == _plain(other):
        return True
    if min(len(one), len(other)) < _LONG or _digits(one) != _digits(other):
        return False
    likeness = SequenceMatcher(None, one, other, autojunk=False)
    return likeness.real_quick_ratio() >= _CLOSE and likeness.ratio() >= _CLOSE


def _plain(slug: str) -> str:
    """Return ``slug`` without what spellings of one word differ in: hyphens, a final s."""
    return slug.replace("-", "").removesuffix("s")


def _digits(slug: str) -> str:
    return "".join(character for character in slug if character.isdigit())
