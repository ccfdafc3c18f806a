"""For whoever builds a receiver: one that verifies what it is sent, and passes it on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from syndicate.errors import SyndicateError, UnknownName
from syndicate.model.signature import Secret, fault
from syndicate.web.body import read

LARGEST: Final = 25 * 2**20
"""Bytes of a body."""

Secrets = Callable[[str], Awaitable[tuple[Secret, ...]]]
"""Tells the live secrets of a subscription, given its id; raises `UnknownName`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Receives webhooks at any path: 204 to what was signed with a known secret, else 401 and why.

    ``heard`` is given the JSON of each, ``refused`` why one was not believed.
    """

    secrets: Secrets
    heard: Callable[[Mapping[str, Any]], None]
    refused: Callable[[str], None]
    clock: Callable[[], datetime]

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[Route("/{path:path}", self.receive, methods=["POST"])],
            exception_handlers={SyndicateError: _fail},
        )

    async def receive(self, request: Request) -> Response:
        """Take one webhook."""
        body = bytearray()
        await read(request, body.extend, most=LARGEST)
        why = await self._fault(request, bytes(body))
        if why:
            self.refused(why)
            raise HTTPException(HTTPStatus.UNAUTHORIZED, why)
        try:
            self.heard(msgspec.json.decode(bytes(body), type=dict[str, Any]))
        except msgspec.DecodeError as error:
            self.refused(f"the body is no JSON object: {error}")
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is no JSON object") from None
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _fault(self, request: Request, body: bytes) -> str:
        try:
            secrets = await self.secrets(request.headers.get("syndicate-subscription", ""))
        except UnknownName as error:
            return error.what
        return fault(secrets, headers=dict(request.headers), body=body, now=self.clock())


async def _fail(_: Request, error: Exception) -> Response:
    failure = cast("SyndicateError", error)
    return PlainTextResponse(failure.what, failure.status)
