"""Delivering: on its own, or beside the serving of feeds."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from syndicate import telemetry
from syndicate.channels.operator_alerts import OperatorAlerts
from syndicate.model.retry_policy import RetrySchedule
from syndicate.model.websub_request import HubLimits
from syndicate.service.content_service import current_time
from syndicate.service.hub_requests import HubRequests
from syndicate.service.process_tuning import tune_delivery_process
from syndicate.service.subscription_service import make_ssrf_guard, make_transport
from syndicate.service.supervisor import Restarts, run_forever
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from syndicate.worker.delivery_worker import DeliveryWorker, WorkerLimits
from syndicate.worker.hub_verifier import HubVerifier

_log = telemetry.logger("deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRuntime:
    """What sends in a process: deliveries, and the questions of the hub."""

    worker: DeliveryWorker
    verifier: HubVerifier
    hub_requests: HubRequests

    def wake(self) -> None:
        """Look now for what is to be sent."""
        self.worker.wake()
        self.verifier.wake()

    async def run(self) -> None:
        """Send until cancelled; then finish or give back what is under way."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.worker.run())
            tasks.create_task(self.verifier.run())


async def deliver(
    settings: Settings, *, on_started: Callable[[DeliveryRuntime], None] = lambda _: None
) -> None:
    """Deliver until cancelled; then finish or give back what is under way.

    ``started`` is given what to wake. Raises `StorageError` if the database cannot be opened.
    Strangers, who may ask the hub to ask anybody, have connections and look-ups of their own:
    what they name may hang, and no delivery waits for it.
    """
    ssrf_guard, hub_ssrf_guard = make_ssrf_guard(settings), make_ssrf_guard(settings)
    if ssrf_guard.limitations:
        _log.info(ssrf_guard.limitations)
    timeout = timedelta(seconds=settings.delivery.timeout_seconds)
    worker_limits = WorkerLimits(
        timeout=timeout, schedule=RetrySchedule.from_seconds(settings.delivery.retry_seconds)
    )
    secret_store = SecretStore(settings.service.secret_key)
    limits = hub_limits(settings)
    database = await Database.open(settings.database_url)
    websub_requests = WebSubRequests(database, secret_store, limits)
    try:
        async with (
            make_transport(settings, ssrf_guard) as transport,
            make_transport(settings, hub_ssrf_guard) as hub_transport,
            OperatorAlerts(transport, settings.delivery.notices_url, clock=current_time) as alerts,
        ):
            verifier = HubVerifier(
                database,
                secret_store,
                hub_transport,
                clock=current_time,
                timeout=timeout,
                limits=limits,
            )
            runtime = DeliveryRuntime(
                worker=DeliveryWorker(
                    database, secret_store, transport, clock=current_time, limits=worker_limits
                ),
                verifier=verifier,
                hub_requests=HubRequests(
                    websub_requests,
                    hub_ssrf_guard,
                    clock=current_time,
                    notify_verifier=verifier.wake,
                ),
            )
            runtime.worker.on_alert = alerts.send
            tune_delivery_process()
            on_started(runtime)
            await runtime.run()
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


async def run_delivery_service(
    settings: Settings, *, on_started: Callable[[DeliveryRuntime], None], restarts: Restarts
) -> None:
    """Deliver until cancelled, as `keep` does."""
    work = partial(deliver, settings, on_started=on_started)
    await run_forever(work, _log, "nothing is delivered", component="delivery", restarts=restarts)


async def deliver_until_stopped(settings: Settings) -> None:
    """Deliver until a signal says to stop (SIGINT, SIGTERM); raises `StorageError`."""
    delivery = asyncio.ensure_future(deliver(settings))
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, delivery.cancel)
    try:
        await delivery
    except asyncio.CancelledError:
        return
