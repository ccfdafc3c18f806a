"""Categories seen across all posts: which are likely one word in two spellings, which strangers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Self

from syndicate.model.category import Category, Vocabulary
from syndicate.model.edition import SourceSnapshot

_MIN_SIMILARITY: Final = 0.9
"""How alike two slugs are that are likely one word, from 0 to 1."""
_MIN_COMPARED_CHARACTERS: Final = 6
"""Characters of a slug from which on likeness means something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryUsage:
    """The categories of an edition by slug.

    ``nearest`` has those that are likely a spelling of another, which more posts have;
    ``strangers`` those of a single post that the settings, which have some, do not know.
    """

    similar: dict[str, Category]
    unknown: frozenset[str]
    defined: tuple[str, ...]
    """The titles of those in the settings."""

    @classmethod
    def count(cls, snapshots: Iterable[SourceSnapshot], vocabulary: Vocabulary) -> Self:
        """Count the categories of the posts of ``parts``, but what a source gives all of them."""
        found = [
            category
            for part in snapshots
            for post in part.posts
            for category in post.categories
            if category not in part.source.categories
        ]
        counts = Counter(category.slug for category in found)
        terms = {term.category.slug: term.category.title for term in vocabulary.definitions}
        titles = {category.slug: category for category in found}
        own = {slug: count for slug, count in counts.items() if slug not in terms}
        return cls(
            similar={
                slug: titles[near] for slug in own if (near := _find_similar(slug, own)) is not None
            },
            unknown=frozenset(slug for slug, count in own.items() if terms and count == 1),
            defined=tuple(terms.values()),
        )


def _find_similar(slug: str, counts: dict[str, int]) -> str | None:
    """Return the most frequent category that ``slug`` may be meant for."""
    near = [
        other
        for other, count in counts.items()
        if count > counts[slug] and _is_similar(slug, other)
    ]
    return max(near, key=lambda other: (counts[other], other), default=None)


def _is_similar(slug: str, other: str) -> bool:
    if _normalized(slug) == _normalized(other):
        return True
    if min(len(slug), len(other)) < _MIN_COMPARED_CHARACTERS or _digits(slug) != _digits(other):
        return False
    likeness = SequenceMatcher(None, slug, other, autojunk=False)
    return likeness.real_quick_ratio() >= _MIN_SIMILARITY and likeness.ratio() >= _MIN_SIMILARITY


def _normalized(slug: str) -> str:
    """Return ``slug`` without what spellings of one word differ in: hyphens, a final s."""
    return slug.replace("-", "").removesuffix("s")


def _digits(slug: str) -> str:
    return "".join(character for character in slug if character.isdigit())
