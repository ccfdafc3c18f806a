"""A feed: one page of rendered posts and its metadata, from which every format is written."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from syndicate.model.post import PostId, RenderedPost, Source
from syndicate.model.query import ContentMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    """Identity of the service in feeds, pages and requests.

    ``public_url`` has no trailing slash and begins every URL of the service. ``icon_url`` (a small
    square), ``logo_url`` (larger) and ``hub_url`` (WebSub) are absolute URLs, empty if there is
    none. ``max_age_seconds`` is how long a feed may be cached. ``has_public_url`` is False if the
    operator has not set ``public_url``, which is then the address that the service listens on.
    """

    title: str
    public_url: str
    contact: str = ""
    version: str
    icon_url: str = ""
    logo_url: str = ""
    hub_url: str = ""
    max_age_seconds: int = 300
    has_public_url: bool = True

    def url(self, path: str) -> str:
        """Return the absolute URL of ``path``, which begins with a slash."""
        return self.public_url + path

    def feed_url(self, name: str, suffix: str = "", query: str = "") -> str:
        """Return the URL of the feed ``name`` with the format ``suffix`` (".json").

        The empty suffix is the HTML page.
        """
        return self.url(f"/feeds/{quote(name, safe='')}{suffix}{'?' if query else ''}{query}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A post that left the feeds, its last URL, and when it left."""

    post_id: PostId
    url: str
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFeed:
    """The feed of one source, which the entries of other feeds name as theirs.

    ``name`` and ``query`` are those of its URL; ``updated`` is when it last changed.
    """

    source: Source
    name: str
    query: str = ""
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One page of a feed, possibly filtered by a query.

    ``query`` is the canonical query string of the page without "?", empty for the unfiltered feed;
    ``next_query`` is that of the next page, None on the last page; ``first_query`` that of the
    first page. All formats use the same query. ``language`` is empty if the posts are in several
    languages. ``tombstones`` are posts that left the feed recently. ``source_feeds`` are the feeds
    of the sources of its posts, empty if the feed is that of one source.
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
    """When a post of the feed last changed, appeared or left; never the time of a request."""
    items: tuple[RenderedPost, ...]
    sources: tuple[Source, ...]
    source_feeds: tuple[SourceFeed, ...] = ()
    content: ContentMode = "full"
    tombstones: tuple[Tombstone, ...] = ()

    def url(self, suffix: str, query: str | None = None) -> str:
        """Return the URL of this page, or of the page with ``query``.

        ``suffix`` names the format (".json"); the empty one is the HTML page.
        """
        return self.service_info.feed_url(self.name, suffix, self.query if query is None else query)

    @property
    def only_source(self) -> Source | None:
        """The source of which this is the feed, None for a feed of several sources."""
        return self.sources[0] if len(self.sources) == 1 and not self.source_feeds else None

    @property
    def home_url(self) -> str:
        """The page that the feed is about: the site of the only source, else the feed's page."""
        source = self.only_source
        return source.site_url if source else self.url("", self.first_query)

    @property
    def brand(self) -> ServiceInfo | Source:
        """Whose icon and logo the feed has: those of the only source, if it has one of them."""
        source = self.only_source
        return source if source and (source.icon_url or source.logo_url) else self.service_info

    @property
    def is_complete(self) -> bool:
        """Whether this page holds the whole feed (RFC 5005 section 2)."""
        return self.next_query is None and self.query == self.first_query
