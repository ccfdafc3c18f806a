"""Every feed of an edition with what is in it, counted in one walk over the posts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import NamedTuple, TypeVar
from weakref import ref

from syndicate.errors import NotReady
from syndicate.model.category import Category
from syndicate.model.edition import ALL, CAROUSEL, Edition, NamedFeed
from syndicate.model.post import Post, Source
from syndicate.representation.address import Place, category_place, source_place

_T = TypeVar("_T")


class Tally(NamedTuple):
    """How many posts there are, when the newest appeared, and when one last changed."""

    posts: int = 0
    newest: datetime | None = None
    updated: datetime | None = None


class Entry(NamedTuple):
    """A feed, where it is found, and what is in it."""

    title: str
    description: str
    place: Place
    tally: Tally


class Group(NamedTuple):
    """Feeds of one kind: all ``total`` of them, or those with the most posts."""

    title: str
    entries: tuple[Entry, ...]
    total: int


class Census:
    """The tallies of every source and every category."""

    def __init__(self, edition: Edition) -> None:
        self._sources: dict[str, Tally] = {}
        self._categories: dict[str, Tally] = {}
        for post in edition.posts:
            _count(self._sources, post.source, post)
            for category in post.categories:
                _count(self._categories, category.slug, post)

    def source(self, name: str) -> Tally:
        """Return the tally of the source called ``name``."""
        return self._sources.get(name, Tally())

    def category(self, name: str) -> Tally:
        """Return the tally of the category ``name``, a slug."""
        return self._categories.get(name, Tally())


class Censuses:
    """Keeps the census of the latest edition: every page of a long list needs it."""

    def __init__(self) -> None:
        self._latest: tuple[ref[Edition], Census] | None = None

    def of(self, edition: Edition) -> Census:
        """Return the census of ``edition``."""
        if self._latest is None or self._latest[0]() is not edition:
            self._latest = ref(edition), Census(edition)
        return self._latest[1]


def _count(tallies: dict[str, Tally], name: str, post: Post) -> None:
    before = tallies.get(name)
    if before is None:
        tallies[name] = Tally(1, post.published, post.updated)
        return
    posts, newest, updated = before
    tallies[name] = Tally(
        posts + 1,
        max(newest or post.published, post.published),
        max(updated or post.updated, post.updated),
    )


def tally(posts: Sequence[Post]) -> Tally:
    """Return the tally of ``posts``."""
    return Tally(
        posts=len(posts),
        newest=max((post.published for post in posts), default=None),
        updated=max((post.updated for post in posts), default=None),
    )


def directory(
    edition: Edition, census: Census, *, max_sources: int, max_categories: int
) -> tuple[Group, ...]:
    """Return the feeds there are, in groups of which none is empty.

    Of sources and categories, those with the most posts where they are more than these.
    """
    sources = _largest(edition.sources, max_sources, lambda one: census.source(one.name))
    categories = _largest(edition.categories, max_categories, lambda one: census.category(one.slug))
    everything, named = tuple(_automatic(edition)), tuple(_named(edition))
    groups = (
        Group("Main feeds", everything, len(everything)),
        Group("Custom feeds", named, len(named)),
        Group("By source", tuple(_sources(edition, sources, census)), len(edition.sources)),
        Group(
            "By category",
            tuple(category_entry(edition, one, census) for one in categories),
            len(edition.categories),
        ),
    )
    return tuple(group for group in groups if group.entries)


def _largest(all_: Sequence[_T], most: int, tally_of: Callable[[_T], Tally]) -> Sequence[_T]:
    """Return the ``most`` of ``all_`` with the most posts, in the order they have there."""
    if len(all_) <= most:
        return all_
    counted = [(-tally_of(one).posts, place) for place, one in enumerate(all_)]
    return [all_[place] for place in sorted(place for _, place in nsmallest(most, counted))]


def _automatic(edition: Edition) -> Iterator[Entry]:
    feeds = edition.feeds
    yield _entry(edition, feeds[ALL], "All posts from all sources.")
    yield _entry(edition, feeds[CAROUSEL], "Posts featured by their source, with a carousel card.")


def _named(edition: Edition) -> Iterator[Entry]:
    for named in edition.named:
        if edition.feeds[named.name] is named:
            yield _entry(edition, named, named.description)


def _entry(edition: Edition, named: NamedFeed, description: str) -> Entry:
    try:
        posts = edition.select(named.selection)
    except NotReady:
        posts = ()
    return Entry(named.title, description, Place(named.name), tally(posts))


def _sources(edition: Edition, sources: Iterable[Source], census: Census) -> Iterator[Entry]:
    for source in sources:
        name = source.name
        yield Entry(source.title, "", source_place(edition, name), census.source(name))


def category_entry(edition: Edition, category: Category, census: Census) -> Entry:
    """Return the feed of ``category``."""
    slug = category.slug
    return Entry(category.title, "", category_place(edition, slug), census.category(slug))
