"""What tests of the sending side share: a database with subscriptions and something to send."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.event import EventId
from syndicate.model.position import Position
from syndicate.model.post import PostId
from syndicate.model.retry import Moment
from syndicate.model.signature import Secret
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.journal import Journal
from syndicate.storage.outbox import Claim, Done, Outbox
from syndicate.storage.posting import Letter, post_to
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.databases import prepare

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=20)
SECRET = Secret(key=b"k" * 24)
CURSOR = str(Position(ledger="1", generation=1, post=PostId("")))


def letter(number: int, at: datetime = NOW) -> Letter:
    """Return a letter that is like no other number's."""
    text = b'{"type":"post.updated","timestamp":"t","data":{"cursor":"c%d"}}'
    return Letter(
        id=EventId(f"evt_{number}"),
        type="post.updated",
        post=PostId(f"tag:{number}"),
        commit=samples.COMMIT,
        at=at,
        whole=text % number,
        thin=b'{"data":{"cursor":"%b"}}' % CURSOR.encode(),
    )


def subscriber(name: str) -> Subscription:
    """Return a subscription with an address of its own."""
    return Subscription(
        id=SubscriptionId(f"sub_{name}"),
        owner="partner",
        url=f"https://{name}.example/hook",
        secrets=(SECRET,),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailroom:
    """A database and all who work on it."""

    database: Database
    subscriptions: Subscriptions
    outbox: Outbox
    journal: Journal

    async def subscribe(self, *names: str, letters: Sequence[int] = ()) -> None:
        """Add subscriptions, to each of which the numbered ``letters`` are on their way."""
        for name in names:
            await self.subscriptions.add(subscriber(name), NOW)
            await self.send(name, *letters)

    async def send(self, name: str, *letters: int) -> None:
        """Put letters into the outbox for one subscription."""
        async with self.database.write() as connection:
            whom = SubscriptionId(f"sub_{name}")
            await post_to(connection, whom, [letter(number) for number in letters], NOW)

    async def claim(self, by: str, limit: int = 100, now: datetime = NOW) -> tuple[Claim, ...]:
        """Claim what is due."""
        return await self.outbox.claim(limit, by=by, now=now, lease=LEASE)


def within(address: str, work: Callable[[Mailroom], Awaitable[None]], *, key: str = "") -> None:
    """Do ``work`` with an empty database at ``address``."""

    async def do() -> None:
        prepare(address)
        database = await Database.open(address)
        safe = Safe(key)
        try:
            await work(
                Mailroom(
                    database=database,
                    subscriptions=Subscriptions(database, safe),
                    outbox=Outbox(database, safe),
                    journal=Journal(database),
                )
            )
        finally:
            await database.close()

    asyncio.run(do())


def done(delivery: Delivery, status: int = 204, now: datetime = NOW, **headers: str) -> Done:
    """Return what is written down when the receiver answered with ``status``."""
    well = 200 <= status < 300
    attempt = Attempt(
        number=delivery.attempts + 1,
        trigger=delivery.trigger,
        started=now,
        took_ms=7,
        address="192.0.2.1",
        status=status,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        answer="so it is",
        cause="" if well else "status",
        error="" if well else f"the answer was {status}",
    )
    return Done(delivery=delivery, attempt=attempt, moment=Moment(now=now))
