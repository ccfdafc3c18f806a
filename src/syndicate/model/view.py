"""What a query sees of an edition: which posts, which page of them, and how to call that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from operator import attrgetter
from typing import Final

from syndicate.model.change import Told
from syndicate.model.edition import Edition, NamedFeed, Part
from syndicate.model.feed import Feed, Masthead, Removal
from syndicate.model.page import Page, page
from syndicate.model.post import Item, Post, Source
from syndicate.model.query import Query
from syndicate.model.selection import Selection
from syndicate.model.sheets import Sheets

MAX_REMOVED: Final = 200
"""Tombstones in a feed."""

MAX_SOURCES: Final = 100
"""Sources that a feed names although none of the posts on its page is from them."""

_NEVER: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One page of a named feed, narrowed by a query.

    ``posts`` are all of the selection, in its order; ``parts`` those it may draw from;
    ``sources`` those that contribute, or that could if none does.
    """

    named: NamedFeed
    query: Query
    selection: Selection
    posts: Sequence[Post]
    page: Page
    parts: tuple[Part, ...]

    sources: tuple[Source, ...]

    @property
    def language(self) -> str:
        """The language of the page: of all its posts, of the sources if it has none, else empty."""
        posts = {post.language for post in self.page.posts}
        languages = posts or {source.language for source in self.sources}
        return languages.pop() if len(languages) == 1 else ""


def view(edition: Edition, name: str, query: Query) -> View:
    """Return the page that ``query`` asks for of the feed ``name``.

    Raises `UnknownName` for the name, `UsageError` for a cursor that is none.
    """
    named = edition.feed(name)
    selection = named.selection.narrow(query.selection)
    posts = edition.select(selection)
    parts = tuple(
        part
        for part in edition.parts
        if selection.sources is None or part.source.name in selection.sources
    )
    sources = tuple(part.source for part in parts)
    chosen = page(posts, after=query.after, limit=query.limit, carousel=selection.carousel is True)
    return View(
        named=named,
        query=query,
        selection=selection,
        posts=posts,
        page=chosen,
        parts=parts,
        sources=_contributing(sources, posts, chosen.posts),
    )


def _contributing(
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


def compose(
    edition: Edition,
    view: View,
    masthead: Masthead,
    items: Sequence[Item],
    removed: Iterable[Removal] = (),
) -> Feed:
    """Return the feed of ``view``, whose page's posts ``items`` are."""
    query = view.query
    title = f"{view.named.title}{_narrowing(edition, query)}"
    after = view.page.after
    return Feed(
        masthead=masthead,
        name=view.named.name,
        title=title,
        description=view.named.description or f"{title}, from {masthead.title}",
        query=query.canonical(),
        first_query=query.canonical(after=""),
        next_query=None if after is None else query.canonical(after=after),
        language=view.language,
        updated=_updated(edition, view),
        items=tuple(items),
        sources=view.sources,
        content=query.content,
        removed=tuple(removed),
    )


def removals(told: Iterable[Told], edition: Edition, selection: Selection) -> tuple[Removal, ...]:
    """Return which posts of ``selection``, told to be gone, readers of ``edition`` do not see.

    Of many, the latest `MAX_REMOVED`; in the order in which they were told.
    """
    gone = [one for one in told if one.row in selection and edition.find(one.row.post) is None]
    latest = nlargest(MAX_REMOVED, enumerate(gone), key=lambda pair: (pair[1].at, pair[0]))
    return tuple(Removal(id=one.row.post, removed=one.at) for _, one in sorted(latest, key=_place))


def _place(numbered: tuple[int, Told]) -> int:
    return numbered[0]


def last_modified(edition: Edition, view: View) -> datetime:
    """Return when the selection last changed, so that no reader keeps a post that left.

    The newest of: its posts' updates, the expiries passed in its sources, their commits.
    """
    moments = [
        *_last_updated(view.posts),
        *(part.committed for part in view.parts),
        *(
            edition.expiries[part.source.name]
            for part in view.parts
            if part.source.name in edition.expiries
        ),
    ]
    return max(moments, default=_NEVER)


def _last_updated(posts: Sequence[Post]) -> Iterable[datetime]:
    """Yield the moments among which the newest update of ``posts`` is; sheets know theirs."""
    if isinstance(posts, Sheets):
        return (posts.updated,) if posts.updated else ()
    return map(attrgetter("updated"), posts)


def _updated(edition: Edition, view: View) -> datetime:
    """Return when the newest post of the page changed; with none, when the sources last did."""
    return max(
        (post.updated for post in view.page.posts),
        default=max((part.committed for part in view.parts or edition.parts), default=_NEVER),
    )


def _narrowing(edition: Edition, query: Query) -> str:
    """Say ``query`` in words: ": Technology or Design, in the carousel, from News, in es"."""
    categories = [
        category.title for category in map(edition.category, query.categories) if category
    ]
    sources = [source.title for source in edition.sources if source.name in query.sources]
    phrases = [
        (" and " if query.match_all else " or ").join(categories),
        {True: "in the carousel", False: "not in the carousel", None: ""}[query.carousel],
        _phrase("from", sources),
        _phrase("in", query.languages),
    ]
    said = ", ".join(phrase for phrase in phrases if phrase)
    return f": {said}" if said else ""


def _phrase(word: str, alternatives: Sequence[str]) -> str:
    return f"{word} {' or '.join(alternatives)}" if alternatives else ""
