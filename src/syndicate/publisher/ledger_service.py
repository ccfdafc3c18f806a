"""The ledger in a running service: recorded, read, and done without while it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from syndicate import telemetry
from syndicate.content.post_renderer import PostRenderer
from syndicate.errors import RepositoryError, StorageError
from syndicate.model.change import Change, LedgerEntry, changes
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import LedgerRow
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId
from syndicate.publisher.event_builder import (
    build_batch,
    render_payloads,
    with_changed_fields,
)
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.storage.database import Database
from syndicate.storage.lease_holder import is_dead_holder, make_holder_name
from syndicate.storage.ledger import PUBLISHER_LEASE, Ledger
from syndicate.storage.publish import announce, has_topic_subscribers
from syndicate.telemetry import tracing

_BATCH_SIZE: Final = 100
"""Posts compared together; the lease is renewed in between."""


class _LedgerState(NamedTuple):
    """What the ledger holds while this process has the lease."""

    generation: int
    entries: dict[PostId, LedgerEntry]
    edition: Edition | None = None
    """The edition whose changes are all recorded."""


@dataclass(slots=True, kw_only=True)
class LedgerWriter:
    """Records each edition in the ledger and announces what changed, while it has the lease.

    Args:
        database: Holds the ledger and the outbox.
        holder: The name of this process, different from every other.
        renderer: Renders posts.
        service_info: What events say of this service.
        clock: Returns the time, with a zone.
    """

    database: Database
    holder: str
    renderer: PostRenderer
    service_info: ServiceInfo
    clock: Callable[[], datetime]
    ledger: Ledger = field(init=False)
    _state: _LedgerState | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Open the ledger of the database."""
        self.ledger = Ledger(self.database)

    async def record(self, edition: Edition) -> bool:
        """Record what changed in ``edition``; return whether this process has the lease.

        Nothing is recorded while another process has it, or took it meanwhile. Raises
        `StorageError`.
        """
        state, self._state = self._state, None
        try:
            if state and not await self.ledger.renew_lease(self.holder, self.clock()):
                state = None
            if state or await self.ledger.acquire_lease(self.holder, self.clock()):
                self._state = await self._record_changes(state or await self._load_state(), edition)
        except StorageError as error:
            if error.code != "lease-lost":
                raise
            _log.warning("publisher lease lost", reason=error.message)
        return self._state is not None

    async def release_lease(self) -> None:
        """Let another process acquire the lease at once; raises `StorageError`."""
        self._state = None
        await self.ledger.release_lease(self.holder)

    async def _load_state(self) -> _LedgerState:
        end = await self.ledger.end_cursor()
        return _LedgerState(end.generation - 1, dict(await self.ledger.entries()))

    async def _record_changes(self, state: _LedgerState, edition: Edition) -> _LedgerState:
        if state.edition is edition:
            return state
        candidates = await asyncio.to_thread(
            lambda: [*changes(state.entries, edition, state.edition)]
        )
        compared = await self._with_changed_fields(
            candidates, edition, is_baseline=not state.generation
        )
        entries, silent = await asyncio.to_thread(_split_announced_and_silent, compared)
        if silent:
            await self.ledger.record_silently(self.holder, silent, self.clock())
        generation = state.generation
        if entries or not generation:
            if generation:
                generation = await self._announce(compared, entries, edition)
            else:
                generation = await self.ledger.record(self.holder, entries, self.clock())
            telemetry.posts_announced_total.inc(len(entries))
            _log.info("changes recorded", generation=generation, posts=len(entries))
        await asyncio.to_thread(_apply_to_state, state.entries, entries, silent, generation)
        return _LedgerState(
            generation, state.entries, edition if len(compared) == len(candidates) else None
        )

    async def _announce(
        self, compared: Sequence[Change], entries: Sequence[LedgerEntry], edition: Edition
    ) -> int:
        """Record ``entries`` and enqueue their events, in one transaction.

        Returns the generation in which they are recorded.
        """
        payloads = await asyncio.to_thread(
            render_payloads, self.renderer, self.service_info, compared, edition
        )
        async with announce(self.database, self.holder, self.clock()) as tx:
            start = await tx.record(entries)
            groups = await tx.subscriber_groups()
            batch = await asyncio.to_thread(build_batch, compared, payloads, groups, start)
            await tx.enqueue(batch)
        tracing.current().events_recorded(batch.events, self.clock())
        return start.generation

    async def _with_changed_fields(
        self, candidates: Sequence[Change], edition: Edition, *, is_baseline: bool
    ) -> Sequence[Change]:
        """Return changes with the fields that differ, without posts that cannot be read now.

        A baseline is not announced, so its posts need not be rendered.
        """
        changes_found = [change for change in candidates if change.post is None or is_baseline]
        live = [change for change in candidates if change.post is not None and not is_baseline]
        for source, group in groupby(sorted(live, key=_source_name), _source_name):
            of_source = list(group)
            for start in range(0, len(of_source), _BATCH_SIZE):
                batch = of_source[start : start + _BATCH_SIZE]
                await self.ledger.renew_lease(self.holder, self.clock())
                try:
                    changes_found += await asyncio.to_thread(
                        with_changed_fields, self.renderer, batch, edition
                    )
                except RepositoryError as error:
                    _log.warning("source not compared", source=source, reason=error.message)
                    break
        return changes_found


