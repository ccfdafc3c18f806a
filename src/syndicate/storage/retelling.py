"""Telling one subscription alone, from the ledger: what is there, changed, or selected anew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import NotReady
from syndicate.model.brief import Heard
from syndicate.model.change import Told
from syndicate.model.position import Position
from syndicate.model.post import PostId
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.ledger import generation, next_generation, rows
from syndicate.storage.posting import Letter, post_to, ring

Compose = Callable[[Sequence[Told], Position], Sequence[Letter]]
"""Makes letters of rows of the ledger, of the generation of the position it is given.

That is the one after everything that was told; the ledger rises to it.
"""


def filling(
    whom: SubscriptionId, compose: Compose, now: datetime
) -> Callable[[AsyncConnection], Awaitable[None]]:
    """Return what tells a subscription at its creation what there is."""

    async def write(connection: AsyncConnection) -> None:
        await _refuse_void(connection)
        await _retell(connection, whom, compose, now)

    return write


def reselecting(
    compose: Callable[[Subscription, Subscription], Compose], now: datetime
) -> Callable[[AsyncConnection, Subscription, Subscription], Awaitable[None]]:
    """Return what tells a subscription that is changed in what its selections differ.

    For one that is disabled nothing is made. Who delivers is woken: it may be active again.
    """

    async def write(connection: AsyncConnection, old: Subscription, new: Subscription) -> None:
        if old.selection != new.selection and new.state != "disabled":
            await _retell(connection, new.id, compose(old, new), now)
        await ring(connection)

    return write


def recovering(
    whom: SubscriptionId,
    compose: Callable[[Mapping[PostId, Heard]], Compose],
    now: datetime,
    since: datetime | None,
) -> Callable[[AsyncConnection, Mapping[PostId, Heard]], Awaitable[int]]:
    """Return what tells a subscription what it may have missed, beside what is sent again."""

    async def write(connection: AsyncConnection, heard: Mapping[PostId, Heard]) -> int:
        if since is None:
            await _refuse_void(connection)
        return await _retell(connection, whom, compose(heard), now, since)

    return write


async def _retell(
    connection: AsyncConnection,
    whom: SubscriptionId,
    compose: Compose,
    now: datetime,
    since: datetime | None = None,
) -> int:
    """Put into the outbox what ``compose`` makes of the rows told since a time, or of all.

    Within a transaction that lets nobody else tell. Returns how many deliveries that makes.
    """
    head, found = await rows(connection, since)
    letters = await asyncio.to_thread(compose, found, head)
    if not letters:
        return 0
    await next_generation(connection)
    return await post_to(connection, whom, letters, now)


async def _refuse_void(connection: AsyncConnection) -> None:
    """Raise `NotReady` before the baseline: what is live then would never be told to anybody."""
    if not await generation(connection):
        raise NotReady(
            "nothing was told yet of what there is",
            hint="See that syndicate serve runs with this database, and try again.",
        )
