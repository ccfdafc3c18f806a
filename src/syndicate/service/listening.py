"""A receiver on this machine, for trying subscriptions out."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from syndicate.errors import SyndicateError
from syndicate.model.signature import Secret, live
from syndicate.service.newsroom import now
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from syndicate.web import server
from syndicate.web.listen import Listener, Secrets

_HOST: Final = "127.0.0.1"


async def listen(
    secrets: AbstractAsyncContextManager[Secrets],
    port: int,
    *,
    heard: Callable[[Mapping[str, Any]], None],
    refused: Callable[[str], None],
    started: Callable[[str], None],
) -> None:
    """Receive on a port of loopback until a signal says to stop (SIGINT, SIGTERM).

    ``heard`` and ``refused`` are told as by a `Listener`, ``started`` is told the address. Raises
    `SyndicateError` if the port cannot be had.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)

    def tell(port: int) -> None:
        started(f"http://{_HOST}:{port}")

    async with secrets as opened:
        listener = Listener(secrets=opened, heard=heard, refused=refused, clock=now)
        try:
            await server.run(listener.application(), _HOST, port, stopping=stopping, started=tell)
        except SyndicateError as error:
            hint = "Stop the other program, or choose another port with --port."
            raise SyndicateError(error.what, code=error.code, hint=hint) from error


@asynccontextmanager
async def known(secret: Secret) -> AsyncIterator[Secrets]:
    """Take everything as signed with ``secret``."""

    async def secrets(_: str) -> tuple[Secret, ...]:
        return (secret,)

    yield secrets


@asynccontextmanager
async def stored(settings: Settings) -> AsyncIterator[Secrets]:
    """Open the database of ``settings`` for the secrets in it; raises `StorageError`."""
    database = await Database.open(settings.database_url)
    subscriptions = Subscriptions(database, Safe(settings.service.secret_key))

    async def secrets(which: str) -> tuple[Secret, ...]:
        found = await subscriptions.find(which)
        if found.sealed:
            subscriptions.safe.load(found.id, found.sealed)  # which says why it cannot
        return live(found.secrets, now())

    try:
        yield secrets
    finally:
        await database.close()
