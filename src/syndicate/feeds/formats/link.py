"""Links from a feed to other resources, in every format and in the HTTP field Link (RFC 8288)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from syndicate.model.feed import Feed

MAX_LINK_BYTES: Final = 1_000
"""Bytes of a Link field, at most: nearly every link repeats the query. Proxies buffer heads of
4 kB or 8 kB; ours stay below 2 kB for any request."""

_LINK_ORDER: Final = {
    rel: index
    for index, rel in enumerate(
        ["self", "hub", "next", "canonical", "previous", "first", "alternate"]
    )
}
"""The most important first: a WebSub subscriber needs self and hub."""

_SEPARATOR: Final = ", "

_URL_CHARACTERS: Final = "!#$%&'()*+,/:;=?@[]~"
"""Characters of RFC 3986 that a URL may contain, beside letters and digits; others are encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A URL with its relation (RFC 8288); ``type`` is its media type where that is known."""

    rel: str
    href: str
    type: str = ""


def feed_links(feed: Feed, suffix: str, media_type: str) -> tuple[Link, ...]:
    """Return the links of ``feed`` in the format with ``suffix`` (".rss") and ``media_type``.

    The page that the feed is about comes first, then self, paging (RFC 5005 section 3), hub
    (WebSub) and licences (RFC 4946).
    """
    return tuple(_feed_links(feed, suffix, essence(media_type)))


def essence(media_type: str) -> str:
    """Return ``media_type`` without its parameters."""
    return media_type.partition(";")[0]


def _feed_links(feed: Feed, suffix: str, media_type: str) -> Iterator[Link]:
    yield Link(rel="alternate", href=feed.home_url, type="text/html")
    yield Link(rel="self", href=feed.url(suffix), type=media_type)
    if not feed.is_complete:
        yield Link(rel="first", href=feed.url(suffix, feed.first_query), type=media_type)
    if feed.previous_query is not None:
        yield Link(rel="previous", href=feed.url(suffix, feed.previous_query), type=media_type)
    if feed.next_query is not None:
        yield Link(rel="next", href=feed.url(suffix, feed.next_query), type=media_type)
    if feed.service_info.hub_url:
        yield Link(rel="hub", href=feed.service_info.hub_url)
    for url in dict.fromkeys(source.rights_url for source in feed.sources):
        if url:
            yield Link(rel="license", href=url)


def link_header(links: Sequence[Link]) -> str:
    """Return the value of the field Link for ``links``, at most `MAX_LINK_BYTES`; may be empty.

    Where not all fit, the least important are left out. All but canonical are in the body, too.
    """
    values = {link: _link_value(link) for link in links}
    size, kept = 0, set[Link]()
    for link in sorted(links, key=lambda link: _LINK_ORDER.get(link.rel, len(_LINK_ORDER))):
        size += len(values[link]) + len(_SEPARATOR)
        if size > MAX_LINK_BYTES:
            break
        kept.add(link)
    return _SEPARATOR.join(values[link] for link in links if link in kept)


def _link_value(link: Link) -> str:
    media_type = f'; type="{link.type}"' if link.type else ""
    return f'<{quote(link.href, safe=_URL_CHARACTERS)}>; rel="{link.rel}"{media_type}'
