"""Delivery of webhooks and WebSub, within the service or in a process of its own."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from syndicate import telemetry
from syndicate.channels.contact_notifier import ContactNotifier, MailServer
from syndicate.channels.operator_alerts import OperatorAlerts
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.errors import StorageError
from syndicate.model.retry_policy import RetrySchedule
from syndicate.model.websub_request import HubLimits
from syndicate.service.content_service import current_time
from syndicate.service.hub_requests import HubRequests
from syndicate.service.process_tuning import tune_delivery_process
from syndicate.service.secret_keys import make_secret_store
from syndicate.service.subscription_service import make_ssrf_guard, make_transport
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.notifications import Notifications
from syndicate.storage.secret_keys import check_key
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from syndicate.worker.delivery_worker import DeliveryWorker, WorkerLimits
from syndicate.worker.hub_verifier import HubVerifier
from syndicate.worker.partner_notifier import PartnerNotifier

_log = telemetry.logger("deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRuntime:
    """The workers that send requests and notices, and the receiver of WebSub requests."""

    database: Database
    secret_store: SecretStore
    worker: DeliveryWorker
    verifier: HubVerifier
    partner_notifier: PartnerNotifier
    contact_notifier: ContactNotifier
    hub_requests: HubRequests

    @property
    def notifications(self) -> Notifications:
        """What people were notified of."""
        return Notifications(self.database)

    def wake(self) -> None:
        """Look for due work now."""
        self.worker.wake()
        self.verifier.wake()

    async def run(self) -> None:
        """Send until cancelled; then finish or release what is in progress.

        Raises `StorageError` if the keys are those of another service: at the start before anything
        is sent or changed, and later as soon as a secret cannot be decrypted, for instance after
        `syndicate keys rotate` while this process did not know the new key.
        """
        async with self.database.read() as connection:
            try:
                await check_key(connection, self.secret_store)
            except StorageError:
                self.worker.report_wrong_key()
                raise
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.worker.run())
                tasks.create_task(self.verifier.run())
                tasks.create_task(self.partner_notifier.run())
        except ExceptionGroup as errors:
            wrong_key = errors.subgroup(StorageError)
            if wrong_key is None:
                raise
            self.worker.report_wrong_key()
            raise _first_error(wrong_key) from errors


def _first_error(errors: BaseExceptionGroup[StorageError]) -> StorageError:
    first = errors.exceptions[0]
    return _first_error(first) if isinstance(first, BaseExceptionGroup) else first


@asynccontextmanager
async def open_delivery(settings: Settings) -> AsyncIterator[DeliveryRuntime]:
    """Open the database and construct what sends; raises `StorageError`.

    The hub has its own connections and DNS look-ups: its callbacks cannot delay a delivery.
    """
    ssrf_guard, hub_ssrf_guard = make_ssrf_guard(settings), make_ssrf_guard(settings)
    _log_limitations(ssrf_guard)
    secret_store = make_secret_store(settings, checks_key=True)
    database = await Database.open(settings.database_url)
    try:
        async with (
            make_transport(settings, ssrf_guard) as transport,
            make_transport(settings, hub_ssrf_guard) as hub_transport,
            OperatorAlerts(transport, settings.delivery.notices_url, clock=current_time) as alerts,
        ):
            worker = DeliveryWorker(
                database,
                secret_store,
                transport,
                clock=current_time,
                limits=_worker_limits(settings),
                on_alert=alerts.send,
            )
            verifier = _make_hub_verifier(settings, database, secret_store, hub_transport)
            yield DeliveryRuntime(
                database=database,
                secret_store=secret_store,
                worker=worker,
                verifier=verifier,
                hub_requests=HubRequests(
                    WebSubRequests(database, secret_store, hub_limits(settings)),
                    hub_ssrf_guard,
                    clock=current_time,
                    notify_verifier=verifier.wake,
                ),
                partner_notifier=_make_partner_notifier(settings, database, transport),
                contact_notifier=make_contact_notifier(settings, transport),
            )
    finally:
        await database.close()


def _make_hub_verifier(
    settings: Settings, database: Database, secret_store: SecretStore, transport: Transport
) -> HubVerifier:
    return HubVerifier(
        database,
        secret_store,
        transport,
        clock=current_time,
        timeout=timedelta(seconds=settings.delivery.timeout_seconds),
        limits=hub_limits(settings),
    )


def make_contact_notifier(settings: Settings, transport: Transport) -> ContactNotifier:
    """Return what sends notices to people, with the mail server of the settings."""
    mail = settings.mail
    return ContactNotifier(transport, MailServer.from_url(mail.smtp_url, mail.sender))


def _make_partner_notifier(
    settings: Settings, database: Database, transport: Transport
) -> PartnerNotifier:
    return PartnerNotifier(
        Notifications(database),
        make_contact_notifier(settings, transport),
        settings.service_info,
        clock=current_time,
    )


def _log_limitations(ssrf_guard: SsrfGuard) -> None:
    if ssrf_guard.limitations:
        _log.info(ssrf_guard.limitations)


def _worker_limits(settings: Settings) -> WorkerLimits:
    delivery = settings.delivery
    return WorkerLimits(
        timeout=timedelta(seconds=delivery.timeout_seconds),
        schedule=RetrySchedule.from_seconds(delivery.retry_seconds),
        retention=settings.retention,
    )


def hub_limits(settings: Settings) -> HubLimits:
    """Return the limits of the hub that ``settings`` set."""
    websub = settings.websub
    return HubLimits(
        max_pending_per_host=websub.max_pending_per_host,
        max_pending=websub.max_pending,
        max_subscriptions=websub.max_subscriptions,
    )


async def deliver(settings: Settings) -> None:
    """Deliver until cancelled, then finish or release the rest; raises `StorageError`."""
    async with open_delivery(settings) as delivery:
        tune_delivery_process()
        await delivery.run()


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
