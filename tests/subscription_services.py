"""Subscription services on real databases, optionally with entries in the ledger."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from ipaddress import ip_network

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.change import LedgerEntry
from syndicate.model.content_reader import ContentReader
from syndicate.publisher.catch_up import CatchUp
from syndicate.service.access_control import make_access_control
from syndicate.service.subscription_service import SubscriptionService
from syndicate.storage.database import Database
from syndicate.storage.delivery_hold import DeliveryHold
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.databases import create_sqlite_database
from tests.tls_context import system_tls_context


@asynccontextmanager
async def subscription_service_with_ledger(
    database_url: str,
    reader: ContentReader,
    *,
    entries: Iterable[LedgerEntry] = (),
    clock: Callable[[], datetime] = lambda: samples.NOW,
) -> AsyncIterator[SubscriptionService]:
    """Open a subscription service with a new database, and record ``entries`` in its ledger."""
    create_sqlite_database(database_url)
    database = await Database.open(database_url)
    try:
        await record_entries(Ledger(database), entries)
        async with subscription_service_on(database, reader, clock=clock) as service:
            yield service
    finally:
        await database.close()


async def record_entries(ledger: Ledger, entries: Iterable[LedgerEntry]) -> None:
    """Record ``entries`` in the ledger, one transaction for each generation."""
    all_entries = list(entries)
    for generation in sorted({entry.row.generation for entry in all_entries}):
        generation_entries = [entry for entry in all_entries if entry.row.generation == generation]
        assert await ledger.acquire_lease("test", samples.NOW)
        assert await ledger.record("test", generation_entries, samples.NOW) == generation
    await ledger.release_lease("test")


@asynccontextmanager
async def subscription_service_on(
    database: Database, reader: ContentReader, *, clock: Callable[[], datetime]
) -> AsyncIterator[SubscriptionService]:
    """Open a subscription service that may send requests to this host."""
    ssrf_guard = SsrfGuard(
        allow_networks=[ip_network("127.0.0.0/8")], allow_http=True, lookup=_no_such_host
    )
    async with Transport(
        ssrf_guard, samples.SERVICE_INFO, timeout_seconds=5, tls=system_tls_context()
    ) as transport:
        yield SubscriptionService(
            subscriptions=Subscriptions(database, SecretStore()),
            catch_up=CatchUp(
                database=database,
                secret_store=SecretStore(),
                content=reader,
                service_info=samples.SERVICE_INFO,
                clock=clock,
                timeout_seconds=60,
            ),
            delivery_log=DeliveryLog(database),
            delivery_hold=DeliveryHold(database),
            access=make_access_control(database, clock),
            ssrf_guard=ssrf_guard,
            transport=transport,
            content=reader,
            clock=clock,
        )


async def _no_such_host(_: str, __: int) -> Iterable[str]:
    raise OSError(0, "host names are not resolved in tests")
