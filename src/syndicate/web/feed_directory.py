"""The directory of all feeds of an edition, with the number of their posts."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import NamedTuple, TypeVar
from weakref import ref

from syndicate.errors import NotReady
from syndicate.model.category import Category
from syndicate.model.edition import ALL, CAROUSEL, Edition, NamedFeed
from syndicate.model.feed_view import FeedLocation, category_location, source_location
from syndicate.model.post import Post, Source

_T = TypeVar("_T")


class FeedStats(NamedTuple):
    """Number of posts, when the newest was published, and when one was last updated."""

    posts: int = 0
    newest: datetime | None = None
    updated: datetime | None = None


class DirectoryEntry(NamedTuple):
    """A feed in the directory."""

    title: str
    description: str
    location: FeedLocation
    stats: FeedStats


class DirectoryGroup(NamedTuple):
    """Feeds of one kind: all of ``total``, or those with the most posts."""

    title: str
    entries: tuple[DirectoryEntry, ...]
    total: int


class PostCounts:
    """Statistics of every source and every category, counted in one pass over the posts."""

    def __init__(self, edition: Edition) -> None:
        self._sources: dict[str, FeedStats] = {}
        self._categories: dict[str, FeedStats] = {}
        for post in edition.posts:
            _count(self._sources, post.source, post)
            for category in post.categories:
                _count(self._categories, category.slug, post)

    def source_stats(self, name: str) -> FeedStats:
        """Return the statistics of the source called ``name``."""
        return self._sources.get(name, FeedStats())

    def category_stats(self, name: str) -> FeedStats:
        """Return the statistics of the category ``name``, a slug."""
        return self._categories.get(name, FeedStats())


class PostCountsCache:
    """Caches the counts of the latest edition: every page of a long list needs them."""

    def __init__(self) -> None:
        self._latest: tuple[ref[Edition], PostCounts] | None = None

    def get(self, edition: Edition) -> PostCounts:
        """Return the counts of ``edition``."""
        if self._latest is None or self._latest[0]() is not edition:
            self._latest = ref(edition), PostCounts(edition)
        return self._latest[1]


def _count(stats: dict[str, FeedStats], name: str, post: Post) -> None:
    previous = stats.get(name)
    if previous is None:
        stats[name] = FeedStats(1, post.published, post.updated)
        return
    posts, newest, updated = previous
    stats[name] = FeedStats(
        posts + 1,
        max(newest or post.published, post.published),
        max(updated or post.updated, post.updated),
    )


def feed_stats(posts: Sequence[Post]) -> FeedStats:
    """Return the statistics of ``posts``."""
    return FeedStats(
        posts=len(posts),
        newest=max((post.published for post in posts), default=None),
        updated=max((post.updated for post in posts), default=None),
    )


def feed_directory(
    edition: Edition, post_counts: PostCounts, *, max_sources: int, max_categories: int
) -> tuple[DirectoryGroup, ...]:
    """Return all feeds in groups, without empty groups.

    Beyond the maximum, only the sources and categories with the most posts.
    """
    sources = _largest(edition.sources, max_sources, lambda one: post_counts.source_stats(one.name))
    categories = _largest(
        edition.categories, max_categories, lambda one: post_counts.category_stats(one.slug)
    )
    automatic, named = tuple(_automatic_feeds(edition)), tuple(_named_feeds(edition))
    groups = (
        DirectoryGroup("Main feeds", automatic, len(automatic)),
        DirectoryGroup("Custom feeds", named, len(named)),
        DirectoryGroup(
            "By source",
            tuple(source_entry(edition, source, post_counts) for source in sources),
            len(edition.sources),
        ),
        DirectoryGroup(
            "By category",
            tuple(category_entry(edition, category, post_counts) for category in categories),
            len(edition.categories),
        ),
    )
    return tuple(group for group in groups if group.entries)


def _largest(
    values: Sequence[_T], max_count: int, stats_of: Callable[[_T], FeedStats]
) -> Sequence[_T]:
    """Return the ``max_count`` of ``values`` with the most posts, in their original order."""
    if len(values) <= max_count:
        return values
    counted = [(-stats_of(value).posts, index) for index, value in enumerate(values)]
    return [values[index] for index in sorted(index for _, index in nsmallest(max_count, counted))]


def _automatic_feeds(edition: Edition) -> Iterator[DirectoryEntry]:
    feeds = edition.feeds
    yield _entry(edition, feeds[ALL], "All posts from all sources.")
    yield _entry(edition, feeds[CAROUSEL], "Posts featured by their source, with a carousel card.")


def _named_feeds(edition: Edition) -> Iterator[DirectoryEntry]:
    for named in edition.named_feeds:
        if edition.feeds[named.name] is named:
            yield _entry(edition, named, named.description)


def _entry(edition: Edition, named: NamedFeed, description: str) -> DirectoryEntry:
    try:
        posts = edition.select(named.selection)
    except NotReady:
        posts = ()
    return DirectoryEntry(named.title, description, FeedLocation(named.name), feed_stats(posts))


def source_entry(edition: Edition, source: Source, post_counts: PostCounts) -> DirectoryEntry:
    """Return the directory entry of ``source``."""
    location = source_location(edition, source.name)
    return DirectoryEntry(source.title, "", location, post_counts.source_stats(source.name))


def category_entry(edition: Edition, category: Category, post_counts: PostCounts) -> DirectoryEntry:
    """Return the directory entry of ``category``."""
    slug = category.slug
    return DirectoryEntry(
        category.title, "", category_location(edition, slug), post_counts.category_stats(slug)
    )
