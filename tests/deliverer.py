"""What tests of the deliverer share: one at work, subscribers for it, and what it did."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

from syndicate.channels.guard import Guard
from syndicate.channels.transport import Transport
from syndicate.delivery import Deliverer, Pace
from syndicate.model.delivery import State
from syndicate.model.retry import Schedule
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.safe import Safe
from tests import samples
from tests.channels.receiver import Receiver
from tests.storage.mailroom import NOW, Mailroom, subscriber

TIMEOUT = timedelta(seconds=2)
PACE = Pace(timeout=TIMEOUT, schedule=Schedule.of((0, 0.05, 0.05)), grace_seconds=0.5)
A = SubscriptionId("sub_a")


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@asynccontextmanager
async def delivering(
    mailroom: Mailroom,
    pace: Pace = PACE,
    *,
    clock: Callable[[], datetime] = now,
    safe: Safe | None = None,
) -> AsyncIterator[Deliverer]:
    """Deliver what is on its way in a database, and stop at the end."""
    guard = Guard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    timeout = pace.timeout.total_seconds()
    async with Transport(guard, samples.MASTHEAD, timeout_seconds=timeout) as transport:
        deliverer = Deliverer(mailroom.database, safe or Safe(), transport, clock=clock, pace=pace)
        running = asyncio.create_task(deliverer.run())
        try:
            yield deliverer
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def subscribe(mailroom: Mailroom, name: str, url: str, *letters: int) -> None:
    """Add a subscription of ``url``, with letters on their way to it."""
    await mailroom.subscriptions.add(replace(subscriber(name), url=url), NOW)
    await mailroom.send(name, *letters)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 — a file tells nobody that it changed
            await asyncio.sleep(0.01)


async def states(mailroom: Mailroom, name: str = "a") -> list[State]:
    """Return the states of the deliveries of a subscription, the oldest first."""
    found = await mailroom.journal.list(SubscriptionId(f"sub_{name}"))
    return [one.state for one in reversed(found)]


def settled(mailroom: Mailroom, name: str = "a") -> Callable[[], Awaitable[bool]]:
    """Return whether nothing is on its way to a subscription any more."""

    async def asked() -> bool:
        return not {"pending", "leased"} & set(await states(mailroom, name))

    return asked


def events(receiver: Receiver, path: str) -> list[str]:
    """Return the ids of the events that came in at ``path``, in their order."""
    return [one.headers["webhook-id"] for one in receiver.requests if one.target == path]
