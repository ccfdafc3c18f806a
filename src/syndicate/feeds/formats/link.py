"""Links from a feed to other resources: the same relations in every format and in HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass

from syndicate.model.feed import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address with its relation (RFC 8288); ``type`` is its media type where that is known."""

    rel: str
    href: str
    type: str = ""


def feed_links(feed: Feed, suffix: str, media_type: str) -> tuple[Link, ...]:
    """Return the links of ``feed`` in the format with ``suffix`` (".rss") and ``media_type``.

    The page for people comes first, then self, paging (RFC 5005 section 3), hub (WebSub) and
    licences (RFC 4946).
    """
    return tuple(_feed_links(feed, suffix, essence(media_type)))


def essence(media_type: str) -> str:
    """Return ``media_type`` without its parameters."""
    return media_type.partition(";")[0]


def _feed_links(feed: Feed, suffix: str, media_type: str) -> Iterator[Link]:
    yield Link(rel="alternate", href=feed.url("", feed.first_query), type="text/html")
    yield Link(rel="self", href=feed.url(suffix), type=media_type)
    if not feed.is_complete:
        yield Link(rel="first", href=feed.url(suffix, feed.first_query), type=media_type)
    if feed.next_query is not None:
        yield Link(rel="next", href=feed.url(suffix, feed.next_query), type=media_type)
    if feed.service_info.hub_url:
        yield Link(rel="hub", href=feed.service_info.hub_url)
    for url in dict.fromkeys(source.rights_url for source in feed.sources):
        if url:
            yield Link(rel="license", href=url)
