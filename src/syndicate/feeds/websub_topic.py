"""Topics (WebSub): the addresses of our feeds, read as what they mean."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from syndicate.errors import UnknownName
from syndicate.feeds.feed_location import resolve_feed
from syndicate.feeds.formats import FORMATS, Format
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.query import Query, parse_query


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubTopic:
    """A feed in a format, narrowed by a query: what stands at one address of ours."""

    name: str
    query: Query
    feed_format: Format

    @classmethod
    def parse(cls, url: str, service_info: ServiceInfo, edition: Edition) -> Self:
        """Read an address in whatever spelling ``edition`` has a feed for.

        Raises `UnknownName` if it has none there, `UsageError` for what is wrong in the query.
        """
        try:
            asked, ours = urlsplit(url), urlsplit(service_info.public_url)
        except ValueError:
            raise _unknown_topic(url, service_info) from None
        before, _, name = asked.path.partition("/feeds/")
        stem, _, suffix = name.rpartition(".")
        base = (asked.scheme, asked.netloc.lower(), before)
        is_ours = url.isprintable() and base == (ours.scheme, ours.netloc.lower(), ours.path)
        if not is_ours or asked.fragment or not stem or suffix not in FORMATS:
            raise _unknown_topic(url, service_info)
        location = resolve_feed(edition, unquote(stem))
        pairs = [*parse_qsl(location.query), *parse_qsl(asked.query)]
        return cls(
            name=location.name, query=parse_query(pairs, edition), feed_format=FORMATS[suffix]
        )

    def url(self, service_info: ServiceInfo) -> str:
        """Return the one address that the feed says is its own."""
        return service_info.feed_url(self.name, f".{self.feed_format.name}", self.query.canonical())


def _unknown_topic(url: str, service_info: ServiceInfo) -> UnknownName:
    return UnknownName(
        f"{url!r} is not the address of a feed here",
        code="unknown-topic",
        hint="Take the one that a feed calls self, such as "
        f"{service_info.feed_url('all', '.json')}.",
    )
