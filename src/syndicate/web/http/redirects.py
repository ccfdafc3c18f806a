"""Addresses that are no more: moved (308), gone (410), or written with a slash too many."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.errors import Gone
from syndicate.feeds.formats import FORMATS
from syndicate.model.feed import ServiceInfo
from syndicate.web.http_policy import HttpPolicy

MAX_LOCATION_BYTES: Final = 1_200
"""Bytes of an address that is redirected to: the head of an answer stays below 2 kB."""


class RedirectMiddleware:
    """ASGI middleware that knows the redirects of a policy."""

    def __init__(self, app: ASGIApp, *, service_info: ServiceInfo, policy: HttpPolicy) -> None:
        self._app = app
        self._service_info = service_info
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a former address; pass on every other."""
        target = redirect_target(scope.get("path", ""), self._policy.redirects)
        if target is None:
            await self._app(scope, receive, send)
            return
        if not target:
            raise Gone(
                f"what was at {scope['path']} has been withdrawn",
                code="gone",
                hint="Stop asking for it; / lists the feeds there are.",
            )
        query = scope["query_string"].decode("latin-1")
        response = redirect_response(self._service_info, self._policy, target, query)
        await response(scope, receive, send)


def redirect_target(path: str, redirects: Mapping[str, str]) -> str | None:
    """Return what took the place of ``path``, empty if nothing did, None if it is still there.

    A feed that moved takes its formats along: what is said of /feeds/a holds for /feeds/a.rss.
    No address of ours ends with a slash, but the first.
    """
    if path in redirects:
        return redirects[path]
    if path.endswith("/") and path != "/":
        return f"/{path.strip('/')}"
    suffix = PurePosixPath(path).suffix
    if suffix[1:] not in FORMATS:
        return None
    target = redirects.get(path.removesuffix(suffix))
    return f"{target}{suffix}" if target else target


def redirect_response(
    service_info: ServiceInfo, policy: HttpPolicy, target: str, query: str = ""
) -> RedirectResponse:
    """Return 308 to ``target``, a path of ours or an address elsewhere, with ``query`` added.

    Raises `HTTPException` (414) if the address were longer than `MAX_LOCATION_BYTES`.
    """
    url = service_info.url(target) if target.startswith("/") else target
    separator = "&" if "?" in url else "?"
    response = RedirectResponse(
        f"{url}{separator}{query}" if query else url,
        status_code=308,
        headers={"Cache-Control": policy.cache_control},
    )
    if len(response.headers["location"]) > MAX_LOCATION_BYTES:
        detail = (
            f"the address has moved, and the new one is longer than {MAX_LOCATION_BYTES:,} bytes"
        )
        raise HTTPException(414, detail)
    return response
