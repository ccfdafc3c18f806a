"""The directory of feeds with their numbers of posts, and the filters of a feed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import Final, NamedTuple, TypeVar
from weakref import ref

from syndicate.errors import NotReady
from syndicate.model.category import Category
from syndicate.model.edition import ALL, CAROUSEL, Edition, NamedFeed
from syndicate.model.feed import FeedLocation, category_location, source_location
from syndicate.model.post import Post, Source
from syndicate.model.query import MAX_LIMIT, Query
from syndicate.model.selection import Selection
from syndicate.render.pages.html_pages import FeedFilters, FilterOption

_T = TypeVar("_T")


class FeedStats(NamedTuple):
    """Number of posts, when the newest was published, and when one was last updated."""

    posts: int = 0
    newest: datetime | None = None
    updated: datetime | None = None


class DirectoryEntry(NamedTuple):
    """A feed in the directory, with the name of its source if it is that of one."""

    title: str
    description: str
    location: FeedLocation
    stats: FeedStats
    source: str = ""


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


def largest_categories(
    edition: Edition, post_counts: PostCounts, max_count: int
) -> tuple[DirectoryEntry, ...]:
    """Return the categories with the most posts, the largest first."""
    categories = nsmallest(
        max_count,
        edition.categories,
        key=lambda one: (-post_counts.category_stats(one.slug).posts, one.slug),
    )
    return tuple(category_entry(edition, category, post_counts) for category in categories)


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
    stats = post_counts.source_stats(source.name)
    return DirectoryEntry(source.title, "", location, stats, source.name)


def category_entry(edition: Edition, category: Category, post_counts: PostCounts) -> DirectoryEntry:
    """Return the directory entry of ``category``."""
    slug = category.slug
    return DirectoryEntry(
        category.title, "", category_location(edition, slug), post_counts.category_stats(slug)
    )


_MAX_OPTIONS: Final = 100
"""Options of a filter beside the selected ones: the values that most posts have."""


def feed_filters(edition: Edition, posts: Sequence[Post], query: Query) -> FeedFilters:
    """Return the filters of a feed of ``posts``, with the options that ``query`` selects.

    Options that would change nothing are left out, but a selected one never is, so that it can be
    deselected.
    """
    categories = Counter(category.slug for post in posts for category in post.categories)
    sources = Counter(post.source for post in posts)
    languages = Counter(post.language.lower() for post in posts)
    carousels = {post.carousel for post in posts}
    return FeedFilters(
        categories=_options(
            categories, {one.slug: one.title for one in edition.categories}, query.categories, 1
        ),
        match_all=query.match_all,
        carousel=query.carousel,
        has_carousel=len(carousels) > 1 or query.carousel is not None,
        sources=_options(
            sources, {one.name: one.title for one in edition.sources}, query.sources, 2
        ),
        languages=_options(languages, {tag: tag for tag in languages}, query.languages, 2),
        limit=query.limit,
        max_limit=MAX_LIMIT,
        is_active=query.selection != Selection(),
    )


def _options(
    counts: Counter[str], titles: Mapping[str, str], chosen: Iterable[str], min_count: int
) -> tuple[FilterOption, ...]:
    largest = {value for value, _ in counts.most_common(_MAX_OPTIONS)}
    values = largest | set(chosen)
    if len(values) < min_count:
        return ()
    return tuple(
        sorted(
            (
                FilterOption(
                    value=value,
                    title=titles.get(value, value),
                    posts=counts[value],
                    is_selected=value in chosen,
                )
                for value in values
            ),
            key=lambda option: (
                not option.is_selected,
                -option.posts,
                option.title.casefold(),
            ),
        )
    )
