"""A client of the real application over sample posts, in-process, without a socket."""

import asyncio
import json
from collections.abc import AsyncIterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from syndicate.content.post_search import PostSearch
from syndicate.errors import NotReady, StorageError, UnknownName
from syndicate.feeds import FeedCache
from syndicate.model.asset import Asset, media_type
from syndicate.model.category import CategoryDefinition, Vocabulary
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition, NamedFeed
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import EventReason, LedgerRow
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import BlobId, Post, PostId, RenderedPost, RenderedPosts
from syndicate.model.search import Excerpts, SearchResult, SearchTerms
from syndicate.model.selection import Selection
from syndicate.model.websub_request import WebSubRequest
from syndicate.search_index import SearchIndex
from syndicate.web.app import create_app
from syndicate.web.http_policy import HttpPolicy
from syndicate.web.services import EditorReports, Readiness, Services, SubscriptionManager
from tests import samples

VOCABULARY = Vocabulary(
    definitions=(
        CategoryDefinition(
            category=samples.TTS,
            aliases=("TTS", "Tech Transformation"),
        ),
    )
)
NAMED = NamedFeed(
    name="tech-carousel",
    title="Technology, featured",
    description="What technologists should see.",
    selection=Selection.create(categories=["technology"], carousel=True),
)


@dataclass(kw_only=True)
class SampleSearch:
    """Searches titles in a real index, which is made again for each search.

    Without ``is_complete`` it has no post yet.
    """

    edition: Edition | None = None
    is_complete: bool = True

    async def find(
        self, terms: SearchTerms, edition: Edition, posts: Sequence[Post]
    ) -> SearchResult:
        """Return those of ``posts`` whose titles contain all of ``terms``."""
        self.edition = edition
        with self._search(edition) as search:
            return search.find(terms, edition, posts)

    async def excerpts(self, terms: SearchTerms, posts: Sequence[Post]) -> Excerpts:
        """Return the matches in the titles of ``posts``."""
        assert self.edition is not None
        with self._search(self.edition) as search:
            return search.excerpts(terms, posts)

    @contextmanager
    def _search(self, edition: Edition) -> Iterator[PostSearch]:
        with TemporaryDirectory() as folder:
            search = PostSearch(SearchIndex(Path(folder)), lambda _posts, _edition: ())
            search.update(edition, lambda: self.is_complete)
            yield search
            search.close()


BLOB = BlobId("b10b" * 10)


@dataclass(kw_only=True)
class SampleReader:
    """Reads from an edition in memory; renders any post."""

    current: Edition | None
    readiness: Readiness = field(default_factory=lambda: Readiness(is_ready=True))
    items_by_id: dict[str, RenderedPost] = field(default_factory=dict)
    item_requests: int = 0
    ledger: tuple[LedgerEntry, ...] = ()
    failing: str = ""
    refreshed: list[str] = field(default_factory=list)
    service: SubscriptionManager | None = None
    search: SampleSearch = field(default_factory=SampleSearch)
    subscription_requests: list[WebSubRequest] = field(default_factory=list)
    wait_time: timedelta = timedelta()
    removed: tuple[LedgerEntry, ...] = ()

    @property
    def editor_reports(self) -> EditorReports:
        """There are none: the posts are in no repository."""
        raise NotReady("the posts are in no repository")

    @property
    def edition(self) -> Edition:
        """The edition at hand."""
        if self.current is None:
            raise NotReady("no source was read yet", hint="Try again in a moment.")
        return self.current

    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return the known item of each post, or a plain one."""
        self.item_requests += len(posts)
        return tuple(self.items_by_id.get(post.id) or samples.rendered_post(post) for post in posts)

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return all of them as items."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return what is called like a picture, but for one that is missing."""
        self.edition.snapshot(source)
        if media_type(path) and path != "missing.png":
            content = b"bytes" if with_content else b""
            return Asset(blob=BLOB, content=content, committed=samples.NOW)
        raise UnknownName(f"no file is served at {path}", code="unknown-file")

    async def subscription_service(self) -> SubscriptionManager:
        """Return who looks after subscriptions, if there is anybody."""
        if self.service is None:
            raise StorageError("there is no database here")
        return self.service

    def refresh(self, source: str) -> None:
        """Record the request to fetch a source."""
        self.refreshed.append(self.edition.snapshot(source).source.name)

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Record the request to the hub."""
        self.subscription_requests.append(request)
        return self.wait_time

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return the ledger entries that follow, as a database would."""
        if self.failing:
            raise StorageError(self.failing)
        newest = max((one.row.generation for one in self.ledger), default=0)
        head = LedgerCursor(ledger_id="1ed9e4", generation=newest + 1, post_id=PostId(""))
        start = after or head.start()
        start.validate(head)
        place = (start.generation, start.post_id)
        rows = sorted(self.ledger, key=lambda one: (one.row.generation, one.row.post_id))
        later = [one for one in rows if (one.row.generation, one.row.post_id) > place]
        return start, tuple(later[:limit])


