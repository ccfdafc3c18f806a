"""Telling one subscription alone, from the ledger: what is there, changed, or selected anew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import NotReady
from syndicate.model.catch_up import LastSent
from syndicate.model.change import LedgerEntry
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.enqueue import StoredEvent, enqueue_for, notify_workers
from syndicate.storage.ledger import current_generation, increment_generation, read_entries

ComposeEvents = Callable[[Sequence[LedgerEntry], LedgerCursor], Sequence[StoredEvent]]
"""Makes letters of rows of the ledger, of the generation of the position it is given.

That is the one after everything that was told; the ledger rises to it.
"""


def backfill(
    whom: SubscriptionId, compose: ComposeEvents, now: datetime
) -> Callable[[AsyncConnection], Awaitable[None]]:
    """Return what tells a subscription at its creation what there is."""

    async def write(connection: AsyncConnection) -> None:
        await _require_baseline(connection)
        await _enqueue_from_ledger(connection, whom, compose, now)

    return write


def change_selection(
    compose: Callable[[Subscription, Subscription], ComposeEvents], now: datetime
) -> Callable[[AsyncConnection, Subscription, Subscription], Awaitable[None]]:
    """Return what tells a subscription that is changed in what its selections differ.

    For one that is disabled nothing is made. Who delivers is woken: it may be active again.
    """

    async def write(connection: AsyncConnection, old: Subscription, new: Subscription) -> None:
        if old.selection != new.selection and new.state != "disabled":
            await _enqueue_from_ledger(connection, new.id, compose(old, new), now)
        await notify_workers(connection)

    return write


def recover(
    whom: SubscriptionId,
    compose: Callable[[Mapping[PostId, LastSent]], ComposeEvents],
    now: datetime,
    since: datetime | None,
) -> Callable[[AsyncConnection, Mapping[PostId, LastSent]], Awaitable[int]]:
    """Return what tells a subscription what it may have missed, beside what is sent again."""

    async def write(connection: AsyncConnection, heard: Mapping[PostId, LastSent]) -> int:
        if since is None:
            await _require_baseline(connection)
        return await _enqueue_from_ledger(connection, whom, compose(heard), now, since)

    return write


async def _enqueue_from_ledger(
    connection: AsyncConnection,
    whom: SubscriptionId,
    compose: ComposeEvents,
    now: datetime,
    since: datetime | None = None,
) -> int:
    """Put into the outbox what ``compose`` makes of the rows told since a time, or of all.

    Within a transaction that lets nobody else tell. Returns how many deliveries that makes.
    """
    head, found = await read_entries(connection, since)
    letters = await asyncio.to_thread(compose, found, head)
    if not letters:
        return 0
    await increment_generation(connection)
    return await enqueue_for(connection, whom, letters, now)


async def _require_baseline(connection: AsyncConnection) -> None:
    """Raise `NotReady` before the baseline: what is live then would never be told to anybody."""
    if not await current_generation(connection):
        raise NotReady(
            "nothing was told yet of what there is",
            hint="See that syndicate serve runs with this database, and try again.",
        )
