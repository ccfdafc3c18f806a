"""Every feed of an edition with what is in it, counted in one walk over the posts."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from syndicate.errors import NotReady
from syndicate.model.edition import ALL, CAROUSEL, Edition, NamedFeed
from syndicate.model.post import Post
from syndicate.representation.address import Place, category_place, source_place


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
    """Feeds of one kind."""

    title: str
    entries: tuple[Entry, ...]


class Census:
    """The tallies of every source and every category."""

    def __init__(self, edition: Edition) -> None:
        sources: dict[str, list[Post]] = {}
        categories: dict[str, list[Post]] = {}
        for post in edition.posts:
            sources.setdefault(post.source, []).append(post)
            for category in post.categories:
                categories.setdefault(category.slug, []).append(post)
        self._sources = {name: tally(posts) for name, posts in sources.items()}
        self._categories = {name: tally(posts) for name, posts in categories.items()}

    def source(self, name: str) -> Tally:
        """Return the tally of the source called ``name``."""
        return self._sources.get(name, Tally())

    def category(self, name: str) -> Tally:
        """Return the tally of the category ``name``, a slug."""
        return self._categories.get(name, Tally())


def tally(posts: Sequence[Post]) -> Tally:
    """Return the tally of ``posts``."""
    return Tally(
        posts=len(posts),
        newest=max((post.published for post in posts), default=None),
        updated=max((post.updated for post in posts), default=None),
    )


def directory(edition: Edition) -> tuple[Group, ...]:
    """Return every feed there is, in groups of which none is empty."""
    census = Census(edition)
    groups = (
        Group("Everything", tuple(_automatic(edition))),
        Group("Selected", tuple(_named(edition))),
        Group("By source", tuple(_sources(edition, census))),
        Group("By category", tuple(_categories(edition, census))),
    )
    return tuple(group for group in groups if group.entries)


def _automatic(edition: Edition) -> Iterator[Entry]:
    feeds = edition.feeds
    yield _entry(edition, feeds[ALL], "Every post of every source.")
    yield _entry(edition, feeds[CAROUSEL], "What the sources feature, each post with its card.")


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


def _sources(edition: Edition, census: Census) -> Iterator[Entry]:
    for source in edition.sources:
        name = source.name
        yield Entry(source.title, "", source_place(edition, name), census.source(name))


def _categories(edition: Edition, census: Census) -> Iterator[Entry]:
    for category in edition.categories:
        slug = category.slug
        yield Entry(category.title, "", category_place(edition, slug), census.category(slug))
