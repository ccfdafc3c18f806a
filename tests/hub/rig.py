"""The hub as it stands in a service, but for git and the socket of the web: a test is the clock."""

import asyncio
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlencode

from typing_extensions import override

from syndicate.channels.guard import Guard
from syndicate.channels.transport import Transport
from syndicate.delivery import Deliverer, Pace
from syndicate.hub.distribution import Distributor
from syndicate.hub.verification import Verifier
from syndicate.model.edition import Edition, NamedFeed
from syndicate.model.intent import Intent
from syndicate.model.post import Post
from syndicate.model.retry import Schedule
from syndicate.model.subscription import Subscription
from syndicate.representation import Press
from syndicate.service.reception import Reception
from syndicate.storage.database import Database
from syndicate.storage.intents import Intents
from syndicate.storage.ledger import Ledger
from syndicate.storage.outbox import Outbox
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.databases import prepare
from tests.web.site import NAMED, POSTS, VOCABULARY, Answer, Library, Site

MASTHEAD: Final = replace(samples.MASTHEAD, hub="https://feeds.example.gov/hub")
TOPIC: Final = "https://feeds.example.gov/feeds/all.json"
LOOPBACK: Final = ip_network("127.0.0.0/8")
TIMEOUT: Final = timedelta(seconds=5)
HERE: Final = "here"


def edition(posts: Sequence[Post] = POSTS, named: Sequence[NamedFeed] = (NAMED,)) -> Edition:
    """Return an edition of sample posts."""
    return samples.edition(*posts, vocabulary=VOCABULARY, named=named)


@dataclass(kw_only=True)
class _Record(Library):
    """Reads from an edition at hand, and leaves what is asked of the hub at its reception."""

    reception: Reception

    @override
    async def ask(self, intent: Intent) -> timedelta:
        return await self.reception.ask(intent)


@dataclass(kw_only=True)
class Rig:
    """A hub with nobody in it; ``ahead`` is how far its clock is before the time."""

    database: Database
    transport: Transport
    guard: Guard
    schedule: tuple[float, ...]
    ahead: timedelta = timedelta()
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    site: Site = field(init=False)

    def __post_init__(self) -> None:
        """Put everything together as the service does."""
        safe = Safe("passphrase")
        self.subscriptions = Subscriptions(self.database, safe)
        self.ledger = Ledger(self.database)
        self.intents = Intents(self.database, safe)
        self.outbox = Outbox(self.database, safe)
        self.verifier = Verifier(
            self.database, safe, self.transport, clock=self.clock, timeout=TIMEOUT
        )
        pace = Pace(timeout=TIMEOUT, schedule=Schedule.of(self.schedule))
        self.deliverer = Deliverer(self.database, safe, self.transport, clock=self.clock, pace=pace)
        reception = Reception(self.intents, self.guard, clock=self.clock, ring=self.verifier.wake)
        self.library = _Record(now=edition(), reception=reception)
        self.site = Site(reader=self.library, masthead=MASTHEAD)
        self.distributor = Distributor(self.library, Press(MASTHEAD), MASTHEAD, clock=self.clock)

    def clock(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.ahead

    def start(self) -> None:
        """Begin to verify and to deliver."""
        self.tasks = [
            asyncio.create_task(self.verifier.run()),
            asyncio.create_task(self.deliverer.run()),
        ]

    async def stop(self) -> None:
        """End that."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks = []

    async def ask(self, mode: str, callback: str, topic: str = TOPIC, **fields: str) -> Answer:
        """Ask the hub; names of further fields go without ``hub.``."""
        named = {f"hub.{name}": value for name, value in fields.items()}
        form = {"hub.mode": mode, "hub.callback": callback, "hub.topic": topic, **named}
        return await self.post(urlencode(form).encode())

    async def post(self, body: bytes) -> Answer:
        """Send a form."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await self.site.answer("/hub", method="POST", headers=headers, content=body)

    async def subscribe(self, callback: str, topic: str = TOPIC, **fields: str) -> Subscription:
        """Subscribe, and wait until that is confirmed; return the subscription."""
        before = await self.subscribed()
        assert (await self.ask("subscribe", callback, topic, **fields)).status_code == 202
        await until(self.settled)
        (made,) = [one for one in await self.subscribed() if one not in before]
        return made

    async def subscribed(self) -> tuple[Subscription, ...]:
        """Return what is subscribed."""
        return await self.subscriptions.list(kind="websub")

    async def settled(self) -> bool:
        """Tell whether nothing waits to be verified."""
        return await self.intents.next_due(self.clock()) is None

    async def publish(self, posts: int) -> None:
        """Put an edition of the last so many sample posts into service, and spread it."""
        self.library.now = edition(POSTS[-posts:])
        await self.distribute()

    async def distribute(self) -> None:
        """Spread what topics are now."""
        assert await self.ledger.lease(HERE, self.clock())
        await self.distributor.distribute(self.database, HERE)
        self.deliverer.wake()
        self.verifier.wake()

    async def deliverer_is_idle(self) -> bool:
        """Tell whether nothing is on its way."""
        return (await self.outbox.depth())[0] == 0

    async def served(self, topic: str = TOPIC) -> Answer:
        """Return what a reader is served there."""
        answer = await self.site.answer(topic.removeprefix(MASTHEAD.public_url))
        assert answer.status_code == 200
        return answer


async def until(holds: Callable[[], object | Awaitable[object]]) -> None:
    """Wait until something holds."""
    while True:
        found = holds()
        if await found if isinstance(found, Awaitable) else found:
            return
        await asyncio.sleep(0.01)


async def _here(_: str, __: int) -> list[str]:
    return ["127.0.0.1"]


async def _somewhere(_: str, __: int) -> list[str]:
    return ["9.9.9.9"]


@asynccontextmanager
async def rig(
    folder: pathlib.Path,
    *,
    own: bool = True,
    running: bool = True,
    schedule: tuple[float, ...] = (0, 0.05, 0.05),
) -> AsyncIterator[Rig]:
    """Open a hub with a database in ``folder``.

    Every name leads to loopback; unless that is the operator's ``own``, it seems to be elsewhere.
    """
    url = f"sqlite:///{folder / 'hub.db'}"
    prepare(url)
    database = await Database.open(url)
    guard = Guard(allow_networks=[LOOPBACK], allow_http=True, lookup=_here)
    try:
        async with Transport(guard, MASTHEAD, timeout_seconds=TIMEOUT.total_seconds()) as transport:
            made = Rig(
                database=database,
                transport=transport,
                guard=guard if own else Guard(allow_http=True, lookup=_somewhere),
                schedule=schedule,
            )
            if running:
                made.start()
            try:
                yield made
            finally:
                await made.stop()
    finally:
        await database.close()
