"""Routes that require a bearer token (RFC 6750); no CORS."""

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
"""Bytes of a JSON body; more are rejected (413)."""

_REALM: Final = 'Bearer realm="syndicate"'
CHALLENGE: Final = {"WWW-Authenticate": _REALM}
"""The field of a response 401 to a request without credentials (RFC 6750 section 3)."""

Handler = Callable[[Request], Awaitable[Response]]


class AuthenticatedRoute(Route):
    """A route whose responses scripts of other sites cannot read (no CORS)."""


def authenticated_route(path: str, **handlers: Handler) -> AuthenticatedRoute:
    """Return the route of ``path`` with a handler for each method."""

    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    return AuthenticatedRoute(path, handle, methods=list(handlers))


def bearer_token(request: Request) -> str:
    """Return the bearer token of ``request`` (RFC 6750 section 2.1), empty if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def authenticate(
    request: Request, reader: Services, role: Role = "partner"
) -> tuple[SubscriptionManager, AccessToken]:
    """Return the subscription service and the valid token of ``request``.

    Raises 401 without a valid token, 403 if its role is not sufficient (RFC 6750 section 3.1), and
    `StorageError` if the token cannot be looked up.
    """
    token_text = bearer_token(request)
    if not token_text:
        raise _challenge(HTTPStatus.UNAUTHORIZED, "authentication required: send a bearer token")
    service = await reader.subscription_service()
    token = await service.authenticate(token_text)
    if token is None:
        raise _challenge(
            HTTPStatus.UNAUTHORIZED,
            "the token is unknown, expired or revoked",
            "invalid_token",
        )
    if role == "admin" and token.role != "admin":
        raise _challenge(
            HTTPStatus.FORBIDDEN, f"the role {token.role} is not sufficient", "insufficient_scope"
        )
    return service, token


async def json_body(request: Request) -> object:
    """Return the JSON document in the body of ``request``.

    Raises `HTTPException` for another media type (415) or as `read_body` does, and `UsageError`
    for invalid JSON.
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
            f"the body is not JSON: {error}",
            code="malformed-json",
            hint="Send an object as RFC 8259 has it, in UTF-8.",
        ) from None
    return document


def json_response(
    value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] = {}
) -> Response:
    """Return a response with ``value`` as JSON, which must not be stored."""
    return Response(
        msgspec.json.encode(value),
        status,
        {"Cache-Control": NO_STORE, **headers},
        "application/json",
    )


def _challenge(status: int, message: str, error: str = "") -> HTTPException:
    reason = f', error="{error}", error_description="{message}"' if error else ""
    return HTTPException(status, message, {"WWW-Authenticate": f"{_REALM}{reason}"})
