"""Feeds in every format: /feeds/NAME.FORMAT, and the usual paths of a feed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final
from weakref import ref

from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds import FeedRequest
from syndicate.feeds.formats import FORMATS, Format
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import FeedLocation
from syndicate.web.context import WebContext, raw_query
from syndicate.web.http.conditional_response import conditional_response, sendable_from
from syndicate.web.http.redirects import redirect_response
from syndicate.web.http.response_cache import mark_cacheable
from syndicate.web.http_policy import NO_CACHE, NO_STORE

_MAX_REQUESTS: Final = 2_048
_MAX_QUERY_BYTES: Final = 512

_USUAL_PATHS: Final = {
    "/feed": "rss",
    "/rss": "rss",
    "/rss.xml": "rss",
    "/feed.xml": "rss",
    "/index.xml": "rss",
    "/atom.xml": "atom",
    "/feed.json": "json",
}
"""Paths at which feed readers and people look for the feed of a site, each with its format."""


class ResolvedRequests:
    """Feed requests by URL, as far as they were resolved for the edition in service.

    Goal: a request that was answered before passes through ten files at most; resolving name and
    query again takes two more files and 60 µs.
    """

    def __init__(self) -> None:
        self._edition: ref[Edition] | None = None
        self._requests = LRUCache[tuple[str, str, bytes], FeedRequest](_MAX_REQUESTS)

    def get(self, edition: Edition, url: tuple[str, str, bytes]) -> FeedRequest | None:
        """Return the request resolved for ``url`` (format, name, query), None if there is none."""
        if self._edition is None or self._edition() is not edition:
            self._edition = ref(edition)
            self._requests.clear()
        return self._requests.get(url)

    def put(self, url: tuple[str, str, bytes], feed_request: FeedRequest) -> None:
        """Store a request for the edition of the last `get`; not if its query is very long."""
        if len(url[2]) <= _MAX_QUERY_BYTES:
            self._requests[url] = feed_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """Handles /feeds/NAME.FORMAT."""

    context: WebContext
    resolved: ResolvedRequests = field(default_factory=ResolvedRequests)

    def routes(self) -> list[Route]:
        """Return a route for each format, and for each usual path of a feed."""
        return [
            *(
                Route(f"/feeds/{{name:path}}.{feed_format.name}", self._make_endpoint(feed_format))
                for feed_format in FORMATS.values()
            ),
            *(Route(path, self.redirect_to_all) for path in _USUAL_PATHS),
        ]

    def _make_endpoint(self, feed_format: Format) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self.feed(request, feed_format)

        return endpoint

    async def redirect_to_all(self, request: Request) -> Response:
        """Redirect one of the usual paths of a feed to the feed of all posts in its format."""
        url = FeedLocation(ALL).url(
            self.context.service_info, f".{_USUAL_PATHS[request.scope['path']]}"
        )
        return redirect_response(
            self.context.service_info, self.context.policy, url, raw_query(request)
        )

    async def feed(self, request: Request, feed_format: Format) -> Response:
        """Respond with a feed; 301 to its canonical name if requested by another one."""
        context, name = self.context, request.path_params["name"]
        reader = context.reader
        edition, removed = reader.edition, reader.removed
        url = (feed_format.name, name, request.scope["query_string"])
        feed_request = self.resolved.get(edition, url)
        if feed_request is None:
            redirect = context.redirect_to_canonical(request, edition, name, f".{feed_format.name}")
            if redirect is not None:
                return redirect
            query = context.query(request, edition)
            feed_request = FeedRequest(name=name, query=query, feed_format=feed_format)
            self.resolved.put(url, feed_request)
        feed_cache = context.feed_cache
        representation = await feed_cache.get(reader, edition, feed_request, removed=removed)
        is_provisional = representation.is_provisional
        cache_control = NO_CACHE if is_provisional else context.policy.cache_control_of(edition)
        response = conditional_response(request, representation, cache_control=cache_control)
        version = feed_cache.current_version(edition, removed, feed_request.key)
        if version is not None:
            date = representation.last_modified
            waits = date is not None and "last-modified" not in response.headers
            end = sendable_from(date).timestamp() if date is not None and waits else inf
            if cache_control == NO_STORE:
                end = min(end, context.policy.no_store_until(edition))
            mark_cacheable(request.scope, feed_request.key, version, end)
        return response
