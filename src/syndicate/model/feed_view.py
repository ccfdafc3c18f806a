"""What a query sees of an edition: which posts, which page of them, and how to call that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from operator import attrgetter
from typing import Final

from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition, NamedFeed, SourceSnapshot
from syndicate.model.feed import Feed, ServiceInfo, Tombstone
from syndicate.model.pagination import Page, paginate
from syndicate.model.post import Post, RenderedPost, Source
from syndicate.model.post_list import PostList
from syndicate.model.query import Query
from syndicate.model.selection import Selection

MAX_TOMBSTONES: Final = 200
"""Tombstones in a feed."""

MAX_SOURCES: Final = 100
"""Sources that a feed names although none of the posts on its page is from them."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """One page of a named feed, narrowed by a query.

    ``posts`` are all of the selection, in its order; ``parts`` those it may draw from;
    ``sources`` those that contribute, or that could if none does.
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
        """The language of the page: of all its posts, of the sources if it has none, else empty."""
        posts = {post.language for post in self.page.posts}
        languages = posts or {source.language for source in self.sources}
        return languages.pop() if len(languages) == 1 else ""


def build_feed_view(edition: Edition, name: str, query: Query) -> FeedView:
    """Return the page that ``query`` asks for of the feed ``name``.

    Raises `UnknownName` for the name, `UsageError` for a cursor that is none.
    """
    named_feed = edition.feed(name)
    selection = named_feed.selection.intersect(query.selection)
    posts = edition.select(selection)
    snapshots = tuple(
        part
        for part in edition.snapshots
        if selection.sources is None or part.source.name in selection.sources
    )
    sources = tuple(part.source for part in snapshots)
    chosen = paginate(
        posts, after=query.after, limit=query.limit, carousel=selection.carousel is True
    )
    return FeedView(
        named_feed=named_feed,
        query=query,
        selection=selection,
        posts=posts,
        page=chosen,
        snapshots=snapshots,
        sources=_contributing_sources(sources, posts, chosen.posts),
    )


def _contributing_sources(
    sources: Sequence[Source], posts: Sequence[Post], on_page: Sequence[Post]
) -> tuple[Source, ...]:
    """Return those of ``sources`` that ``posts`` are from; all where there are no posts.

    Of more than `MAX_SOURCES`, those of the posts ``on_page``, which readers need to know.
    """
    missing = {source.name for source in sources}
    names = set(missing)
    for post in posts:
        missing.discard(post.source)
        if not missing:
            break
    found = names - missing
    if len(found) > MAX_SOURCES:
        found = {post.source for post in on_page}
    return tuple(source for source in sources if source.name in found) or tuple(
        sources[:MAX_SOURCES]
    )


def build_feed(
    edition: Edition,
    view: FeedView,
    service_info: ServiceInfo,
    items: Sequence[RenderedPost],
    tombstones: Iterable[Tombstone] = (),
) -> Feed:
    """Return the feed of ``view``, whose page's posts ``items`` are."""
    query = view.query
    title = f"{view.named_feed.title}{_describe_query(edition, query)}"
    after = view.page.next_cursor
    return Feed(
        service_info=service_info,
        name=view.named_feed.name,
        title=title,
        description=view.named_feed.description or f"{title}, from {service_info.title}",
        query=query.canonical(),
        first_query=query.canonical(after=""),
        next_query=None if after is None else query.canonical(after=after),
        language=view.language,
        updated=_feed_updated(edition, view),
        items=tuple(items),
        sources=view.sources,
        content=query.content,
        tombstones=tuple(tombstones),
    )


def find_tombstones(
    entries: Iterable[LedgerEntry], edition: Edition, selection: Selection
) -> tuple[Tombstone, ...]:
    """Return which posts of ``selection``, told to be gone, readers of ``edition`` do not see.

    Of many, the latest `MAX_TOMBSTONES`; in the order in which they were told.
    """
    gone = [
        one
        for one in entries
        if one.row in selection and edition.find_post(one.row.post_id) is None
    ]
    latest = nlargest(
        MAX_TOMBSTONES, enumerate(gone), key=lambda pair: (pair[1].noticed_at, pair[0])
    )
    return tuple(
        Tombstone(post_id=one.row.post_id, removed_at=one.noticed_at)
        for _, one in sorted(latest, key=_number)
    )


def _number(numbered: tuple[int, LedgerEntry]) -> int:
    return numbered[0]


def last_modified(edition: Edition, view: FeedView) -> datetime:
    """Return when the selection last changed, so that no reader keeps a post that left.

    The newest of: its posts' updates, the expiries passed in its sources, their commits.
    """
    times = [
        *_last_updated(view.posts),
        *(part.committed for part in view.snapshots),
        *(
            edition.last_expiries[part.source.name]
            for part in view.snapshots
            if part.source.name in edition.last_expiries
        ),
    ]
    return max(times, default=_EPOCH)


def _last_updated(posts: Sequence[Post]) -> Iterable[datetime]:
    """Yield the moments among which the newest update of ``posts`` is; sheets know theirs."""
    if isinstance(posts, PostList):
        return (posts.last_updated,) if posts.last_updated else ()
    return map(attrgetter("updated"), posts)


def _feed_updated(edition: Edition, view: FeedView) -> datetime:
    """Return when the newest post of the page changed; with none, when the sources last did."""
    return max(
        (post.updated for post in view.page.posts),
        default=max(
            (part.committed for part in view.snapshots or edition.snapshots), default=_EPOCH
        ),
    )


def _describe_query(edition: Edition, query: Query) -> str:
    """Say ``query`` in words: ": Technology or Design, in the carousel, from News, in es"."""
    categories = [
        category.title for category in map(edition.resolve_category, query.categories) if category
    ]
    sources = [source.title for source in edition.sources if source.name in query.sources]
    phrases = [
        (" and " if query.match_all else " or ").join(categories),
        {True: "in the carousel", False: "not in the carousel", None: ""}[query.carousel],
        _phrase("from", sources),
        _phrase("in", query.languages),
    ]
    text = ", ".join(phrase for phrase in phrases if phrase)
    return f": {text}" if text else ""


def _phrase(word: str, alternatives: Sequence[str]) -> str:
    return f"{word} {' or '.join(alternatives)}" if alternatives else ""
