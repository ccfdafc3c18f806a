"""Where in an edition a feed is found: under its name, or by query where another has the name."""

from typing import NamedTuple

from syndicate.errors import UnknownName
from syndicate.formats import FORMATS
from syndicate.model.category import slug
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import Masthead
from syndicate.model.query import Query


class Place(NamedTuple):
    """The name of a feed and the canonical query that goes with it."""

    name: str
    query: str = ""

    def url(self, masthead: Masthead, suffix: str = "") -> str:
        """Return the address in the format ``suffix`` (".json"); the empty one is the page."""
        return masthead.feed_url(self.name, suffix, self.query)


def category_place(edition: Edition, category: str) -> Place:
    """Return where the feed of ``category``, a slug, is found."""
    return _place(edition, category, Query(categories=(category,)))


def source_place(edition: Edition, source: str) -> Place:
    """Return where the feed of the source called ``source`` is found."""
    return _place(edition, source, Query(sources=(source,)))


def find(edition: Edition, name: str) -> Place:
    """Return where the feed is found that somebody calls ``name``: in any spelling, by any alias.

    Raises `UnknownName`, which lists the feeds there are, or the formats if only that is wrong.
    """
    for spelling in (name, slug(name)):
        if spelling in edition.feeds:
            return Place(spelling)
    category = edition.category(name)
    if category is not None:
        return category_place(edition, category.slug)
    stem, _, suffix = name.rpartition(".")
    if stem in edition.feeds:
        raise UnknownName(
            f"feeds are not written as {suffix!r}",
            code="unknown-format",
            hint=f"Ask for {stem}.{next(iter(FORMATS))}, or for {stem} to read it as a page.",
            known=tuple(FORMATS),
        )
    return Place(edition.feed(name).name)


def _place(edition: Edition, name: str, meant: Query) -> Place:
    named = edition.feeds.get(name)
    if named is not None and named.selection == meant.selection:
        return Place(name)
    return Place(ALL, meant.canonical())
