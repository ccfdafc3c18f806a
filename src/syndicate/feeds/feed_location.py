"""Which feed a request or a URL means, and the canonical URL of each feed."""

from dataclasses import dataclass, field
from typing import NamedTuple

from syndicate.errors import UnknownName
from syndicate.feeds.formats import FORMATS, Format
from syndicate.model.category import slug
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.feed_view import FeedLocation, category_location
from syndicate.model.query import Query


class FeedKey(NamedTuple):
    """The name and the canonical query of a feed."""

    name: str
    query: str


class RepresentationKey(NamedTuple):
    """A feed in one format."""

    feed: FeedKey
    format_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRequest:
    """A feed by its own name, narrowed by a query, in a format.

    ``key`` identifies the request: equal for all spellings of one query.
    """

    name: str
    query: Query
    feed_format: Format
    key: RepresentationKey = field(init=False)

    def __post_init__(self) -> None:
        """Compute the canonical query once."""
        feed_key = FeedKey(self.name, self.query.canonical())
        object.__setattr__(self, "key", RepresentationKey(feed_key, self.feed_format.name))

    def url(self, service_info: ServiceInfo) -> str:
        """Return the canonical URL, the one that the feed names as ``self``."""
        return service_info.feed_url(self.name, f".{self.feed_format.name}", self.key.feed.query)


def resolve_feed(edition: Edition, name: str) -> FeedLocation:
    """Return the location of the feed called ``name``, in any spelling or by any alias.

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
