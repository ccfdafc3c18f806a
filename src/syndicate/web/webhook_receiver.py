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
from syndicate.model.webhook_signature import Secret, verification_error
from syndicate.web.http.request_body import read_body

MAX_BODY_BYTES: Final = 25 * 2**20
"""Bytes of a body."""

FindSecrets = Callable[[str], Awaitable[tuple[Secret, ...]]]
"""Tells the live secrets of a subscription, given its id; raises `UnknownName`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """Receives webhooks at any path: 204 to what was signed with a known secret, else 401 and why.

    ``heard`` is given the JSON of each, ``refused`` why one was not believed.
    """

    find_secrets: FindSecrets
    on_event: Callable[[Mapping[str, Any]], None]
    on_rejected: Callable[[str], None]
    clock: Callable[[], datetime]

    def create_app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[Route("/{path:path}", self.receive, methods=["POST"])],
            exception_handlers={SyndicateError: _handle_error},
        )

    async def receive(self, request: Request) -> Response:
        """Take one webhook."""
        body = bytearray()
        await read_body(request, body.extend, max_bytes=MAX_BODY_BYTES)
        rejection = await self._verification_error(request, bytes(body))
        if rejection:
            self.on_rejected(rejection)
            raise HTTPException(HTTPStatus.UNAUTHORIZED, rejection)
        try:
            self.on_event(msgspec.json.decode(bytes(body), type=dict[str, Any]))
        except msgspec.DecodeError as error:
            self.on_rejected(f"the body is no JSON object: {error}")
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is no JSON object") from None
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _verification_error(self, request: Request, body: bytes) -> str:
        try:
            secrets = await self.find_secrets(request.headers.get("syndicate-subscription", ""))
        except UnknownName as error:
            return error.message
        return verification_error(
            secrets, headers=dict(request.headers), body=body, now=self.clock()
        )


async def _handle_error(_: Request, error: Exception) -> Response:
    failure = cast("SyndicateError", error)
    return PlainTextResponse(failure.message, failure.status)
