"""A database with WebSub requests and subscriptions, for tests of the hub."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.model.delivery import Delivery
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.websub_request import DEFAULT_HUB_LIMITS, HubLimits, RequestMode, WebSubRequest
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from syndicate.storage.websub_topics import TopicState, WebSubTopics
from tests.storage.outbox_fixture import LEASE, NOW, OutboxFixture, open_outbox

TOPIC = "https://feeds.example.gov/feeds/all.json"
HOLDER = "here"


def topic_state(tag: str, topic: str = TOPIC) -> TopicState:
    """Return a state of a topic, with a body that looks like an event."""
    return TopicState(
        topic=topic,
        canonical_url=TOPIC,
        tag=tag,
        media_type="application/feed+json",
        body=b'{"data":{"tag":"%b"}}' % tag.encode(),
    )


def subscription_request(  # noqa: PLR0913 — a test sets what differs
    name: str,
    mode: RequestMode = "subscribe",
    *,
    topic: str = TOPIC,
    secret: bytes = b"",
    lease: timedelta = timedelta(days=1),
    last_sent_tag: str = "zero",
    host: str = "",
    client: str = "",
) -> WebSubRequest:
    """Return a request of the subscriber ``name``."""
    return WebSubRequest(
        id=SubscriptionId(f"sub_{name}"),
        mode=mode,
        topic=topic,
        callback=f"https://{name}.example/callback",
        secret=secret,
        lease=lease,
        last_sent_tag=last_sent_tag,
        host=host,
        client=client,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFixture:
    """An open database and what the hub uses of it."""

    outbox_fixture: OutboxFixture
    topics: WebSubTopics
    requests: WebSubRequests
    claims: list[str] = field(default_factory=list)

    async def verify(self, request: WebSubRequest, now: datetime = NOW, *, error: str = "") -> None:
        """Store a request and confirm it, or let it fail with ``error``."""
        assert not await self.requests.add(request, now)
        token = f"verifier:{len(self.claims)}"
        self.claims.append(token)
        (claimed,) = await self.requests.claim(100, token=token, now=now, lease=LEASE)
        assert claimed == request
        await self.requests.complete(claimed, error, token=token, now=now)

    async def subscriptions(self) -> list[Subscription]:
        """Return the WebSub subscriptions."""
        return list(await self.outbox_fixture.subscriptions.list(kind="websub"))

    async def enqueue_state(self, tag: str, now: datetime = NOW) -> int:
        """Enqueue a state of the topic."""
        return await self.topics.enqueue_state(topic_state(tag), HOLDER, now)

    async def log(self, name: str) -> list[tuple[str, str]]:
        """Return tag and delivery state of what was enqueued for a subscriber, in order."""
        deliveries = await self.outbox_fixture.delivery_log.list(SubscriptionId(f"sub_{name}"))
        return [(tag_of(delivery), delivery.state) for delivery in reversed(deliveries)]


def tag_of(delivery: Delivery) -> str:
    """Return the tag of the topic state in a delivery."""
    return delivery.body.decode().split('"')[5]


@asynccontextmanager
async def open_hub(
    database_url: str, *, key: str = "", limits: HubLimits = DEFAULT_HUB_LIMITS
) -> AsyncIterator[HubFixture]:
    """Open an empty database whose publisher lease is held by `HOLDER`."""
    async with open_outbox(database_url, key=key) as outbox_fixture:
        database = outbox_fixture.database
        assert await Ledger(database).acquire_lease(HOLDER, NOW)
        yield HubFixture(
            outbox_fixture=outbox_fixture,
            topics=WebSubTopics(database),
            requests=WebSubRequests(database, SecretStore(key), limits),
        )
