"""A local webhook receiver that verifies signatures (`syndicate listen`)."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
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
from syndicate.model.webhook_signature import Secret, active_secrets, verification_error
from syndicate.service.content_service import current_time
from syndicate.service.secret_keys import make_secret_store
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.subscriptions import Subscriptions
from syndicate.web.http import server
from syndicate.web.http.request_body import read_body

_HOST: Final = "127.0.0.1"

MAX_BODY_BYTES: Final = 25 * 2**20
"""Bytes of a request body; more are rejected (413)."""

FindSecrets = Callable[[str], Awaitable[tuple[Secret, ...]]]
"""Returns the active secrets of a subscription, given its id; raises `UnknownName`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """Verifies webhooks sent to any path: responds 204 to a valid signature, else 401.

    ``on_event`` gets the JSON of each valid webhook, ``on_rejected`` the reason for a rejection.
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
        """Verify one webhook."""
        body = bytearray()
        await read_body(request, body.extend, max_bytes=MAX_BODY_BYTES)
        rejection = await self._verification_error(request, bytes(body))
        if rejection:
            self.on_rejected(rejection)
            raise HTTPException(HTTPStatus.UNAUTHORIZED, rejection)
        try:
            self.on_event(msgspec.json.decode(bytes(body), type=dict[str, Any]))
        except msgspec.DecodeError as error:
            self.on_rejected(f"the body is not a JSON object: {error}")
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not a JSON object") from None
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


async def receive_webhooks(
    secret_lookup: AbstractAsyncContextManager[FindSecrets],
    port: int,
    *,
    on_webhook: Callable[[Mapping[str, Any]], None],
    on_rejected: Callable[[str], None],
    on_started: Callable[[str], None],
) -> None:
    """Receive webhooks on a port of the loopback interface until SIGINT or SIGTERM.

    ``on_started`` gets the URL. Raises `SyndicateError` if the port is not available.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stopping.set)

    def report_url(port: int) -> None:
        on_started(f"http://{_HOST}:{port}")

    async with secret_lookup as find_secrets:
        receiver = WebhookReceiver(
            find_secrets=find_secrets,
            on_event=on_webhook,
            on_rejected=on_rejected,
            clock=current_time,
        )
        try:
            await server.serve(
                receiver.create_app(), _HOST, port, stopping=stopping, on_started=report_url
            )
        except SyndicateError as error:
            hint = "Stop the other program, or choose another port with --port."
            raise SyndicateError(error.message, code=error.code, hint=hint) from error


@asynccontextmanager
async def fixed_secret(secret: Secret) -> AsyncIterator[FindSecrets]:
    """Verify all webhooks with ``secret``."""

    async def secrets(_: str) -> tuple[Secret, ...]:
        return (secret,)

    yield secrets


@asynccontextmanager
async def stored_secrets(settings: Settings) -> AsyncIterator[FindSecrets]:
    """Open the database of ``settings`` for the secrets in it; raises `StorageError`."""
    database = await Database.open(settings.database_url)
    subscriptions = Subscriptions(database, make_secret_store(settings))

    async def secrets(subscription_id: str) -> tuple[Secret, ...]:
        subscription = await subscriptions.find(subscription_id)
        if subscription.unreadable_secret:
            subscriptions.secret_store.decode(
                subscription.id, subscription.unreadable_secret
            )  # which says why it cannot
        return active_secrets(subscription.secrets, current_time())

    try:
        yield secrets
    finally:
        await database.close()
