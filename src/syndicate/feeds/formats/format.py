"""The protocol of a feed format: its name, its entries and its envelope."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, Protocol

from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import RenderedPost
from syndicate.model.query import ContentMode


class FeedEnvelope(NamedTuple):
    """The bytes before the first entry of a feed, after the last one, and between two."""

    head: bytes
    tail: bytes
    separator: bytes = b""

    def wrap(self, entries: Iterable[bytes]) -> bytes:
        """Return the complete feed."""
        pieces = [piece for entry in entries for piece in (self.separator, entry)]
        return b"".join((self.head, *pieces[1:], self.tail))


class Format(Protocol):
    """A feed format.

    Entries are written one by one, each from nothing but the post and the service information, so
    that the same bytes are in every feed that contains the post. A feed is its envelope with the
    entries in it.
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
        return self.write_envelope(feed).wrap(entries)

    def write(self, feed: Feed) -> bytes:
        """Return all of ``feed``, UTF-8; equal feeds give equal bytes."""
        return self.join(
            feed, [self.write_entry(item, feed.service_info, feed.content) for item in feed.items]
        )
