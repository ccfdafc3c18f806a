"""Where in an edition a feed is found: under its name, or by query where another has the name."""

from typing import NamedTuple

from syndicate.errors import UnknownName
from syndicate.feeds.formats import FORMATS
from syndicate.model.category import slug
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.query import Query


class FeedLocation(NamedTuple):
    """The name of a feed and the canonical query that goes with it."""

    name: str
    query: str = ""

    def url(self, service_info: ServiceInfo, suffix: str = "") -> str:
        """Return the address in the format ``suffix`` (".json"); the empty one is the page."""
        return service_info.feed_url(self.name, suffix, self.query)


def category_location(edition: Edition, category: str) -> FeedLocation:
    """Return where the feed of ``category``, a slug, is found."""
    return _location(edition, category, Query(categories=(category,)))


def source_location(edition: Edition, source: str) -> FeedLocation:
    """Return where the feed of the source called ``source`` is found."""
    return _location(edition, source, Query(sources=(source,)))


def resolve_feed(edition: Edition, name: str) -> FeedLocation:
    """Return where the feed is found that somebody calls ``name``: in any spelling, by any alias.

    Raises `UnknownName`, which lists the feeds there are, or the formats if only that is wrong.
    """
    for spelling in (name, slug(name)):
        if spelling in edition.feeds:
            return FeedLocation(spelling)
    category = edition.resolve_category(name)
    if category is not None:
        return category_location(edition, category.slug)
    stem, _, suffix = name.rpartition(".")
    if stem in edition.feeds:
        raise UnknownName(
            f"feeds are not written as {suffix!r}",
            code="unknown-format",
            hint=f"Ask for {stem}.{next(iter(FORMATS))}, or for {stem} to read it as a page.",
            choices=tuple(FORMATS),
        )
    return FeedLocation(edition.feed(name).name)


def _location(edition: Edition, name: str, query: Query) -> FeedLocation:
    named = edition.feeds.get(name)
    if named is not None and named.selection == query.selection:
        return FeedLocation(name)
    return FeedLocation(ALL, query.canonical())