@dataclass(frozen=True, kw_only=True)
class AppResponse:
    """A response as it was sent, neither decoded nor redirected."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:  # noqa: ANN401 — whatever JSON holds
        """Return the body as JSON."""
        return json.loads(self.content)

    def link(self, rel: str) -> str | None:
        """Return the address that the Link header has for ``rel``."""
        links = httpx.Response(200, headers={"link": self.headers.get("link", "")}).links
        return links.get(rel, {}).get("url")


@dataclass(kw_only=True)
class AppClient:
    """A client of an application."""

    reader: Services
    policy: HttpPolicy = field(default_factory=HttpPolicy)
    service_info: ServiceInfo = samples.SERVICE_INFO

    def __post_init__(self) -> None:
        """Assemble the application as the service does."""
        self.app = create_app(
            self.reader, FeedCache(self.service_info), self.service_info, self.policy
        )

    def get(self, path: str, **headers: str) -> AppResponse:
        """Return the answer to GET; names of header fields are given with underscores."""
        return self.request("GET", path, {k.replace("_", "-"): v for k, v in headers.items()})

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
    ) -> AppResponse:
        """Return the answer to any request."""
        return asyncio.run(
            self.request_async(path, method=method, headers=headers, content=content)
        )

    async def request_async(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
    ) -> AppResponse:
        """Return the response to any request, from within an event loop."""
        transport = httpx.ASGITransport(self.app)
        fields = [
            (name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()
        ]
        request = httpx.Request(
            method, f"http://elsewhere.example:1234{path}", headers=fields, content=content
        )
        response = await transport.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        body = b"".join([chunk async for chunk in response.stream])
        return AppResponse(status_code=response.status_code, headers=response.headers, content=body)


def app_client(*posts: Post, policy: HttpPolicy | None = None) -> AppClient:
    """Return a client of a service of ``posts``, by default of two sources, with a named feed."""
    edition = samples.edition(*(posts or POSTS), vocabulary=VOCABULARY, named=[NAMED])
    return AppClient(
        reader=SampleReader(current=edition, ledger=LEDGER), policy=policy or HttpPolicy()
    )


POSTS = (
    *samples.posts(3),
    samples.post(
        "news/2024-03-01-featured.md",
        published=samples.PUBLISHED.replace(month=3, day=1),
        carousel=True,
        categories=(samples.TECHNOLOGY, samples.TTS),
    ),
    samples.post(
        "updates/2024-02-10-una-entrada.md",
        source="updates",
        published=samples.PUBLISHED.replace(month=2, day=10),
        language="es",
        categories=(samples.TTS,),
    ),
)


def ledger_entry(
    post: Post, reason: EventReason | None = "new", generation: int = 1
) -> LedgerEntry:
    """Return a ledger entry: of a removal unless ``reason`` is new or None."""
    row = LedgerRow.from_post(post, is_live=reason in ("new", None), generation=generation)
    return LedgerEntry(row=row, reason=reason, noticed_at=samples.NOW, commit=samples.COMMIT)


GONE = samples.post("news/2024-01-02-gone.md", categories=(samples.TTS,))
LEDGER = (*(ledger_entry(post) for post in POSTS), ledger_entry(GONE, "expired", 2))
"""The ledger entries of the default posts, and of a removed one."""
