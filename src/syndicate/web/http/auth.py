"""Routes that require a bearer token (RFC 6750); no CORS."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import Forbidden, Gone, Unauthenticated, UsageError
from syndicate.model.access_token import AccessToken, Role
from syndicate.model.audit import Actor
from syndicate.web.http.problem_details import REALM
from syndicate.web.http.request_body import read_body
from syndicate.web.http_policy import NO_STORE
from syndicate.web.services import Services, SubscriptionManager

MAX_BODY_BYTES: Final = 16_384
"""Bytes of a JSON body; more are rejected (413)."""

CHALLENGE: Final = {"WWW-Authenticate": REALM}
"""The field of a response 401 to a request without credentials (RFC 6750 section 3)."""

PARTNERS: Final = frozenset[Role]({"admin", "partner"})
"""Roles that manage subscriptions; partners only their own."""

EDITORS: Final = frozenset[Role]({"admin", "editor"})
"""Roles that see explanations, checks, problems and previews of posts."""

ADMINS: Final = frozenset[Role]({"admin"})

READING_METHODS: Final = frozenset({"GET", "HEAD"})

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
    request: Request, reader: Services, roles: Collection[Role], address: str
) -> tuple[SubscriptionManager, AccessToken]:
    """Return the subscription service, acting for the token of ``request``, and that token.

    ``address`` is the IP address of the client. Raises 401 without a valid token, `Forbidden` if
    its role is none of ``roles`` or the request changes something and the token is read-only
    (RFC 6750 section 3.1), `StorageError` if the token cannot be looked up, and `Gone` if it is not
    valid and the database was lost.
    """
    token_text = bearer_token(request)
    if not token_text:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED, "authentication required: send a bearer token", CHALLENGE
        )
    service = await reader.subscription_service()
    try:
        token = await service.access.authenticate(token_text, address)
    except Unauthenticated as error:
        if reader.readiness.is_database_lost:
            raise database_lost() from error
        raise
    check_rights(token, roles, is_write=request.method not in READING_METHODS)
    return service.acting_as(Actor.from_token(token, address)), token


def database_lost() -> Gone:
    """Return the error for an invalid token after the database was lost."""
    return Gone(
        "the database with tokens and subscriptions was lost",
        code="database-lost",
        hint="Keep your copy and your endpoint. The operator restores a backup, or gives you a new"
        " token: then subscribe again, and replace your copy by /v1/changes.",
    )


def check_rights(token: AccessToken, roles: Collection[Role], *, is_write: bool) -> None:
    """Raise `Forbidden` unless ``token`` has one of ``roles`` and may write if ``is_write``."""
    if token.role not in roles:
        raise Forbidden(
            f"the role {token.role} is not sufficient",
            code="forbidden",
            hint=f"Use a token with the role {' or '.join(sorted(roles))}.",
        )
    if is_write and token.read_only:
        raise Forbidden(
            "the token is read-only",
            code="read-only-token",
            hint="Use a token that was created without --read-only.",
        )


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
