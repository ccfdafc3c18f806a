"""Feeds: a query applied to an edition, and one page of rendered posts with its metadata."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple
from urllib.parse import quote

from syndicate.model.agency import Agency
from syndicate.model.change import LedgerEntry
from syndicate.model.departure import latest_departure
from syndicate.model.edition import ALL, Edition, NamedFeed, SourceSnapshot
from syndicate.model.feed_title import FROM_SERVICE, feed_title
from syndicate.model.pagination import Page, paginate
from syndicate.model.post import Post, PostId, RenderedPost, Source
from syndicate.model.post_list import PostList
from syndicate.model.query import ContentMode, Query
from syndicate.model.selection import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    """Identity of the service in feeds, pages and requests.

    ``public_url`` has no trailing slash and begins every URL of the service. ``icon_url`` (a small
    square), ``logo_url`` (larger) and ``hub_url`` (WebSub) are absolute URLs, empty if there is
    none. ``max_age_seconds`` is how long a feed may be cached. ``has_public_url`` is False if the
    operator has not set ``public_url``, which is then the address that the service listens on.
    ``templates_folder`` holds templates of pages that the operator replaced, empty if none.
    """

    title: str
    public_url: str
    contact: str = ""
    version: str
    icon_url: str = ""
    logo_url: str = ""
    hub_url: str = ""
    max_age_seconds: int = 300
    has_public_url: bool = True
    agency: Agency = Agency()
    templates_folder: str = ""
    has_docs: bool = False

    def url(self, path: str) -> str:
        """Return the absolute URL of ``path``, which begins with a slash."""
        return self.public_url + path

    def feed_url(self, name: str, suffix: str = "", query: str = "") -> str:
        """Return the URL of the feed ``name`` with the format ``suffix`` (".json").

        The empty suffix is the HTML page.
        """
        return self.url(f"/feeds/{quote(name, safe='')}{suffix}{'?' if query else ''}{query}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A post that left the feeds, its last URL, and when it left."""

    post_id: PostId
    url: str
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFeed:
    """The feed of one source, which the entries of other feeds name as theirs.

    ``name`` and ``query`` are those of its URL; ``updated`` is when it last changed.
    """

    source: Source
    name: str
    query: str = ""
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One page of a feed, possibly filtered by a query.

    ``query`` is the canonical query string of the page without "?", empty for the unfiltered feed;
    ``first_query`` is that of the first page, ``previous_query`` and ``next_query`` those of the
    pages beside this one, if any. ``language`` is empty if the posts are in several languages.
    ``tombstones`` are posts that left the feed recently. ``source_feeds`` are the feeds of the
    sources of its posts, empty if the feed is that of one source.
    """

    service_info: ServiceInfo
    name: str
    title: str
    description: str = ""
    query: str = ""
    first_query: str = ""
    next_query: str | None = None
    previous_query: str | None = None
    language: str = "en"
    updated: datetime
    """When a post of the feed last changed, appeared or left; never the time of a request."""
    items: tuple[RenderedPost, ...]
    sources: tuple[Source, ...]
    source_feeds: tuple[SourceFeed, ...] = ()
    content: ContentMode = "full"
    tombstones: tuple[Tombstone, ...] = ()

    def url(self, suffix: str, query: str | None = None) -> str:
        """Return the URL of this page, or of the page with ``query``.

        ``suffix`` names the format (".json"); the empty one is the HTML page.
        """
        return self.service_info.feed_url(self.name, suffix, self.query if query is None else query)

    @property
    def only_source(self) -> Source | None:
        """The source of which this is the feed, None for a feed of several sources."""
        return self.sources[0] if len(self.sources) == 1 and not self.source_feeds else None

    @property
    def home_url(self) -> str:
        """The page that the feed is about: the site of the only source, else the feed's page."""
        source = self.only_source
        return source.site_url if source else self.url("", self.first_query)

    @property
    def brand(self) -> ServiceInfo | Source:
        """Whose icon and logo the feed has: those of the only source, if it has one of them."""
        source = self.only_source
        return source if source and (source.icon_url or source.logo_url) else self.service_info

    @property
    def is_complete(self) -> bool:
        """Whether this page holds the whole feed (RFC 5005 section 2)."""
        return self.next_query is None and self.query == self.first_query


MAX_TOMBSTONES: Final = 200
"""Maximum number of tombstones in a feed."""

