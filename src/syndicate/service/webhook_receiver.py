"""A receiver on this machine, for trying subscriptions out."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from syndicate.errors import SyndicateError
from syndicate.model.webhook_signature import Secret, active_secrets
from syndicate.service.content_service import current_time
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.web.http import server
from syndicate.web.webhook_receiver import FindSecrets, WebhookReceiver

_HOST: Final = "127.0.0.1"


async def receive_webhooks(
    secret_lookup: AbstractAsyncContextManager[FindSecrets],
    port: int,
    *,
    on_webhook: Callable[[Mapping[str, Any]], None],
    on_rejected: Callable[[str], None],
    on_started: Callable[[str], None],
) -> None:
    """Receive on a port of loopback until a signal says to stop (SIGINT, SIGTERM).

    ``heard`` and ``refused`` are told as by a `WebhookReceiver`, ``started`` is told the address.

    Raises:
    `SyndicateError` if the port cannot be had.
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
    """Take everything as signed with ``secret``."""

    async def secrets(_: str) -> tuple[Secret, ...]:
        return (secret,)

    yield secrets


@asynccontextmanager
async def stored_secrets(settings: Settings) -> AsyncIterator[FindSecrets]:
    """Open the database of ``settings`` for the secrets in it; raises `StorageError`."""
    database = await Database.open(settings.database_url)
    subscriptions = Subscriptions(database, SecretStore(settings.service.secret_key))

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
