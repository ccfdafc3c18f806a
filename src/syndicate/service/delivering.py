"""Delivering: on its own, or beside the serving of feeds."""

import asyncio
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from syndicate import telemetry
from syndicate.delivery import Deliverer, Pace
from syndicate.errors import StorageError
from syndicate.model.retry import Schedule
from syndicate.service.newsroom import now
from syndicate.service.partners import guard_of, transport_of
from syndicate.service.process import prepare
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.safe import Safe

_RETRY_SECONDS: Final = 5.0

_log = telemetry.logger("deliver")


async def deliver(
    settings: Settings,
    *,
    started: Callable[[Deliverer], None] = lambda _: None,
) -> None:
    """Deliver until cancelled; then finish or give back what is under way.

    ``started`` is given what to wake. Raises `StorageError` if the database cannot be opened.
    """
    guard = guard_of(settings)
    if guard.statement:
        _log.info(guard.statement)
    pace = Pace(
        timeout=timedelta(seconds=settings.delivery.timeout_seconds),
        schedule=Schedule.of(settings.delivery.retry_seconds),
    )
    database = await Database.open(settings.database_url)
    try:
        async with transport_of(settings, guard) as transport:
            deliverer = Deliverer(
                database, Safe(settings.service.secret_key), transport, clock=now, pace=pace
            )
            prepare()
            started(deliverer)
            await deliverer.run()
    finally:
        await database.close()


async def keep_delivering(settings: Settings, *, started: Callable[[Deliverer], None]) -> None:
    """Deliver until cancelled; while the database cannot be opened, try again."""
    while True:
        try:
            await deliver(settings, started=started)
        except StorageError as error:
            _log.warning("nothing is delivered", reason=error.what)
            await asyncio.sleep(_RETRY_SECONDS)


async def deliver_until_stopped(settings: Settings) -> None:
    """Deliver until a signal says to stop (SIGINT, SIGTERM); raises `StorageError`."""
    delivering = asyncio.ensure_future(deliver(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, delivering.cancel)
    try:
        await delivering
    except asyncio.CancelledError:
        return
