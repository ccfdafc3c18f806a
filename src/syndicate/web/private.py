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
from syndicate.model.office import Office
from syndicate.model.position import Record
from syndicate.model.token import Role, Token
from syndicate.web.body import read
from syndicate.web.policy import UNKEPT

LARGEST: Final = 16_384
"""Bytes of a body."""

_REALM: Final = 'Bearer realm="syndicate"'
CHALLENGE: Final = {"WWW-Authenticate": _REALM}
"""The header field of an answer 401 to who shows nothing (RFC 6750 section 3)."""

Handle = Callable[[Request], Awaitable[Response]]


class Private(Route):
    """A route of which no answer is shared with other sites (CORS)."""


def private(path: str, **handlers: Handle) -> Private:
    """Return the route of ``path`` with a handler for each method."""

    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    return Private(path, handle, methods=list(handlers))


def bearer(request: Request) -> str:
    """Return the token that ``request`` shows (RFC 6750 section 2.1), empty if it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def enter(request: Request, reader: Record, role: Role = "partner") -> tuple[Office, Token]:
    """Return the office, and the token that ``request`` shows.

    Raises 401 unless that holds, and 403 unless it gives the rights of ``role`` (RFC 6750
    section 3.1); `StorageError` where nobody can say.
    """
    shown = bearer(request)
    if not shown:
        raise _challenge(HTTPStatus.UNAUTHORIZED, "this wants a token")
    office = await reader.office()
    token = await office.token(shown)
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
    return office, token


async def document(request: Request) -> object:
    """Return the JSON that ``request`` sends.

    Raises `HTTPException` if it says it is something else (415) or as `read` does, and
    `UsageError` if it is no JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"the body is {kind or 'of no type'}, not application/json",
            {"Accept": "application/json"},
        )
    body = bytearray()
    await read(request, body.extend, most=LARGEST)
    try:
        found: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"the body is no JSON: {error}",
            code="malformed-json",
            hint="Send an object as RFC 8259 has it, in UTF-8.",
        ) from None
    return found


def said(value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] = {}) -> Response:
    """Answer with ``value`` as JSON that nobody may keep."""
    return Response(
        msgspec.json.encode(value),
        status,
        {"Cache-Control": UNKEPT, **headers},
        "application/json",
    )


def _challenge(status: int, what: str, error: str = "") -> HTTPException:
    reason = f', error="{error}", error_description="{what}"' if error else ""
    return HTTPException(status, what, {"WWW-Authenticate": f"{_REALM}{reason}"})
