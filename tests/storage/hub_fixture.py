"""What tests of the hub's storage share: subscribers of topics, and states of these."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.model.delivery import Delivery
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.websub_request import DEFAULT_HUB_LIMITS, HubLimits, RequestMode, WebSubRequest
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from syndicate.storage.websub_topics import TopicState, WebSubTopics
from tests.storage.outbox_fixture import LEASE, NOW, OutboxFixture
from tests.storage.outbox_fixture import run_with_outbox as within_mailroom

TOPIC = "https://feeds.example.gov/feeds/all.json"
HOLDER = "here"


def topic_state(tag: str, topic: str = TOPIC) -> TopicState:
    """Return a state of a topic, with what looks like an event in its body."""
    return TopicState(
        topic=topic,
        canonical_url=TOPIC,
        tag=tag,
        media_type="application/feed+json",
        body=b'{"data":{"tag":"%b"}}' % tag.encode(),
    )


def subscription_request(  # noqa: PLR0913 — whatever a test wants to be different
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
    """Return what the subscriber called ``name`` asks."""
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
    """A database and all who work on it for the hub; here has the right to tell."""

    outbox_fixture: OutboxFixture
    topics: WebSubTopics
    requests: WebSubRequests
    claims: list[str] = field(default_factory=list)

    async def verify(self, request: WebSubRequest, now: datetime = NOW, *, error: str = "") -> None:
        """Let an intent be verified, or fail."""
        assert not await self.requests.add(request, now)
        token = f"verifier:{len(self.claims)}"
        self.claims.append(token)
        (claimed,) = await self.requests.claim(100, token=token, now=now, lease=LEASE)
        assert claimed == request
        await self.requests.complete(claimed, error, token=token, now=now)

    async def subscriptions(self) -> list[Subscription]:
        """Return what is subscribed."""
        return list(await self.outbox_fixture.subscriptions.list(kind="websub"))

    async def enqueue_state(self, tag: str, now: datetime = NOW) -> int:
        """Spread a state of the topic."""
        return await self.topics.enqueue_state(topic_state(tag), HOLDER, now)

    async def log(self, name: str) -> list[tuple[str, str]]:
        """Return the states that a subscriber was to hear and how far they are, in order."""
        deliveries = await self.outbox_fixture.delivery_log.list(SubscriptionId(f"sub_{name}"))
        return [(tag_of(one), one.state) for one in reversed(deliveries)]


def tag_of(delivery: Delivery) -> str:
    """Return the tag of the state that a delivery carries."""
    return delivery.body.decode().split('"')[5]


def run_with_hub(
    database_url: str,
    work: Callable[[HubFixture], Awaitable[None]],
    *,
    key: str = "",
    limits: HubLimits = DEFAULT_HUB_LIMITS,
) -> None:
    """Do ``work`` with an empty database at ``address``."""

    async def do(mailroom: OutboxFixture) -> None:
        safe = SecretStore(key)
        assert await Ledger(mailroom.database).acquire_lease(HOLDER, NOW)
        await work(
            HubFixture(
                outbox_fixture=mailroom,
                topics=WebSubTopics(mailroom.database),
                requests=WebSubRequests(mailroom.database, safe, limits),
            )
        )

    within_mailroom(database_url, do, key=key)