def _source_name(change: Change) -> str:
    return change.post.source if change.post else ""


def _split_announced_and_silent(
    compared: Sequence[Change],
) -> tuple[list[LedgerEntry], list[LedgerRow]]:
    """Return the entries to announce, and the rows of posts that changed without an event."""
    pairs = [(change, change.entry) for change in compared]
    silent = (change.new_row for change, entry in pairs if entry is None)
    return [entry for _, entry in pairs if entry], [row for row in silent if row]


def _apply_to_state(
    known: dict[PostId, LedgerEntry],
    entries: Iterable[LedgerEntry],
    silent: Iterable[LedgerRow],
    generation: int,
) -> None:
    """Update what is known of the ledger to what would be read from it now.

    In place: the cost depends on what changed, not on the number of posts.
    """
    known.update((row.post_id, replace(known[row.post_id], row=row)) for row in silent)
    known.update(
        (entry.row.post_id, replace(entry, row=replace(entry.row, generation=generation)))
        for entry in entries
    )


REMOVAL_RETENTION: Final = timedelta(days=90)
"""How long feeds mention a removed post."""

HOLDER: Final = make_holder_name()
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
        self._distribution_due = asyncio.Event()
        self.failing = ""
        """Why the database cannot be used; empty while it can, and before the first try."""
        self.removed: tuple[LedgerEntry, ...] = ()
        """The posts removed lately; the same object until they change."""
        self.has_lease = False
        """Whether this process recorded the last edition: of several, one has the lease."""

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
            if database.is_sqlite and is_dead_holder(holder := await ledger.lease_holder(), HOLDER):
                await ledger.release_lease(holder)
            await self._record_editions(database, ledger)
        finally:
            self._ledger = None
            self.has_lease = False
            await database.close()

    async def _record_editions(self, database: Database, ledger: Ledger) -> None:
        writer = LedgerWriter(
            database=database,
            holder=HOLDER,
            renderer=self._renderer,
            service_info=self._service_info,
            clock=self._clock,
        )
        distributing = asyncio.create_task(self._distribute_when_due(database))
        try:
            while True:
                edition = self._watcher.edition
                self.has_lease = await writer.record(edition)
                self._on_enqueued()
                await self._update_removed(ledger)
                self._ledger = ledger
                self._mark_recorded(edition)
                if self.has_lease:
                    self._distribution_due.set()
                await self._wait_for_edition(edition, distributing)
        finally:
            distributing.cancel()
            await asyncio.gather(distributing, return_exceptions=True)
            with suppress(StorageError, TimeoutError):
                async with asyncio.timeout(_RELEASE_TIMEOUT_SECONDS):
                    await writer.release_lease()

    async def _wait_for_edition(self, edition: Edition, distributing: asyncio.Task[None]) -> None:
        """Wait for the next edition, or until the lease is to be renewed.

        Raises what the distribution of topics raised.
        """
        coming = asyncio.ensure_future(self._watcher.next_edition(edition))
        try:
            await asyncio.wait(
                {coming, distributing},
                timeout=self._timeouts.renew_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            coming.cancel()
        if distributing.done():
            distributing.result()

    async def _distribute_when_due(self, database: Database) -> None:
        """Distribute WebSub topics after each edition that was recorded, until cancelled.

        A task of its own: thousands of topics do not delay the events of the next edition.
        """
        while True:
            await self._distribution_due.wait()
            self._distribution_due.clear()
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
