"""How often the posts of an edition use each category, and which uses may be mistakes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Self

from syndicate.model.category import Category, Vocabulary
from syndicate.model.edition import SourceSnapshot

_MIN_POSTS: Final = 5
"""Posts of a source from which its habits are visible."""
_MAX_UNCATEGORIZED: Final = 0.1
"""Share of posts without categories, from 0 to 1, up to which they are exceptions."""
_MIN_SIMILARITY: Final = 0.9
"""Similarity of two slugs, from 0 to 1, that suggests one category."""
_MIN_COMPARED_CHARACTERS: Final = 6
"""Minimum length of slugs that are compared by similarity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryUsage:
    """The categories of an edition that may be mistakes, by slug."""

    similar: dict[str, Category]
    """The more common category of which each is probably a spelling."""
    unknown: frozenset[str]
    """Categories of a single post that are not in the settings, if the settings have any."""
    defined: tuple[str, ...]
    """Titles of the categories in the settings."""
    categorized_sources: frozenset[str] = frozenset()
    """Sources of which nearly all posts have categories of their own."""

    @classmethod
    def count(cls, snapshots: Iterable[SourceSnapshot], vocabulary: Vocabulary) -> Self:
        """Count the categories of all posts, without the default categories of sources."""
        snapshots = tuple(snapshots)
        used = [
            category
            for snapshot in snapshots
            for post in snapshot.posts
            for category in post.categories
            if category not in snapshot.source.categories
        ]
        by_slug = {category.slug: category for category in used}
        defined = {
            definition.category.slug: definition.category.title
            for definition in vocabulary.definitions
        }
        counts = Counter(category.slug for category in used if category.slug not in defined)
        similar = {slug: _find_similar(slug, counts) for slug in counts}
        return cls(
            similar={slug: by_slug[other] for slug, other in similar.items() if other is not None},
            unknown=frozenset(slug for slug, count in counts.items() if defined and count == 1),
            defined=tuple(defined.values()),
            categorized_sources=frozenset(
                snapshot.source.name for snapshot in snapshots if _is_categorized(snapshot)
            ),
        )


def _is_categorized(snapshot: SourceSnapshot) -> bool:
    posts = len(snapshot.posts)
    without = sum(not post.categories for post in snapshot.posts)
    return posts >= _MIN_POSTS and without <= posts * _MAX_UNCATEGORIZED


def _find_similar(slug: str, counts: dict[str, int]) -> str | None:
    """Return the most common similar category, None if there is none."""
    similar = [
        other
        for other, count in counts.items()
        if count > counts[slug] and _is_similar(slug, other)
    ]
    return max(similar, key=lambda other: (counts[other], other), default=None)


def _is_similar(slug: str, other: str) -> bool:
    if _normalized(slug) == _normalized(other):
        return True
    if min(len(slug), len(other)) < _MIN_COMPARED_CHARACTERS or _digits(slug) != _digits(other):
        return False
    matcher = SequenceMatcher(None, slug, other, autojunk=False)
    return matcher.real_quick_ratio() >= _MIN_SIMILARITY and matcher.ratio() >= _MIN_SIMILARITY


def _normalized(slug: str) -> str:
    """Return ``slug`` without hyphens and plural s, in which spellings differ."""
    return slug.replace("-", "").removesuffix("s")


def _digits(slug: str) -> str:
    return "".join(character for character in slug if character.isdigit())
