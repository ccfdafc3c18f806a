"""Posts in the order of feeds, and where to find them by what they are."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Self

from syndicate.model.post import Key, Post, PostId
from syndicate.model.selection import Trait, traits


class Catalogue:
    """Posts by (published, id) descending; what is looked up in them is built when first needed.

    `replaced` makes the next catalogue and takes along what was built: apart from copying, what
    that costs depends on what changed, not on how much there is.
    """

    def __init__(self, rising: list[Post]) -> None:
        self._rising = rising

    @classmethod
    def of(cls, posts: Iterable[Post]) -> Self:
        """Return the catalogue of ``posts``, given in any order."""
        return cls(sorted(posts, key=_order))

    @cached_property
    def posts(self) -> tuple[Post, ...]:
        """All posts, in order."""
        return tuple(reversed(self._rising))

    @cached_property
    def by_key(self) -> dict[Key, Post]:
        """The posts by the part of their id that addresses use."""
        return {post.key: post for post in self._rising}

    @cached_property
    def spellings(self) -> Counter[tuple[str, str]]:
        """How many posts call a category by a (slug, title)."""
        return spellings(self._rising)

    @cached_property
    def translations(self) -> dict[tuple[str, str], tuple[Post, ...]]:
        """Posts that are translations of each other, by (source, translation)."""
        groups: defaultdict[tuple[str, str], list[Post]] = defaultdict(list)
        for post in self._rising:
            if post.translation:
                groups[_group(post)].append(post)
        return {group: tuple(sorted(posts, key=_tongue)) for group, posts in groups.items()}

    def find(self, demands: Sequence[Collection[Trait]]) -> Iterable[Post]:
        """Return the posts that have at least one trait of each demand, in order."""
        if not demands:
            return self.posts
        found = (
            set[int]().union(*(self.places.get(trait, ()) for trait in demand))
            for demand in demands
        )
        places = sorted(set.intersection(*found), reverse=True)
        return [self._rising[place] for place in places]

    def replaced(self, gone: Sequence[Post], come: Sequence[Post]) -> Self:
        """Return the catalogue without ``gone``, all of which are in it, and with ``come``."""
        rising = self._rising.copy()
        for post in gone:
            del rising[bisect_left(rising, _order(post), key=_order)]
        for post in come:
            insort(rising, post, key=_order)
        made = type(self)(rising)
        built = vars(self)
        if "by_key" in built:
            made.by_key = self.by_key.copy()
            for post in gone:
                del made.by_key[post.key]
            made.by_key |= {post.key: post for post in come}
        if "spellings" in built:
            made.spellings = self.spellings + spellings(come) - spellings(gone)
        if "translations" in built:
            made.translations = self._regrouped(gone, come)
        if "places" in built and self._keeps_places(gone, come):
            made.places = self._relabelled(gone, come)
        return made

    def _regrouped(
        self, gone: Sequence[Post], come: Sequence[Post]
    ) -> dict[tuple[str, str], tuple[Post, ...]]:
        groups = dict(self.translations)
        for group in {_group(post) for post in (*gone, *come) if post.translation}:
            posts = [post for post in groups.pop(group, ()) if post not in gone]
            posts += (post for post in come if _group(post) == group)
            if posts:
                groups[group] = tuple(sorted(posts, key=_tongue))
        return groups

    def _keeps_places(self, gone: Sequence[Post], come: Sequence[Post]) -> bool:
        """Tell whether all who stay keep their place: who goes is succeeded, who is new is last."""
        places, new = {_order(post) for post in gone}, {_order(post) for post in come}
        last = _order(self._rising[-1]) if self._rising else None
        return places <= new and (last is None or all(one > last for one in new - places))

    def _relabelled(self, gone: Sequence[Post], come: Sequence[Post]) -> dict[Trait, list[int]]:
        """Return the places with those of ``gone`` given to ``come``, and new ones at the end."""
        old = {_order(post): post for post in gone}
        places, owned = dict(self.places), set[Trait]()

        def own(trait: Trait) -> list[int]:
            if trait not in owned:
                owned.add(trait)
                places[trait] = list(places.get(trait, ()))
            return places[trait]

        end = len(self._rising)
        for post in sorted(come, key=_order):
            before = old.get(_order(post))
            place, end = (self._place(before), end) if before else (end, end + 1)
            had, has = set(traits(before) if before else ()), set(traits(post))
            for trait in had - has:
                own(trait).remove(place)
            for trait in has - had:
                insort(own(trait), place)
        return places

    def _place(self, post: Post) -> int:
        return bisect_left(self._rising, _order(post), key=_order)

    @cached_property
    def places(self) -> dict[Trait, list[int]]:
        """Where the posts with a trait are, counted from the oldest."""
        places: defaultdict[Trait, list[int]] = defaultdict(list)
        for place, post in enumerate(self._rising):
            for trait in traits(post):
                places[trait].append(place)
        return dict(places)


def _order(post: Post) -> tuple[datetime, PostId]:
    return post.published, post.id


def _group(post: Post) -> tuple[str, str]:
    return post.source, post.translation


def _tongue(post: Post) -> tuple[str, str]:
    return post.language, post.url


def spellings(posts: Iterable[Post]) -> Counter[tuple[str, str]]:
    """Return how many of ``posts`` call a category by a (slug, title)."""
    return Counter(
        (category.slug, category.title) for post in posts for category in post.categories
    )
