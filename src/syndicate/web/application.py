"""The application: every audience behind one door."""

from http import HTTPStatus
from typing import Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from syndicate.model.feed import Masthead
from syndicate.model.position import Record
from syndicate.representation import Press
from syndicate.web.api import Api
from syndicate.web.assets import Assets
from syndicate.web.changes import Changes
from syndicate.web.client_limits import ClientLimits
from syndicate.web.deliveries import Deliveries
from syndicate.web.desk import Desk
from syndicate.web.discovery import Discovery
from syndicate.web.envelope import Envelope
from syndicate.web.feeds import Feeds
from syndicate.web.former import Former
from syndicate.web.hooks import Hooks
from syndicate.web.hub import Hub
from syndicate.web.limit import Allowance, Limit
from syndicate.web.pages import Pages
from syndicate.web.policy import Policy
from syndicate.web.private import Private
from syndicate.web.probes import Probes
from syndicate.web.problems import Problems
from syndicate.web.subscriptions import Subscriptions

_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
"""What scripts of other sites may send: any header field but Authorization, which * leaves out."""


_AUDIENCES: Final = (
    *(Probes, Feeds, Api, Changes, Hooks, Problems, Subscriptions, Deliveries),
    *(Hub, Assets, Discovery, Pages),
)


def application(reader: Record, press: Press, masthead: Masthead, policy: Policy) -> Starlette:
    """Return the ASGI application that serves what ``reader`` has, printed by ``press``."""
    desk = Desk(reader=reader, press=press, masthead=masthead, policy=policy)
    app = Starlette(
        routes=[route for audience in _AUDIENCES for route in audience(desk=desk).routes()],
        middleware=[
            Middleware(Envelope, masthead=masthead),
            *_limits(policy),
            Middleware(
                ClientLimits,
                posts_per_minute=policy.unauthenticated_posts_per_minute,
                failures_per_minute=policy.failed_authentications_per_minute,
                proxies=policy.proxies,
            ),
            Middleware(Former, masthead=masthead, policy=policy),
        ],
        exception_handlers={HTTPException: _refuse},
    )
    app.router.redirect_slashes = False
    return app


def _limits(policy: Policy) -> list[Middleware]:
    if not policy.requests_per_minute:
        return []
    allowance = Allowance(per_minute=policy.requests_per_minute)
    return [Middleware(Limit, allowance=allowance, proxies=policy.proxies)]


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer OPTIONS with what is allowed; leave every other refusal to the envelope."""
    refusal = cast("HTTPException", error)
    status = refusal.status_code
    if status == HTTPStatus.NOT_FOUND:
        raise HTTPException(status, f"nothing is at {request.scope['path']}")
    if status != HTTPStatus.METHOD_NOT_ALLOWED:
        raise refusal
    methods = (refusal.headers or {}).get("Allow", "").split(", ")
    allow = ", ".join(sorted({*methods, "OPTIONS"}))
    if request.method == "OPTIONS":
        shared = {} if isinstance(request.scope["route"], Private) else _PREFLIGHT
        return Response(None, HTTPStatus.NO_CONTENT, {"Allow": allow, **shared})
    raise HTTPException(status, f"{request.method} is not for this", {"Allow": allow})
