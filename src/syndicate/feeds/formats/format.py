"""What a wire format is: how it is named, and how it writes an entry and what goes around it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, Protocol

from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import RenderedPost
from syndicate.model.query import ContentMode


class FeedEnvelope(NamedTuple):
    """What stands before the first entry of a feed, after its last, and between two."""

    head: bytes
    tail: bytes
    separator: bytes = b""

    def wrap(self, entries: Iterable[bytes]) -> bytes:
        """Return the whole feed."""
        pieces = [piece for entry in entries for piece in (self.separator, entry)]
        return b"".join((self.head, *pieces[1:], self.tail))


class Format(Protocol):
    """A way to write feeds.

    Entries are written one by one, each from nothing but the post and the masthead, so that one
    piece of bytes serves in every feed that holds the post; a feed is the entries in a frame.
    """

    name: ClassVar[str]
    """The suffix in addresses, without the dot."""
    media_type: ClassVar[str]
    """As served, with the charset where the type has one."""
    title: ClassVar[str]
    """What people call it."""

    def write_entry(
        self, item: RenderedPost, service_info: ServiceInfo, content: ContentMode = "full"
    ) -> bytes:
        """Return one post as it stands in a feed, UTF-8."""
        ...

    def write_envelope(self, feed: Feed) -> FeedEnvelope:
        """Return what goes around the entries of ``feed``, UTF-8."""
        ...

    def join(self, feed: Feed, entries: Sequence[bytes]) -> bytes:
        """Return ``feed`` with ``entries``, which are its items in their order."""
        return self.write_envelope(feed).wrap(entries)

    def write(self, feed: Feed) -> bytes:
        """Return the whole of ``feed``, UTF-8; the same feed gives the same bytes."""
        return self.join(
            feed, [self.write_entry(item, feed.service_info, feed.content) for item in feed.items]
        )
