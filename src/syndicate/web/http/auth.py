"""Rooms for those alone who show a token (RFC 6750), and not for scripts of other sites."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import UsageError
from syndicate.model.access_token import AccessToken, Role
from syndicate.web.http.request_body import read_body
from syndicate.web.http_policy import NO_STORE
from syndicate.web.services import Services, SubscriptionManager

MAX_BODY_BYTES: Final = 16_384
"""Bytes of a body."""

_REALM: Final = 'Bearer realm="syndicate"'
CHALLENGE: Final = {"WWW-Authenticate": _REALM}
"""The header field of an answer 401 to who shows nothing (RFC 6750 section 3)."""

Handler = Callable[[Request], Awaitable[Response]]


class AuthenticatedRoute(Route):
    """A route of which no answer is shared with other sites (CORS)."""


def authenticated_route(path: str, **handlers: Handler) -> AuthenticatedRoute:
    """Return the route of ``path`` with a handler for each method."""

    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    return AuthenticatedRoute(path, handle, methods=list(handlers))


def bearer_token(request: Request) -> str:
    """Return the token that ``request`` shows (RFC 6750 section 2.1), empty if it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def authenticate(
    request: Request, reader: Services, role: Role = "partner"
) -> tuple[SubscriptionManager, AccessToken]:
    """Return the office, and the token that ``request`` shows.

    Raises 401 unless that holds, and 403 unless it gives the rights of ``role`` (RFC 6750
    section 3.1); `StorageError` where nobody can say.
    """
    token_text = bearer_token(request)
    if not token_text:
        raise _challenge(HTTPStatus.UNAUTHORIZED, "this wants a token")
    service = await reader.subscription_service()
    token = await service.authenticate(token_text)
    if token is None:
        raise _challenge(
            HTTPStatus.UNAUTHORIZED,
            "the token is not known, or not good any more",
            "invalid_token",
        )
    if role == "admin" and token.role != "admin":
        raise _challenge(
            HTTPStatus.FORBIDDEN, f"this is not for the role {token.role}", "insufficient_scope"
        )
    return service, token


async def json_body(request: Request) -> object:
    """Return the JSON that ``request`` sends.

    Raises `HTTPException` if it says it is something else (415) or as `read` does, and
    `UsageError` if it is no JSON.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"the body is {media_type or 'of no type'}, not application/json",
            {"Accept": "application/json"},
        )
    body = bytearray()
    await read_body(request, body.extend, max_bytes=MAX_BODY_BYTES)
    try:
        document: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"the body is no JSON: {error}",
            code="malformed-json",
            hint="Send an object as RFC 8259 has it, in UTF-8.",
        ) from None
    return document


def json_response(
    value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] = {}
) -> Response:
    """Answer with ``value`` as JSON that nobody may keep."""
    return Response(
        msgspec.json.encode(value),
        status,
        {"Cache-Control": NO_STORE, **headers},
        "application/json",
    )


def _challenge(status: int, message: str, error: str = "") -> HTTPException:
    reason = f', error="{error}", error_description="{message}"' if error else ""
    return HTTPException(status, message, {"WWW-Authenticate": f"{_REALM}{reason}"})
