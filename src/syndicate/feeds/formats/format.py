"""The protocol of a feed format: its name, its entries and its envelope."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Protocol

from syndicate.feeds.formats.text import has_author
from syndicate.model.feed import Feed, ServiceInfo, SourceFeed
from syndicate.model.post import RenderedPost
from syndicate.model.query import ContentMode


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
