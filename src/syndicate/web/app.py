"""The web application: all routes, middleware and the response cache."""

from difflib import get_close_matches
from functools import partial
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import NotReady, UnknownName
from syndicate.feeds import FeedCache
from syndicate.model.feed import ServiceInfo
from syndicate.model.near_misses import near_misses
from syndicate.web.api import Api, ContentProblems
from syndicate.web.assets import Assets
from syndicate.web.changes import Changes
from syndicate.web.context import WebContext
from syndicate.web.developers import Developers
from syndicate.web.discovery import Discovery
from syndicate.web.docs_site import DocsSite
from syndicate.web.editors import EditorPages
from syndicate.web.embeds import Embeds
from syndicate.web.feed_pages import FeedPages
from syndicate.web.feeds import Feeds
from syndicate.web.health import Health
from syndicate.web.http.auth import AuthenticatedRoute
from syndicate.web.http.middleware import ResponseMiddleware
from syndicate.web.http.rate_limit import RateLimiter, TokenBuckets
from syndicate.web.http.response_cache import ResponseCache
from syndicate.web.http_policy import HttpPolicy
from syndicate.web.hub import Hub
from syndicate.web.pages import Pages
from syndicate.web.portal import Portal
from syndicate.web.portal_subscriptions import PortalSubscriptions
from syndicate.web.push_hooks import PushHooks
from syndicate.web.services import Services
from syndicate.web.source_pages import SourcePages
from syndicate.web.subscriptions import Deliveries, Subscriptions

_PREFLIGHT_HEADERS: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
"""CORS preflight: scripts of any site may send any field but Authorization, which * excludes."""


_ROUTE_GROUPS: Final = (
    *(Health, Feeds, Api, Changes, PushHooks, ContentProblems, Subscriptions, Deliveries),
    *(Hub, Assets, Discovery, Developers, Embeds, DocsSite, EditorPages, Portal),
    *(PortalSubscriptions, SourcePages, Pages, FeedPages),
)


def create_app(
    reader: Services, feed_cache: FeedCache, service_info: ServiceInfo, policy: HttpPolicy
) -> ResponseCache:
    """Return the ASGI application: all routes, behind the cache of responses."""
    context = WebContext(
        reader=reader, feed_cache=feed_cache, service_info=service_info, policy=policy
    )
    rate_limiter = _rate_limiter(policy)
    app = Starlette(
        routes=[route for group in _ROUTE_GROUPS for route in group(context=context).routes()],
        middleware=[
            Middleware(
                ResponseMiddleware,
                service_info=service_info,
                policy=policy,
                rate_limiter=rate_limiter,
            )
        ],
        exception_handlers={HTTPException: partial(_handle_http_exception, context)},
    )
    app.router.redirect_slashes = False
    return ResponseCache(
        app,
        routes=app.routes,
        reader=reader,
        feed_cache=feed_cache,
        rate_limiter=rate_limiter,
    )


def _rate_limiter(policy: HttpPolicy) -> RateLimiter | None:
    if not policy.requests_per_minute:
        return None
    buckets = TokenBuckets(per_minute=policy.requests_per_minute)
    return RateLimiter(buckets=buckets, proxies=policy.proxies)


async def _handle_http_exception(
    context: WebContext, request: Request, error: Exception
) -> Response:
    """Respond to OPTIONS with the allowed methods; leave all other errors to the middleware."""
    exception = cast("HTTPException", error)
    status = exception.status_code
    if status == HTTPStatus.SEE_OTHER:
        return Response(None, status, exception.headers)
    if status == HTTPStatus.NOT_FOUND:
        raise _not_found(request.scope["path"], context)
    if status != HTTPStatus.METHOD_NOT_ALLOWED:
        raise exception
    methods = (exception.headers or {}).get("Allow", "").split(", ")
    allow = ", ".join(sorted({*methods, "OPTIONS"}))
    if request.method == "OPTIONS":
        cors_headers = (
            {} if isinstance(request.scope["route"], AuthenticatedRoute) else _PREFLIGHT_HEADERS
        )
        return Response(None, HTTPStatus.NO_CONTENT, {"Allow": allow, **cors_headers})
    raise HTTPException(status, f"method {request.method} is not allowed here", {"Allow": allow})


def _not_found(path: str, context: WebContext) -> UnknownName:
    """Return the error for a URL that no route has, with the feeds that may be meant."""
    name = PurePosixPath(path).stem
    try:
        feeds = sorted(context.edition.feeds)
    except NotReady:
        feeds = []
    nearby = get_close_matches(name, near_misses(name, feeds)) if feeds else []
    return UnknownName(
        f"there is nothing at {path}",
        code="not-found",
        hint="The feeds are listed at /, the API is described at /openapi.json.",
        choices=tuple(nearby),
        choices_total=len(nearby),
    )
