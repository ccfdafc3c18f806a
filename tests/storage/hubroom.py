"""What tests of the hub's storage share: subscribers of topics, and states of these."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.model.delivery import Delivery
from syndicate.model.intent import HUB_LIMITS, HubLimits, Intent, Mode
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.storage.intents import Intents
from syndicate.storage.ledger import Ledger
from syndicate.storage.safe import Safe
from syndicate.storage.topics import State, Topics
from tests.storage.mailroom import LEASE, NOW, Mailroom
from tests.storage.mailroom import within as within_mailroom

TOPIC = "https://feeds.example.gov/feeds/all.json"
HERE = "here"


def state(tag: str, topic: str = TOPIC) -> State:
    """Return a state of a topic, with what looks like an event in its body."""
    return State(
        topic=topic,
        address=TOPIC,
        tag=tag,
        media_type="application/feed+json",
        body=b'{"data":{"tag":"%b"}}' % tag.encode(),
    )


def intent(  # noqa: PLR0913 — whatever a test wants to be different
    name: str,
    mode: Mode = "subscribe",
    *,
    topic: str = TOPIC,
    secret: bytes = b"",
    lease: timedelta = timedelta(days=1),
    heard: str = "zero",
    host: str = "",
    client: str = "",
) -> Intent:
    """Return what the subscriber called ``name`` asks."""
    return Intent(
        id=SubscriptionId(f"sub_{name}"),
        mode=mode,
        topic=topic,
        callback=f"https://{name}.example/callback",
        secret=secret,
        lease=lease,
        heard=heard,
        host=host,
        client=client,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hubroom:
    """A database and all who work on it for the hub; here has the right to tell."""

    mailroom: Mailroom
    topics: Topics
    intents: Intents
    claims: list[str] = field(default_factory=list)

    async def ask(self, asked: Intent, now: datetime = NOW, *, fault: str = "") -> None:
        """Let an intent be verified, or fail."""
        assert not await self.intents.add(asked, now)
        by = f"verifier:{len(self.claims)}"
        self.claims.append(by)
        (claimed,) = await self.intents.claim(100, by=by, now=now, lease=LEASE)
        assert claimed == asked
        await self.intents.settle(claimed, fault, by=by, now=now)

    async def subscriptions(self) -> list[Subscription]:
        """Return what is subscribed."""
        return list(await self.mailroom.subscriptions.list(kind="websub"))

    async def spread(self, tag: str, now: datetime = NOW) -> int:
        """Spread a state of the topic."""
        return await self.topics.spread(state(tag), HERE, now)

    async def log(self, name: str) -> list[tuple[str, str]]:
        """Return the states that a subscriber was to hear and how far they are, in order."""
        found = await self.mailroom.journal.list(SubscriptionId(f"sub_{name}"))
        return [(tag_of(one), one.state) for one in reversed(found)]


def tag_of(delivery: Delivery) -> str:
    """Return the tag of the state that a delivery carries."""
    return delivery.body.decode().split('"')[5]


def within(
    address: str,
    work: Callable[[Hubroom], Awaitable[None]],
    *,
    key: str = "",
    limits: HubLimits = HUB_LIMITS,
) -> None:
    """Do ``work`` with an empty database at ``address``."""

    async def do(mailroom: Mailroom) -> None:
        safe = Safe(key)
        assert await Ledger(mailroom.database).lease(HERE, NOW)
        await work(
            Hubroom(
                mailroom=mailroom,
                topics=Topics(mailroom.database),
                intents=Intents(mailroom.database, safe, limits),
            )
        )

    within_mailroom(address, do, key=key)
