"""What a wire format is: how it is named, and how it writes an entry and what goes around it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, Protocol

from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Item
from syndicate.model.query import Content


class Frame(NamedTuple):
    """What stands before the first entry of a feed, after its last, and between two."""

    head: bytes
    tail: bytes
    separator: bytes = b""

    def around(self, entries: Iterable[bytes]) -> bytes:
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

    def entry(self, item: Item, masthead: Masthead, content: Content = "full") -> bytes:
        """Return one post as it stands in a feed, UTF-8."""
        ...

    def frame(self, feed: Feed) -> Frame:
        """Return what goes around the entries of ``feed``, UTF-8."""
        ...

    def join(self, feed: Feed, entries: Sequence[bytes]) -> bytes:
        """Return ``feed`` with ``entries``, which are its items in their order."""
        return self.frame(feed).around(entries)

    def write(self, feed: Feed) -> bytes:
        """Return the whole of ``feed``, UTF-8; the same feed gives the same bytes."""
        return self.join(
            feed, [self.entry(item, feed.masthead, feed.content) for item in feed.items]
        )
