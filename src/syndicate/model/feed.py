"""A feed: the page of items that a format writes, with what must be said about it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from syndicate.model.post import PostId, RenderedPost, Source
from syndicate.model.query import ContentMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    """Who speaks: what every feed and page says about the service itself.

    ``public_url`` has no trailing slash; every address of ours begins with it. ``icon`` and
    ``hub`` (WebSub) are absolute addresses, empty where there is none. ``max_age_seconds`` is the
    seconds
    for which a feed need not be asked for again.
    """

    title: str
    public_url: str
    contact: str = ""
    version: str
    icon_url: str = ""
    hub_url: str = ""
    max_age_seconds: int = 300

    def url(self, path: str) -> str:
        """Return the absolute address of ``path``, which begins with a slash."""
        return self.public_url + path

    def feed_url(self, name: str, suffix: str = "", query: str = "") -> str:
        """Return the address of the feed ``name`` in the format ``suffix`` (".json").

        The empty suffix is the page for people.
        """
        return self.url(f"/feeds/{quote(name, safe='')}{suffix}{'?' if query else ''}{query}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A post that readers were told of and that left, and when it did."""

    post_id: PostId
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One page of a named, perhaps narrowed, feed.

    ``query`` is the canonical query string of the page without "?", empty for the plain feed;
    ``next_query`` that of the page after it, None on the last page; ``first_query`` that of the
    first page. The same query goes with every format. ``language`` is empty where the posts are in
    several. ``removed`` are the posts that left lately.
    """

    service_info: ServiceInfo
    name: str
    title: str
    description: str = ""
    query: str = ""
    first_query: str = ""
    next_query: str | None = None
    language: str = "en"
    updated: datetime
    """When the newest of its posts changed; never the time of a request."""
    items: tuple[RenderedPost, ...]
    sources: tuple[Source, ...]
    content: ContentMode = "full"
    tombstones: tuple[Tombstone, ...] = ()

    def url(self, suffix: str, query: str | None = None) -> str:
        """Return the address of this page, or the one with ``query``.

        ``suffix`` names the format (".json"); the empty one is the page for people.
        """
        return self.service_info.feed_url(self.name, suffix, self.query if query is None else query)

    @property
    def is_complete(self) -> bool:
        """Tell whether this page holds everything (RFC 5005 section 2)."""
        return self.next_query is None and self.query == self.first_query
