"""The application: every audience behind one door."""

from http import HTTPStatus
from typing import Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from syndicate.feeds import FeedCache
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger_cursor import Services
from syndicate.web.api import Api
from syndicate.web.assets import Assets
from syndicate.web.changes import Changes
from syndicate.web.content_problems import ContentProblems
from syndicate.web.context import WebContext
from syndicate.web.deliveries import Deliveries
from syndicate.web.discovery import Discovery
from syndicate.web.feeds import Feeds
from syndicate.web.health import Health
from syndicate.web.http.auth import AuthenticatedRoute
from syndicate.web.http.client_limits import AuthenticationLimitMiddleware
from syndicate.web.http.middleware import ResponseMiddleware
from syndicate.web.http.rate_limit import RateLimitMiddleware, TokenBuckets
from syndicate.web.http.redirects import RedirectMiddleware
from syndicate.web.http_policy import HttpPolicy
from syndicate.web.hub import Hub
from syndicate.web.pages import Pages
from syndicate.web.push_hooks import PushHooks
from syndicate.web.subscriptions import Subscriptions

_PREFLIGHT_HEADERS: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
"""What scripts of other sites may send: any header field but Authorization, which * leaves out."""


_ROUTE_GROUPS: Final = (
    *(Health, Feeds, Api, Changes, PushHooks, ContentProblems, Subscriptions, Deliveries),
    *(Hub, Assets, Discovery, Pages),
)


def create_app(
    reader: Services, feed_cache: FeedCache, service_info: ServiceInfo, policy: HttpPolicy
) -> Starlette:
    """Return the ASGI application that serves what ``reader`` has, printed by ``press``."""
    context = WebContext(
        reader=reader, feed_cache=feed_cache, service_info=service_info, policy=policy
    )
    app = Starlette(
        routes=[route for group in _ROUTE_GROUPS for route in group(context=context).routes()],
        middleware=[
            Middleware(ResponseMiddleware, service_info=service_info),
            *_rate_limit_middleware(policy),
            Middleware(
                AuthenticationLimitMiddleware,
                posts_per_minute=policy.unauthenticated_posts_per_minute,
                failures_per_minute=policy.failed_authentications_per_minute,
                proxies=policy.proxies,
            ),
            Middleware(RedirectMiddleware, service_info=service_info, policy=policy),
        ],
        exception_handlers={HTTPException: _handle_http_exception},
    )
    app.router.redirect_slashes = False
    return app


def _rate_limit_middleware(policy: HttpPolicy) -> list[Middleware]:
    if not policy.requests_per_minute:
        return []
    buckets = TokenBuckets(per_minute=policy.requests_per_minute)
    return [Middleware(RateLimitMiddleware, buckets=buckets, proxies=policy.proxies)]


async def _handle_http_exception(request: Request, error: Exception) -> Response:
    """Answer OPTIONS with what is allowed; leave every other refusal to the envelope."""
    exception = cast("HTTPException", error)
    status = exception.status_code
    if status == HTTPStatus.NOT_FOUND:
        raise HTTPException(status, f"nothing is at {request.scope['path']}")
    if status != HTTPStatus.METHOD_NOT_ALLOWED:
        raise exception
    methods = (exception.headers or {}).get("Allow", "").split(", ")
    allow = ", ".join(sorted({*methods, "OPTIONS"}))
    if request.method == "OPTIONS":
        cors_headers = (
            {} if isinstance(request.scope["route"], AuthenticatedRoute) else _PREFLIGHT_HEADERS
        )
        return Response(None, HTTPStatus.NO_CONTENT, {"Allow": allow, **cors_headers})
    raise HTTPException(status, f"{request.method} is not for this", {"Allow": allow})
