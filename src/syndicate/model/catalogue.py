"""Posts in the order of feeds, and where to find them by what they are."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Self

from syndicate.model.drawers import Drawers
from syndicate.model.post import Key, Post
from syndicate.model.selection import Trait, traits
from syndicate.model.sheets import Sheets, order


class Catalogue:
    """Posts by (published, id) descending; what is looked up in them is built when first needed.

    `replaced` makes the next catalogue and takes along what was built: apart from copying, what
    that costs depends on what changed, not on how much there is.
    """

    def __init__(self, posts: Sheets) -> None:
        self.posts = posts
        """All posts, in order."""

    @classmethod
    def of(cls, posts: Iterable[Post]) -> Self:
        """Return the catalogue of ``posts``, given in any order."""
        return cls(Sheets.of(sorted(posts, key=order, reverse=True)))

    @cached_property
    def by_key(self) -> Drawers[Key, Post]:
        """The posts by the part of their id that addresses use."""
        return Drawers.of({post.key: post for post in self.posts})

    @cached_property
    def spellings(self) -> Counter[tuple[str, str]]:
        """How many posts call a category by a (slug, title)."""
        return spellings(self.posts)

    @cached_property
    def translations(self) -> Drawers[tuple[str, str], tuple[Post, ...]]:
        """Posts that are translations of each other, by (source, translation)."""
        return Drawers.of(
            {
                group: tuple(sorted(posts, key=_tongue))
                for group, posts in _grouped(self.posts).items()
            }
        )

    def find(self, demands: Sequence[Collection[Trait]]) -> Sequence[Post]:
        """Return the posts that have at least one trait of each demand, in order."""
        if not demands:
            return self.posts
        found = (
            set[int]().union(*(self.places.get(trait, ()) for trait in demand))
            for demand in demands
        )
        places = sorted(set.intersection(*found), reverse=True)
        return tuple([self.posts[-1 - place] for place in places])

    def replaced(self, gone: Sequence[Post], come: Sequence[Post]) -> Self:
        """Return the catalogue without ``gone``, all of which are in it, and with ``come``."""
        made = type(self)(self.posts.replaced(gone, come, falling=True))
        built = vars(self)
        if "by_key" in built:
            made.by_key = self.by_key.replaced(
                [post.key for post in gone], {post.key: post for post in come}
            )
        if "spellings" in built:
            made.spellings = self.spellings + spellings(come) - spellings(gone)
        if "translations" in built:
            made.translations = self._regrouped(gone, come)
        if "places" in built and self._keeps_places(gone, come):
            made.places = self._relabelled(gone, come)
        return made

    def build(self, like: "Catalogue") -> None:
        """Build what ``like`` has built, so that nobody waits for it who looks something up."""
        for name in ("by_key", "spellings", "translations", "places"):
            if name in vars(like):
                getattr(self, name)

    def _regrouped(
        self, gone: Sequence[Post], come: Sequence[Post]
    ) -> Drawers[tuple[str, str], tuple[Post, ...]]:
        left, new = {*map(id, gone)}, _grouped(come)
        groups = {
            group: tuple(
                sorted(
                    (
                        *(one for one in self.translations.get(group, ()) if id(one) not in left),
                        *new.get(group, ()),
                    ),
                    key=_tongue,
                )
            )
            for group in _grouped(gone).keys() | new.keys()
        }
        lost = [group for group, posts in groups.items() if not posts]
        return self.translations.replaced(
            lost, {group: posts for group, posts in groups.items() if posts}
        )

    def _keeps_places(self, gone: Sequence[Post], come: Sequence[Post]) -> bool:
        """Tell whether all who stay keep their place: who goes is succeeded, who is new is last."""
        places, new = {order(post) for post in gone}, {order(post) for post in come}
        last = order(self.posts[0]) if self.posts else None
        return places <= new and (last is None or all(one > last for one in new - places))

    def _relabelled(self, gone: Sequence[Post], come: Sequence[Post]) -> dict[Trait, list[int]]:
        """Return the places with those of ``gone`` given to ``come``, and new ones at the end."""
        old = {order(post): post for post in gone}
        places, owned = dict(self.places), set[Trait]()

        def own(trait: Trait) -> list[int]:
            if trait not in owned:
                owned.add(trait)
                places[trait] = list(places.get(trait, ()))
            return places[trait]

        end = len(self.posts)
        for post in sorted(come, key=order):
            before = old.get(order(post))
            place, end = (self._place(before), end) if before else (end, end + 1)
            had, has = set(traits(before) if before else ()), set(traits(post))
            for trait in had - has:
                own(trait).remove(place)
            for trait in has - had:
                insort(own(trait), place)
        return places

    def _place(self, post: Post) -> int:
        falling = bisect_left(self.posts, True, key=lambda other: order(other) <= order(post))
        return len(self.posts) - 1 - falling

    @cached_property
    def places(self) -> dict[Trait, list[int]]:
        """Where the posts with a trait are, counted from the oldest."""
        places: defaultdict[Trait, list[int]] = defaultdict(list)
        for place, post in enumerate(reversed(self.posts)):
            for trait in traits(post):
                places[trait].append(place)
        return dict(places)


def _grouped(posts: Iterable[Post]) -> dict[tuple[str, str], list[Post]]:
    groups: defaultdict[tuple[str, str], list[Post]] = defaultdict(list)
    for post in posts:
        if post.translation:
            groups[post.source, post.translation].append(post)
    return groups


def _tongue(post: Post) -> tuple[str, str]:
    return post.language, post.url


def spellings(posts: Iterable[Post]) -> Counter[tuple[str, str]]:
    """Return how many of ``posts`` call a category by a (slug, title)."""
    return Counter(
        (category.slug, category.title) for post in posts for category in post.categories
    )
