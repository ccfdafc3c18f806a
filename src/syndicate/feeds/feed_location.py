"""Which feed a request, a URL or a WebSub topic means, and the canonical URL of each feed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from syndicate.errors import UnknownName
from syndicate.feeds.formats import FORMATS, Format
from syndicate.feeds.redirects import follow_redirects
from syndicate.model.category import slug
from syndicate.model.edition import Edition
from syndicate.model.feed import FeedLocation, ServiceInfo, category_location
from syndicate.model.query import Query, parse_query

_NO_REDIRECTS: Final[Mapping[str, str]] = MappingProxyType({})


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


def parse_topic(
    url: str,
    service_info: ServiceInfo,
    edition: Edition,
    redirects: Mapping[str, str] = _NO_REDIRECTS,
) -> FeedRequest:
    """Return the feed at ``url``, in any spelling that ``edition`` has a feed for.

    Or where ``redirects`` say that it has moved: its subscribers follow it. Raises `UnknownName`
    where there is none, `UsageError` for an error in the query.
    """
    try:
        moved = follow_redirects(url, service_info, redirects) if redirects else url
        requested, base = urlsplit(moved or ""), urlsplit(service_info.public_url)
    except ValueError:
        raise _unknown_topic(url, service_info) from None
    prefix, _, name = requested.path.partition("/feeds/")
    stem, _, suffix = name.rpartition(".")
    is_ours = (requested.scheme, requested.netloc.lower(), prefix) == (
        base.scheme,
        base.netloc.lower(),
        base.path,
    )
    if not (is_ours and url.isprintable() and stem and suffix in FORMATS) or requested.fragment:
        raise _unknown_topic(url, service_info)
    location = resolve_feed(edition, unquote(stem))
    pairs = [*parse_qsl(location.query), *parse_qsl(requested.query)]
    return FeedRequest(
        name=location.name, query=parse_query(pairs, edition), feed_format=FORMATS[suffix]
    )


def _unknown_topic(url: str, service_info: ServiceInfo) -> UnknownName:
    example = service_info.feed_url("all", ".json")
    return UnknownName(
        f"{url!r} is not the URL of a feed of this service",
        code="unknown-topic",
        hint=f"Take the one that a feed calls self, such as {example}.",
    )
