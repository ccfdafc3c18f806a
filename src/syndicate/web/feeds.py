"""For feed readers: every feed in every format."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds.formats import FORMATS, Format
from syndicate.web.context import WebContext
from syndicate.web.http.cacheability import get_cacheability
from syndicate.web.http.conditional_response import sendable_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """Answers for /feeds/NAME.FORMAT."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return a route for each format."""
        return [self._route(feed_format) for feed_format in FORMATS.values()]

    def _route(self, feed_format: Format) -> Route:
        async def feed(request: Request) -> Response:
            return await self.feed(request, feed_format)

        return Route(f"/feeds/{{name:path}}.{feed_format.name}", feed)

    async def feed(self, request: Request, feed_format: Format) -> Response:
        """Answer with a feed in ``form``; 308 to its own name if it was asked for by another."""
        context = self.context
        name: str = request.path_params["name"]
        redirection = context.redirect_to_canonical(request, name, f".{feed_format.name}")
        if redirection is not None:
            return redirection
        query = context.query(request)
        representation = await context.feed_cache.get(context.reader, name, query, feed_format)
        response = context.respond(request, representation)
        is_current = context.feed_cache.validator(context.reader, name, query, feed_format)
        date = representation.last_modified
        if date is not None and "last-modified" not in response.headers:
            is_current = _valid_until(sendable_from(date), is_current)
        get_cacheability(request.scope).is_current = is_current
        return response


def _valid_until(end: datetime, is_current: Callable[[], bool]) -> Callable[[], bool]:
    """Return what tells ``is_current`` before ``moment``, and False from then on."""
    timestamp = end.timestamp()
    return lambda: time.time() < timestamp and is_current()
