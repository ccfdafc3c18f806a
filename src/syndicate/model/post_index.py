"""Posts in the order of feeds, and where to find them by what they are."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Self

from syndicate.model.persistent_map import PersistentMap
from syndicate.model.post import Post, PostKey
from syndicate.model.post_list import PostList, sort_key
from syndicate.model.selection import Attribute, attributes


class PostIndex:
    """Posts by (published, id) descending; what is looked up in them is built when first needed.

    `replaced` makes the next catalogue and takes along what was built: apart from copying, what
    that costs depends on what changed, not on how much there is.
    """

    def __init__(self, posts: PostList) -> None:
        self.posts = posts
        """All posts, in order."""

    @classmethod
    def from_posts(cls, posts: Iterable[Post]) -> Self:
        """Return the catalogue of ``posts``, given in any order."""
        return cls(PostList.from_posts(sorted(posts, key=sort_key, reverse=True)))

    @cached_property
    def by_key(self) -> PersistentMap[PostKey, Post]:
        """The posts by the part of their id that addresses use."""
        return PersistentMap.from_mapping({post.key: post for post in self.posts})

    @cached_property
    def label_counts(self) -> Counter[tuple[str, str]]:
        """How many posts call a category by a (slug, title)."""
        return count_labels(self.posts)

    @cached_property
    def translations(self) -> PersistentMap[tuple[str, str], tuple[Post, ...]]:
        """Posts that are translations of each other, by (source, translation)."""
        return PersistentMap.from_mapping(
            {
                group: tuple(sorted(posts, key=_by_language))
                for group, posts in _by_translation(self.posts).items()
            }
        )

    def matching(self, criteria: Sequence[Collection[Attribute]]) -> Sequence[Post]:
        """Return the posts that have at least one trait of each demand, in order."""
        if not criteria:
            return self.posts
        found = (
            set[int]().union(*(self.positions.get(trait, ()) for trait in demand))
            for demand in criteria
        )
        places = sorted(set.intersection(*found), reverse=True)
        return tuple([self.posts[-1 - place] for place in places])

    def with_changes(self, removed: Sequence[Post], added: Sequence[Post]) -> Self:
        """Return the catalogue without ``gone``, all of which are in it, and with ``come``."""
        made = type(self)(self.posts.with_changes(removed, added, descending=True))
        built = vars(self)
        if "by_key" in built:
            made.by_key = self.by_key.with_changes(
                [post.key for post in removed], {post.key: post for post in added}
            )
        if "spellings" in built:
            made.label_counts = self.label_counts + count_labels(added) - count_labels(removed)
        if "translations" in built:
            made.translations = self._updated_translations(removed, added)
        if "places" in built and self._keeps_positions(removed, added):
            made.positions = self._updated_positions(removed, added)
        return made

    def build_lookups(self, previous: "PostIndex") -> None:
        """Build what ``like`` has built, so that nobody waits for it who looks something up."""
        for name in ("by_key", "spellings", "translations", "places"):
            if name in vars(previous):
                getattr(self, name)

    def _updated_translations(
        self, removed: Sequence[Post], added: Sequence[Post]
    ) -> PersistentMap[tuple[str, str], tuple[Post, ...]]:
        left, new = {*map(id, removed)}, _by_translation(added)
        groups = {
            group: tuple(
                sorted(
                    (
                        *(one for one in self.translations.get(group, ()) if id(one) not in left),
                        *new.get(group, ()),
                    ),
                    key=_by_language,
                )
            )
            for group in _by_translation(removed).keys() | new.keys()
        }
        lost = [group for group, posts in groups.items() if not posts]
        return self.translations.with_changes(
            lost, {group: posts for group, posts in groups.items() if posts}
        )

    def _keeps_positions(self, removed: Sequence[Post], added: Sequence[Post]) -> bool:
        """Tell whether all who stay keep their place: who goes is succeeded, who is new is last."""
        places, new = {sort_key(post) for post in removed}, {sort_key(post) for post in added}
        last = sort_key(self.posts[0]) if self.posts else None
        return places <= new and (last is None or all(one > last for one in new - places))

    def _updated_positions(
        self, removed: Sequence[Post], added: Sequence[Post]
    ) -> dict[Attribute, list[int]]:
        """Return the places with those of ``gone`` given to ``come``, and new ones at the end."""
        old = {sort_key(post): post for post in removed}
        places, owned = dict(self.positions), set[Attribute]()

        def own(trait: Attribute) -> list[int]:
            if trait not in owned:
                owned.add(trait)
                places[trait] = list(places.get(trait, ()))
            return places[trait]

        end = len(self.posts)
        for post in sorted(added, key=sort_key):
            before = old.get(sort_key(post))
            place, end = (self._position(before), end) if before else (end, end + 1)
            had, has = set(attributes(before) if before else ()), set(attributes(post))
            for trait in had - has:
                own(trait).remove(place)
            for trait in has - had:
                insort(own(trait), place)
        return places

    def _position(self, post: Post) -> int:
        falling = bisect_left(self.posts, True, key=lambda other: sort_key(other) <= sort_key(post))
        return len(self.posts) - 1 - falling

    @cached_property
    def positions(self) -> dict[Attribute, list[int]]:
        """Where the posts with a trait are, counted from the oldest."""
        places: defaultdict[Attribute, list[int]] = defaultdict(list)
        for place, post in enumerate(reversed(self.posts)):
            for trait in attributes(post):
                places[trait].append(place)
        return dict(places)


def _by_translation(posts: Iterable[Post]) -> dict[tuple[str, str], list[Post]]:
    groups: defaultdict[tuple[str, str], list[Post]] = defaultdict(list)
    for post in posts:
        if post.translation:
            groups[post.source, post.translation].append(post)
    return groups


def _by_language(post: Post) -> tuple[str, str]:
    return post.language, post.url


def count_labels(posts: Iterable[Post]) -> Counter[tuple[str, str]]:
    """Return how many of ``posts`` call a category by a (slug, title)."""
    return Counter(
        (category.slug, category.title) for post in posts for category in post.categories
    )
