"""Compare each edition with the ledger, record the differences and announce them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from syndicate import telemetry
from syndicate.errors import RepositoryError, StorageError
from syndicate.model.change import Change, LedgerEntry, changes
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import PostId
from syndicate.publisher.event_builder import (
    PostRenderer,
    build_batch,
    render_payloads,
    with_changed_fields,
)
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from syndicate.storage.publish import announce

_BATCH_SIZE: Final = 100
"""Posts compared together; the lease is renewed in between."""

_log = telemetry.logger("publisher")


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
