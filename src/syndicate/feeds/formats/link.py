"""The protocol of a feed format, and links from a feed to other resources (RFC 8288)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple, Protocol
from urllib.parse import quote

from syndicate.feeds.formats.text import has_author
from syndicate.model.feed import Feed, ServiceInfo, SourceFeed
from syndicate.model.post import RenderedPost
from syndicate.model.query import ContentMode

MAX_LINK_BYTES: Final = 1_000
"""Bytes of a Link field, at most: nearly every link repeats the query. Proxies buffer heads of
4 kB or 8 kB; ours stay below 2 kB for any request."""

_LINK_ORDER: Final = {
    rel: index
    for index, rel in enumerate(["self", "hub", "next", "canonical", "first", "alternate"])
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


class AttributionKey(NamedTuple):
    """What the attribution of an entry depends on: its source, and whether it has an author."""

    source: str
    has_author: bool


class FeedEnvelope(NamedTuple):
    """What is around the entries of a feed, and what the feed adds to them.

    ``separator`` is between two entries. ``attributions`` say whose an entry is in a feed of
    several sources; they stand before ``entry_end``, the end tag of an entry.
    """

    head: bytes
    tail: bytes
    separator: bytes = b""
    entry_end: bytes = b""
    attributions: Mapping[AttributionKey, bytes] = MappingProxyType({})

    @property
    def content(self) -> bytes:
        """All of the envelope, to compute a digest of."""
        return b"".join((self.head, self.separator, self.tail, *self.attributions.values()))

    def attribute(self, entry: bytes, item: RenderedPost) -> bytes:
        """Return ``entry``, which is ``item``, with its attribution."""
        if not self.attributions:
            return entry
        added = self.attributions.get(AttributionKey(item.post.source, has_author(item)), b"")
        return entry.removesuffix(self.entry_end) + added + self.entry_end

    def wrap(self, entries: Iterable[bytes]) -> bytes:
        """Return the complete feed."""
        pieces = [piece for entry in entries for piece in (self.separator, entry)]
        return b"".join((self.head, *pieces[1:], self.tail))


class Format(Protocol):
    """A feed format.

    Entries are written one by one, each from nothing but the post and the service information, so
    that the same bytes are in every feed that contains the post. A feed is its envelope with the
    entries in it; a feed of several sources adds to each entry whose it is.
    """

    name: ClassVar[str]
    """The suffix in URLs, without the dot."""
    media_type: ClassVar[str]
    """The value of Content-Type, with the charset where the type has one."""
    title: ClassVar[str]
    """The name shown on pages."""

    def write_entry(
        self, item: RenderedPost, service_info: ServiceInfo, content: ContentMode = "full"
    ) -> bytes:
        """Return one post as an entry, UTF-8."""
        ...

    def write_envelope(self, feed: Feed) -> FeedEnvelope:
        """Return the envelope of ``feed``, UTF-8."""
        ...

    def join(self, feed: Feed, entries: Sequence[bytes]) -> bytes:
        """Return ``feed`` with ``entries``, which are its written items in their order."""
        envelope = self.write_envelope(feed)
        return envelope.wrap(map(envelope.attribute, entries, feed.items))

    def write(self, feed: Feed) -> bytes:
        """Return all of ``feed``, UTF-8; equal feeds give equal bytes."""
        return self.join(
            feed, [self.write_entry(item, feed.service_info, feed.content) for item in feed.items]
        )


def attributed_sources(feed: Feed) -> Iterable[tuple[AttributionKey, SourceFeed]]:
    """Return what the items of ``feed`` are attributed to, each combination once."""
    source_feeds = {source_feed.source.name: source_feed for source_feed in feed.source_feeds}
    keys = {AttributionKey(item.post.source, has_author(item)) for item in feed.items}
    return ((key, source_feeds[key.source]) for key in sorted(keys) if key.source in source_feeds)