MAX_SOURCES: Final = 100
"""Maximum number of sources in a feed besides those of the posts on its page."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class FeedLocation(NamedTuple):
    """Where a feed is found: its name and the canonical query that selects it."""

    name: str
    query: str = ""

    def url(self, service_info: ServiceInfo, suffix: str = "") -> str:
        """Return the URL in the format ``suffix`` (".json"); without one, of the HTML page."""
        return service_info.feed_url(self.name, suffix, self.query)


def category_location(edition: Edition, category: str) -> FeedLocation:
    """Return the location of the feed of ``category``, a slug."""
    return _location(edition, category, Query(categories=(category,)))


def source_location(edition: Edition, source: str) -> FeedLocation:
    """Return the location of the feed of the source called ``source``."""
    return _location(edition, source, Query(sources=(source,)))


def _location(edition: Edition, name: str, query: Query) -> FeedLocation:
    """Return the feed ``name`` if it selects what ``query`` does, else the query on all posts."""
    named = edition.feeds.get(name)
    if named is not None and named.selection == query.selection:
        return FeedLocation(name)
    return FeedLocation(ALL, query.canonical())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """One page of a named feed, filtered by a query.

    ``posts`` are all posts of the selection, in order; ``snapshots`` are those of its sources;
    ``sources`` are those with posts, or all of them if there are no posts.
    """

    named_feed: NamedFeed
    query: Query
    selection: Selection
    posts: Sequence[Post]
    page: Page
    snapshots: tuple[SourceSnapshot, ...]
    sources: tuple[Source, ...]

    @property
    def language(self) -> str:
        """Language of the posts on the page, else of the sources; empty if several."""
        posts = {post.language for post in self.page.posts}
        languages = posts or {source.language for source in self.sources}
        return languages.pop() if len(languages) == 1 else ""

    def is_of_one_source(self, edition: Edition) -> bool:
        """Return whether the selection is limited to one source, or ``edition`` has no more."""
        names = {source.name for source in edition.sources}
        return len(names if self.selection.sources is None else self.selection.sources) == 1


def build_feed_view(edition: Edition, name: str, query: Query) -> FeedView:
    """Return the page of the feed ``name`` that ``query`` selects.

    Raises `UnknownName` for the name, `UsageError` for an invalid cursor.
    """
    named_feed = edition.feed(name)
    selection = named_feed.selection.intersect(query.selection)
    posts = edition.select(selection)
    snapshots = tuple(
        snapshot
        for snapshot in edition.snapshots
        if selection.sources is None or snapshot.source.name in selection.sources
    )
    sources = tuple(snapshot.source for snapshot in snapshots)
    is_carousel = selection.carousel is True
    current_page = paginate(posts, after=query.after, limit=query.limit, carousel=is_carousel)
    return FeedView(
        named_feed=named_feed,
        query=query,
        selection=selection,
        posts=posts,
        page=current_page,
        snapshots=snapshots,
        sources=_contributing_sources(sources, posts, current_page.posts),
    )


def _contributing_sources(
    sources: Sequence[Source], posts: Sequence[Post], on_page: Sequence[Post]
) -> tuple[Source, ...]:
    """Return the ``sources`` of ``posts``, or all if there are no posts.

    If there are more than `MAX_SOURCES`, only those of the posts ``on_page``, which readers need.
    """
    missing = {source.name for source in sources}
    names = set(missing)
    for post in posts:
        missing.discard(post.source)
        if not missing:
            break
    contributing = names - missing
    if len(contributing) > MAX_SOURCES:
        contributing = {post.source for post in on_page}
    return tuple(source for source in sources if source.name in contributing) or tuple(
        sources[:MAX_SOURCES]
    )


def build_feed(  # noqa: PLR0913 — optional values by keyword
    edition: Edition,
    view: FeedView,
    service_info: ServiceInfo,
    items: Sequence[RenderedPost],
    tombstones: Iterable[Tombstone] = (),
    *,
    words: Mapping[str, str] = {},
) -> Feed:
    """Return the feed of ``view``, with the rendered posts ``items`` of its page.

    ``words`` are those of titles in the language of its readers, by the English ones.
    """
    query = view.query
    title = feed_title(edition, view.named_feed, query, words)
    described = words.get(FROM_SERVICE, FROM_SERVICE) % {
        "title": title,
        "service": service_info.title,
    }
    after, before = view.page.next_cursor, view.page.previous_cursor
    return Feed(
        service_info=service_info,
        name=view.named_feed.name,
        title=title,
        description=view.named_feed.description or described,
        query=query.canonical(),
        first_query=query.canonical(after=""),
        next_query=None if after is None else query.canonical(after=after),
        previous_query=None if before is None else query.canonical(after=before),
        language=view.language,
        updated=_feed_updated(edition, view),
        items=tuple(items),
        sources=view.sources,
        source_feeds=_source_feeds(edition, view),
        content=query.content,
        tombstones=tuple(tombstones),
    )


def _source_feeds(edition: Edition, view: FeedView) -> tuple[SourceFeed, ...]:
    """Return the feeds of the sources of the posts on the page; none if one source is selected."""
    if view.is_of_one_source(edition):
        return ()
    names = {post.source for post in view.page.posts}
    return tuple(
        SourceFeed(
            source=snapshot.source,
            name=location.name,
            query=location.query,
            updated=_source_updated(edition, snapshot),
        )
        for snapshot in view.snapshots
        if snapshot.source.name in names
        for location in [source_location(edition, snapshot.source.name)]
    )


def find_tombstones(
    entries: Iterable[LedgerEntry], edition: Edition, selection: Selection
) -> tuple[Tombstone, ...]:
    """Return tombstones of removed posts of ``selection`` that are not live in ``edition``.

    At most the latest `MAX_TOMBSTONES`, in the order of their recording.
    """
    removed = [
        entry
        for entry in entries
        if entry.row in selection and edition.find_post(entry.row.post_id) is None
    ]
    latest = nlargest(
        MAX_TOMBSTONES, enumerate(removed), key=lambda pair: (pair[1].noticed_at, pair[0])
    )
    return tuple(
        Tombstone(post_id=entry.row.post_id, url=entry.row.url, removed_at=entry.noticed_at)
        for _, entry in sorted(latest, key=_number)
    )


def _number(numbered: tuple[int, LedgerEntry]) -> int:
    return numbered[0]


def last_modified(edition: Edition, view: FeedView) -> datetime:
    """Return the later of the feed's *updated* and the last commit of configuration.

    What changes without either of the two, such as markup, shows in the entity tag.
    """
    configured = (snapshot.configured for snapshot in view.snapshots if snapshot.configured)
    return max((_feed_updated(edition, view), *configured))


def _feed_updated(edition: Edition, view: FeedView) -> datetime:
    return _updated(edition, view.selection, view.posts, view.snapshots or edition.snapshots)


def _source_updated(edition: Edition, snapshot: SourceSnapshot) -> datetime:
    """Return when the feed of a source was last updated.

    The posts are looked through only where one of them is to appear later.
    """
    posts: Sequence[Post] = snapshot.posts
    if any(updated > edition.at for updated in _last_updated(posts)):
        posts = tuple(post for post in posts if post.is_live(edition.at))
    selection = Selection.create(sources=[snapshot.source.name])
    return _updated(edition, selection, posts, [snapshot])


def _updated(
    edition: Edition,
    selection: Selection,
    posts: Sequence[Post],
    snapshots: Sequence[SourceSnapshot],
) -> datetime:
    """Return when the feed of ``selection`` with ``posts`` was last updated; it never goes back.

    The latest of: updates of its posts, expiries, and commits by which posts left it. All of that
    is known from git and the clock. Of a feed without any, it is a time before any that may come.
    """
    expired = (at for at, post in edition.expired_posts if post in selection)
    departed = (latest_departure(snapshot.departures, selection) for snapshot in snapshots)
    times = [*_last_updated(posts), *islice(expired, 1), *filter(None, departed)]
    return max(times) if times else _earliest(snapshots)


def _earliest(snapshots: Sequence[SourceSnapshot]) -> datetime:
    """Return the earliest update of a post, at the latest the last commit of the sources."""
    committed = max((snapshot.committed for snapshot in snapshots), default=_EPOCH)
    posts = (post.updated for snapshot in snapshots for post in snapshot.posts)
    return min((committed, *posts))


def _last_updated(posts: Sequence[Post]) -> Iterable[datetime]:
    """Yield times among which the latest update of ``posts`` is; a `PostList` caches its own."""
    if isinstance(posts, PostList):
        return (posts.last_updated,) if posts.last_updated else ()
    return map(attrgetter("updated"), posts)
