"""The parts of the service that need the database: ledger, subscriptions, hub and delivery.

`runtime` imports this module after the first edition: SQLAlchemy, Alembic, psycopg and httpx take
0.3 s to import.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from syndicate import telemetry
from syndicate.feeds import FeedCache
from syndicate.model.change import LedgerEntry
from syndicate.model.content_reader import ContentReader
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.private_files import StateFile
from syndicate.publisher.ledger_service import LedgerService
from syndicate.publisher.refresh_relay import RefreshRelay
from syndicate.publisher.refresh_requests import RefreshRequests
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.delivery_service import DeliveryRuntime, open_delivery
from syndicate.service.process_tuning import tune_delivery_process
from syndicate.service.subscription_service import SubscriptionService, open_subscription_service
from syndicate.service.supervisor import Restarts, run_forever
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.known_database import FILE_NAME, KnownDatabase
from syndicate.storage.ledger import Ledger
from syndicate.worker.editor_notifier import EditorNotifier
from syndicate.worker.hub_distributor import HubDistributor

_log = telemetry.logger("delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServices:
    """The parts of the service that need the database; see `open_database_services`."""

    ledger: LedgerService
    subscriptions: SubscriptionService
    delivery: DeliveryRuntime
    editor_notifier: EditorNotifier
    refresh_relay: RefreshRelay
    known_database: KnownDatabase
    restarts: Restarts
    _is_running: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return what `Ledger.entries_after` returns, also while a predecessor records."""
        ledger = self.ledger if self._is_running.is_set() else Ledger(self.delivery.database)
        return await ledger.entries_after(after, limit)

    async def run(self) -> None:
        """Record editions and deliver until cancelled; an error restarts only its own part."""
        self._is_running.set()
        tune_delivery_process()
        delivery = run_forever(
            self.delivery.run,
            _log,
            "delivery stopped",
            component="delivery",
            restarts=self.restarts,
        )
        editor_notifier = run_forever(
            self.editor_notifier.run,
            _log,
            "notifier of editors stopped",
            component="notifications",
            restarts=self.restarts,
        )
        refresh_relay = run_forever(
            self.refresh_relay.run,
            _log,
            "relay of refresh requests stopped",
            component="refresh",
            restarts=self.restarts,
        )
        known_database = run_forever(
            self.known_database.watch,
            _log,
            "database not compared",
            component="database",
            restarts=self.restarts,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(refresh_relay)
            tasks.create_task(known_database)
            tasks.create_task(self.ledger.run())
            tasks.create_task(delivery)
            tasks.create_task(editor_notifier)


@asynccontextmanager
async def open_database_services(  # noqa: PLR0913 — collaborators
    content: ContentService,
    reader: ContentReader,
    watcher: SourceWatcher,
    feed_cache: FeedCache,
    restarts: Restarts,
    *,
    requests: RefreshRequests,
) -> AsyncIterator[DatabaseServices]:
    """Open the database of the settings and construct what needs it; raises `StorageError`."""
    settings, clock = content.settings, content.clock
    async with (
        open_delivery(settings) as delivery,
        open_subscription_service(
            settings, clock=clock, content=reader, notify_workers=delivery.wake, for_web=True
        ) as subscriptions,
    ):
        await subscriptions.access.record_settings(settings.digest)
        distributor = _make_distributor(content, reader, feed_cache, delivery)
        ledger = LedgerService(
            settings.database_url,
            watcher=watcher,
            renderer=content.renderer,
            clock=clock,
            service_info=settings.service_info,
            on_enqueued=delivery.worker.wake,
            distribute_topics=distributor.distribute,
            on_crash=partial(restarts.record, "publisher"),
        )
        yield DatabaseServices(
            ledger=ledger,
            subscriptions=subscriptions,
            delivery=delivery,
            editor_notifier=_make_editor_notifier(content, reader, delivery, ledger),
            refresh_relay=_make_refresh_relay(settings, delivery, watcher, requests),
            known_database=await _open_known_database(settings, delivery.database),
            restarts=restarts,
        )


async def _open_known_database(settings: Settings, database: Database) -> KnownDatabase:
    known = KnownDatabase(database, StateFile(settings.data_folder / FILE_NAME))
    await known.check()
    return known


def _make_distributor(
    content: ContentService,
    reader: ContentReader,
    feed_cache: FeedCache,
    delivery: DeliveryRuntime,
) -> HubDistributor:
    settings = content.settings
    return HubDistributor(
        reader,
        feed_cache,
        settings.service_info,
        clock=content.clock,
        redirects=settings.redirects,
        notify_verifier=delivery.verifier.wake,
    )


def _make_refresh_relay(
    settings: Settings,
    delivery: DeliveryRuntime,
    watcher: SourceWatcher,
    requests: RefreshRequests,
) -> RefreshRelay:
    names = [source.name for source in settings.sources]
    return RefreshRelay(delivery.database, names, watcher.refresh_now, requests)


def _make_editor_notifier(
    content: ContentService,
    reader: ContentReader,
    delivery: DeliveryRuntime,
    ledger: LedgerService,
) -> EditorNotifier:
    return EditorNotifier(
        content.settings.editors,
        reader,
        delivery.notifications,
        delivery.contact_notifier,
        content.settings.service_info,
        has_lease=lambda: ledger.has_lease,
        clock=content.clock,
    )
