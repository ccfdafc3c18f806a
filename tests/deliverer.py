"""What tests of the deliverer share: one at work, subscribers for it, and what it did."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Final

from sqlalchemy import text

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


async def change(mailroom: Mailroom, statement: str, **values: object) -> None:
    """Change stored rows behind the back of the program."""
    async with mailroom.database.write() as connection:
        await connection.execute(text(statement), values)


def settled_as(mailroom: Mailroom, name: str, *expected: str) -> Callable[[], Awaitable[bool]]:
    """Return whether the deliveries of a subscription are in these states."""

    async def asked() -> bool:
        found = text("SELECT state FROM delivery WHERE subscription_id = :id ORDER BY seq")
        async with mailroom.database.read() as connection:
            rows = await connection.execute(found, {"id": f"sub_{name}"})
            return tuple(rows.scalars()) == expected

    return asked


HUGE: Final = "99999999999999999999"

RETRY_AFTER: Final = [
    f"Mon, 01 Jan {HUGE} 00:00:00 GMT",
    f"Mon, {HUGE} Jan 2024 00:00:00 GMT",
    f"Mon, 01 Jan 2024 {HUGE}:00:00 GMT",
    f"Mon, 01 Jan 2024 00:{HUGE}:00 GMT",
    f"Mon, 01 Jan 2024 00:00:{HUGE} GMT",
    f"Mon, 01 Jan 2024 00:00:00 +{HUGE}",
    f"Mon, 01 Jan 2024 00:00:00 -{HUGE}",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan -2024 00:00:00 GMT",
    HUGE,
    f"-{HUGE}",
    f"{HUGE}.5",
    "1e999",
    "inf",
    "nan",
    "-1",
    "\u00b2",
    "9" * 900,
    ":" * 900,
    ", ".join(["Mon, 01 Jan 2024 00:00:00 GMT"] * 20),
]
"""What receivers ask for that is no wait, or one that no calendar or clock has."""
