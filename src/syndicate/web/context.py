"""Shared dependencies of all route handlers, and the cache of documents beside feeds."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from weakref import ref

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndicate.errors import Rendering, StorageError
from syndicate.feeds import FeedCache, Representation, with_unambiguous_date
from syndicate.feeds.feed_location import resolve_feed
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link, essence
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.model.access_token import AccessToken, Role
from syndicate.model.edition import Edition
from syndicate.model.feed import FeedLocation, ServiceInfo
from syndicate.model.post import Post, RenderedPosts
from syndicate.model.query import Query, parse_query
from syndicate.web.feed_directory import PostCounts, PostCountsCache
from syndicate.web.http.auth import (
    PARTNERS,
    authenticate,
)
from syndicate.web.http.conditional_response import conditional_response
from syndicate.web.http.rate_limit import scope_client_key
from syndicate.web.http.redirects import redirect_response
from syndicate.web.http_policy import NO_CACHE, HttpPolicy
from syndicate.web.services import Services, SubscriptionManager

BuildDocument = Callable[[Edition], Awaitable[Representation]]

_CACHE_BYTES: Final = 16 * 2**20


class _CachedDocument(NamedTuple):
    edition: ref[Edition]
    representation: Representation


class DocumentCache:
    """Caches pages, API responses and other documents, each until the next edition.

    Beyond ``max_bytes`` the least recently used go first.
    """

    def __init__(self, *, max_bytes: int = _CACHE_BYTES) -> None:
        self._documents = SizedLruCache[tuple[str, ...], _CachedDocument](
            max_bytes, getsizeof=lambda cached: cached.representation.size
        )

    async def get(
        self, edition: Edition, key: tuple[str, ...], build: BuildDocument
    ) -> Representation:
        """Return the document of ``edition`` stored under ``key``, or ``build`` and store it.

        A provisional document is not stored.
        """
        cached = self._documents.get(key)
        if cached is not None and cached.edition() is edition:
            return cached.representation
        representation = with_unambiguous_date(
            await build(edition), cached and cached.representation
        )
        if not representation.is_provisional:
            self._documents[key] = _CachedDocument(ref(edition), representation)
        return representation


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """What all route handlers share."""

    reader: Services
    feed_cache: FeedCache
    service_info: ServiceInfo
    policy: HttpPolicy
    document_cache: DocumentCache = field(default_factory=DocumentCache)
    post_counts_cache: PostCountsCache = field(default_factory=PostCountsCache)

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first."""
        return self.reader.edition

    async def authenticate(
        self, request: Request, roles: Collection[Role] = PARTNERS
    ) -> tuple[SubscriptionManager, AccessToken]:
        """Return the subscription service and the token of ``request``, as `auth` says."""
        address = scope_client_key(request.scope, self.policy.proxies)
        return await authenticate(request, self.reader, roles, address)

    async def audit_failure(self, request: Request, reason: str) -> None:
        """Record invalid credentials other than tokens, as far as there is a database."""
        address = scope_client_key(request.scope, self.policy.proxies)
        with suppress(StorageError):
            service = await self.reader.subscription_service()
            await service.access.record_failure(reason, address)

    def query(self, request: Request, edition: Edition) -> Query:
        """Parse the query of ``request``; raises `UsageError`, which lists the valid values."""
        return parse_query(request.query_params.multi_items(), edition)

    def post_counts(self, edition: Edition) -> PostCounts:
        """Return the number of posts of each source and category of ``edition``."""
        return self.post_counts_cache.get(edition)

    def next_url(self, path: str, limit: int, after: str | None) -> str | None:
        """Return the URL of the next page of the list at ``path``, None on the last page."""
        if after is None:
            return None
        return self.service_info.url(f"{path}?{Query(limit=limit, after=after).canonical()}")

    def redirect_to_canonical(
        self, request: Request, edition: Edition, name: str, suffix: str
    ) -> RedirectResponse | None:
        """Return the redirect if the feed called ``name`` has another URL, else None.

        Raises `UnknownName` if there is no such feed in any spelling.
        """
        location = resolve_feed(edition, name)
        if location == FeedLocation(name):
            return None
        return redirect_response(
            self.service_info,
            self.policy,
            location.url(self.service_info, suffix),
            raw_query(request),
        )

    async def respond_with_document(
        self,
        request: Request,
        key: tuple[str, ...],
        build: BuildDocument,
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Respond with the document that is built once per edition and cached under ``key``."""
        document = await self.document(key, build)
        return self.respond(request, document, headers, edition=self.edition)

    async def document(self, key: tuple[str, ...], build: BuildDocument) -> Representation:
        """Return the document that is built once per edition and cached under ``key``."""
        return await self.document_cache.get(self.edition, key, build)

    def respond(
        self,
        request: Request,
        representation: Representation,
        headers: Mapping[str, str] = {},
        *,
        edition: Edition | None = None,
    ) -> Response:
        """Respond with ``representation``, which caches may store unless it is provisional.

        ``edition`` is what it was made of, if anything of it depends on posts.
        """
        cache_control = self.policy.cache_control_of(edition)
        if representation.is_provisional:
            cache_control = NO_CACHE
        return conditional_response(
            request, representation, cache_control=cache_control, headers=headers
        )

    async def rendered_posts(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Render ``posts``, or return their last version; raises `Rendering` if one has none."""
        rendered = await self.reader.render_posts_in_time(posts, edition)
        if rendered.unrendered:
            raise Rendering.of(len(rendered.unrendered))
        return rendered

    def alternate_links(self, location: FeedLocation) -> tuple[Link, ...]:
        """Return links to all formats of a feed."""
        return tuple(
            Link(
                rel="alternate",
                href=location.url(self.service_info, f".{feed_format.name}"),
                type=essence(feed_format.media_type),
            )
            for feed_format in FORMATS.values()
        )


def service_links(service_info: ServiceInfo) -> tuple[Link, ...]:
    """Return links to the description of the API and to its documentation (RFC 8631)."""
    return (
        Link(rel="service-desc", href=service_info.url("/openapi.json"), type="application/json"),
        Link(rel="service-doc", href=service_info.url("/developers"), type="text/html"),
    )


def raw_query(request: Request) -> str:
    """Return the query string of ``request`` as it was sent, without the question mark."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")
