"""WebSub topics: feed URLs of this service, parsed."""

from urllib.parse import parse_qsl, unquote, urlsplit

from syndicate.errors import UnknownName
from syndicate.feeds.feed_location import FeedRequest, resolve_feed
from syndicate.feeds.formats import FORMATS
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.query import parse_query


def parse_topic(url: str, service_info: ServiceInfo, edition: Edition) -> FeedRequest:
    """Return the feed at ``url``, in any spelling that ``edition`` has a feed for.

    Raises `UnknownName` where there is none, `UsageError` for an error in the query.
    """
    try:
        requested, base = urlsplit(url), urlsplit(service_info.public_url)
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
