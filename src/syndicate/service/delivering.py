"""Delivering: on its own, or beside the serving of feeds."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from syndicate import telemetry
from syndicate.channels.notice import Notices
from syndicate.delivery import Deliverer, Pace
from syndicate.hub.verification import Verifier
from syndicate.model.intent import HubLimits
from syndicate.model.retry import Schedule
from syndicate.service.keeping import Restarts, keep
from syndicate.service.newsroom import now
from syndicate.service.partners import guard_of, transport_of
from syndicate.service.process import prepare
from syndicate.service.reception import Reception
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.intents import Intents
from syndicate.storage.safe import Safe

_log = telemetry.logger("deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What sends in a process: deliveries, and the questions of the hub."""

    deliverer: Deliverer
    verifier: Verifier
    reception: Reception

    def wake(self) -> None:
        """Look now for what is to be sent."""
        self.deliverer.wake()
        self.verifier.wake()

    async def run(self) -> None:
        """Send until cancelled; then finish or give back what is under way."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.deliverer.run())
            tasks.create_task(self.verifier.run())


async def deliver(
    settings: Settings, *, started: Callable[[Dispatch], None] = lambda _: None
) -> None:
    """Deliver until cancelled; then finish or give back what is under way.

    ``started`` is given what to wake. Raises `StorageError` if the database cannot be opened.
    Strangers, who may ask the hub to ask anybody, have connections and look-ups of their own:
    what they name may hang, and no delivery waits for it.
    """
    guard, stranger_guard = guard_of(settings), guard_of(settings)
    if guard.statement:
        _log.info(guard.statement)
    timeout = timedelta(seconds=settings.delivery.timeout_seconds)
    pace = Pace(timeout=timeout, schedule=Schedule.of(settings.delivery.retry_seconds))
    safe = Safe(settings.service.secret_key)
    limits = hub_limits(settings)
    database = await Database.open(settings.database_url)
    intents = Intents(database, safe, limits)
    try:
        async with (
            transport_of(settings, guard) as transport,
            transport_of(settings, stranger_guard) as to_strangers,
            Notices(transport, settings.delivery.notices_url, clock=now) as notices,
        ):
            verifier = Verifier(
                database, safe, to_strangers, clock=now, timeout=timeout, limits=limits
            )
            dispatch = Dispatch(
                deliverer=Deliverer(database, safe, transport, clock=now, pace=pace),
                verifier=verifier,
                reception=Reception(intents, stranger_guard, clock=now, ring=verifier.wake),
            )
            dispatch.deliverer.announce = notices.tell
            prepare()
            started(dispatch)
            await dispatch.run()
    finally:
        await database.close()


def hub_limits(settings: Settings) -> HubLimits:
    """Return the limits of the hub that ``settings`` set."""
    websub = settings.websub
    return HubLimits(
        max_pending_per_host=websub.max_pending_per_host,
        max_pending=websub.max_pending,
        max_subscriptions=websub.max_subscriptions,
    )


async def keep_delivering(
    settings: Settings, *, started: Callable[[Dispatch], None], restarts: Restarts
) -> None:
    """Deliver until cancelled, as `keep` does."""
    work = partial(deliver, settings, started=started)
    await keep(work, _log, "nothing is delivered", component="delivery", restarts=restarts)


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
