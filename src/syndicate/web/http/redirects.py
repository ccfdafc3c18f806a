"""Redirects (301), withdrawn URLs (410) and trailing slashes."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import Scope

from syndicate.errors import Gone
from syndicate.feeds.redirects import redirect_target
from syndicate.model.feed import ServiceInfo
from syndicate.web.http_policy import HttpPolicy

MAX_LOCATION_BYTES: Final = 1_200
"""Bytes of a URL to redirect to: the header of a response stays below 2 kB."""

_READING_METHODS: Final = frozenset({"GET", "HEAD"})


def redirect_moved(
    scope: Scope, service_info: ServiceInfo, policy: HttpPolicy
) -> RedirectResponse | None:
    """Return the redirect for a request of a URL that has moved, None for any other.

    Raises `Gone` for one that was withdrawn.
    """
    target = redirect_target(scope["path"], policy.redirects)
    if target is None:
        return None
    if not target:
        raise Gone(
            f"what was at {scope['path']} has been withdrawn",
            code="gone",
            hint="Stop asking for it; / lists the feeds there are.",
        )
    query = scope["query_string"].decode("latin-1")
    # After 301, clients repeat a POST as GET.
    is_reading = scope["method"] in _READING_METHODS
    status = HTTPStatus.MOVED_PERMANENTLY if is_reading else HTTPStatus.PERMANENT_REDIRECT
    return redirect_response(service_info, policy, target, query, status=status)


def redirect_response(
    service_info: ServiceInfo,
    policy: HttpPolicy,
    target: str,
    query: str = "",
    *,
    status: HTTPStatus = HTTPStatus.MOVED_PERMANENTLY,
) -> RedirectResponse:
    """Return a redirect to ``target``, a path of this service or a URL, with ``query`` added.

    Not 308 (RFC 9110 section 15.4.9), which several feed readers do not follow. Raises
    `HTTPException` (414) if the URL would be longer than `MAX_LOCATION_BYTES`.
    """
    url = service_info.url(target) if target.startswith("/") else target
    separator = "&" if "?" in url else "?"
    response = RedirectResponse(
        f"{url}{separator}{query}" if query else url,
        status_code=status,
        headers={"Cache-Control": policy.cache_control},
    )
    if len(response.headers["location"]) > MAX_LOCATION_BYTES:
        detail = f"the URL has moved, and the new one is longer than {MAX_LOCATION_BYTES:,} bytes"
        raise HTTPException(414, detail)
    return response
