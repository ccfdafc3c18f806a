"""The ledger in a running service: recorded, read, and done without while it fails."""

import asyncio
import os
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.publisher.event_builder import PostRenderer
from syndicate.publisher.ledger_writer import LedgerWriter
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.storage.database import Database
from syndicate.storage.ledger import PUBLISHER_LEASE, Ledger
from syndicate.storage.publish import has_topic_subscribers

REMOVAL_RETENTION: Final = timedelta(days=90)
"""How long feeds mention a removed post."""

_PID: Final = re.compile("[0-9]{1,9}", re.ASCII)

HOLDER: Final = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
"""The name of this process as a lease holder, different from every other."""

_RELEASE_TIMEOUT_SECONDS: Final = 2.0

DistributeTopics = Callable[[Database, str], Awaitable[None]]

_log = telemetry.logger("publisher")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTimeouts:
    """How long the ledger service waits for what.

    ``renew_seconds`` is how often the lease is renewed without a new edition, ``retry_seconds`` the
    pause before a failed database is opened again. `LedgerService.entries_after` waits for the
    edition in service up to ``recording_seconds``, for the database up to ``database_seconds``.
    """

    renew_seconds: float = PUBLISHER_LEASE.total_seconds() / 3
    retry_seconds: float = 5.0
    recording_seconds: float = 2.0
    database_seconds: float = 5.0


_TIMEOUTS: Final = LedgerTimeouts()


class LedgerService:
    """Records every edition in the ledger of a database, and returns ledger entries.

    While the database fails, opening it is repeated; only `entries_after` waits for that.

    Args:
        database_url: Where the ledger and the outbox are.
        watcher: Builds the editions.
        renderer: Renders posts.
        service_info: What events say of this service.
        clock: Returns the time, with a zone.
        timeouts: How long to wait.
        on_enqueued: Called when there may be new deliveries.
        distribute_topics: Enqueues WebSub topics on a database, while the named process has the
            publisher lease; called while there are subscribers.
        on_crash: Called after an unexpected error, before the ledger is opened again.
    """

    def __init__(  # noqa: PLR0913 — wired once, in one place
        self,
        database_url: str,
        *,
        watcher: SourceWatcher,
        renderer: PostRenderer,
        service_info: ServiceInfo,
        clock: Callable[[], datetime],
        timeouts: LedgerTimeouts = _TIMEOUTS,
        on_enqueued: Callable[[], None] = lambda: None,
        distribute_topics: DistributeTopics | None = None,
        on_crash: Callable[[], None] = lambda: None,
    ) -> None:
        self._database_url = database_url
        self._watcher = watcher
        self._renderer = renderer
        self._service_info = service_info
        self._clock = clock
        self._timeouts = timeouts
        self._on_enqueued = on_enqueued
        self._distribute_topics = distribute_topics
        self._on_crash = on_crash
        self._ledger: Ledger | None = None
        self._recorded_edition: Edition | None = None
        self._progress = asyncio.Event()
        self.failing = ""
        """Why the database cannot be used; empty while it can, and before the first try."""
        self.removed: tuple[LedgerEntry, ...] = ()
        """The posts removed lately; the same object until they change."""

    async def run(self) -> None:
        """Record every edition until cancelled; then release the lease."""
        while True:
            try:
                await self._run_with_database()
            except StorageError as error:
                self._mark_failed(error.message)
            except Exception as error:  # noqa: BLE001 — feeds are served without the ledger
                _log.exception("ledger update failed")
                self._mark_failed(f"updating the ledger failed: {type(error).__name__}")
                self._on_crash()
            await asyncio.sleep(self._timeouts.retry_seconds)

    async def entries_after(
        self, cursor: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return what `Ledger.entries_after` returns, once the edition in service is recorded.

        Waits only a moment for that. Raises `StorageError` and `Gone`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeouts.recording_seconds):
                await self._wait_until_recorded()
        if self._ledger is None:
            raise self._unavailable(self.failing or "the database is being opened")
        try:
            async with asyncio.timeout(self._timeouts.database_seconds):
                return await self._ledger.entries_after(cursor, limit)
        except TimeoutError:
            raise self._unavailable("the database did not respond in time") from None

    async def _wait_until_recorded(self) -> None:
        while not self.failing and self._recorded_edition is not self._watcher.edition:
            await self._progress.wait()

    async def _run_with_database(self) -> None:
        database = await Database.open(self._database_url)
        try:
            ledger = Ledger(database)
            if database.is_sqlite and is_dead_holder(holder := await ledger.lease_holder()):
                await ledger.release_lease(holder)
            await self._record_editions(database, ledger)
        finally:
            self._ledger = None
            await database.close()

    async def _record_editions(self, database: Database, ledger: Ledger) -> None:
        writer = LedgerWriter(
            database=database,
            holder=HOLDER,
            renderer=self._renderer,
            service_info=self._service_info,
            clock=self._clock,
        )
        try:
            while True:
                edition = self._watcher.edition
                has_lease = await writer.record(edition)
                self._on_enqueued()
                await self._update_removed(ledger)
                self._ledger = ledger
                self._mark_recorded(edition)
                if has_lease:
                    await self._distribute(database)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._timeouts.renew_seconds):
                        await self._watcher.next_edition(edition)
        finally:
            with suppress(StorageError, TimeoutError):
                async with asyncio.timeout(_RELEASE_TIMEOUT_SECONDS):
                    await writer.release_lease()

    async def _distribute(self, database: Database) -> None:
        if self._distribute_topics and await has_topic_subscribers(database, self._clock()):
            await self._distribute_topics(database, HOLDER)
            self._on_enqueued()

    async def _update_removed(self, ledger: Ledger) -> None:
        removed = await ledger.removed(self._clock() - REMOVAL_RETENTION)
        if removed != self.removed:
            self.removed = removed

    def _mark_recorded(self, edition: Edition) -> None:
        if self.failing:
            _log.info("database recovered")
        self._recorded_edition = edition
        self._set_failing("")

    def _mark_failed(self, reason: str) -> None:
        _log.warning("database unavailable", reason=reason)
        self._set_failing(reason)

    def _set_failing(self, reason: str) -> None:
        self.failing = reason
        telemetry.database_failing.set(1 if reason else 0)
        self._progress.set()
        self._progress = asyncio.Event()

    def _unavailable(self, reason: str) -> StorageError:
        return StorageError(reason, hint="Try again in a minute; feeds and /v1/posts go on.")


def is_dead_holder(holder: str) -> bool:
    """Return whether the lease is held by a process of this host that has died.

    A process that was restarted, as in a container, may have the same process id.
    """
    host, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or holder == HOLDER or not _PID.fullmatch(pid):
        return False
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False
