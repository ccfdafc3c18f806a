"""The hub as in a running service, without git and web sockets; a test controls the clock."""

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

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.feeds import FeedCache
from syndicate.model.edition import Edition, NamedFeed
from syndicate.model.post import Post
from syndicate.model.retry_policy import RetrySchedule
from syndicate.model.subscription import Subscription
from syndicate.model.websub_request import WebSubRequest
from syndicate.service.hub_requests import HubRequests
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger
from syndicate.storage.outbox import Outbox
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.websub_requests import WebSubRequests
from syndicate.web.http_policy import HttpPolicy
from syndicate.worker.delivery_worker import DeliveryWorker, WorkerLimits
from syndicate.worker.hub_distributor import HubDistributor
from syndicate.worker.hub_verifier import HubVerifier
from tests import samples
from tests.databases import create_sqlite_database
from tests.tls_context import system_tls_context
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, AppResponse, SampleReader
from tests.worker.websub_subscriber import WebSubSubscriber, run_subscriber

SERVICE_INFO: Final = replace(samples.SERVICE_INFO, hub_url="https://feeds.example.gov/hub")
TOPIC: Final = "https://feeds.example.gov/feeds/all.json"
LOOPBACK: Final = ip_network("127.0.0.0/8")
TIMEOUT: Final = timedelta(seconds=5)
HOLDER: Final = "here"


def edition(posts: Sequence[Post] = POSTS, named: Sequence[NamedFeed] = (NAMED,)) -> Edition:
    """Return an edition of sample posts."""
    return samples.edition(*posts, vocabulary=VOCABULARY, named=named)


@dataclass(kw_only=True)
class _Services(SampleReader):
    """Serves a given edition, and passes WebSub requests to the hub."""

    hub_requests: HubRequests

    @override
    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        return await self.hub_requests.request_subscription(request)


@dataclass(kw_only=True)
class HubFixture:
    """A hub without subscriptions; ``clock_offset`` is added to the time."""

    database: Database
    transport: Transport
    ssrf_guard: SsrfGuard
    schedule: tuple[float, ...]
    clock_offset: timedelta = timedelta()
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    site: AppClient = field(init=False)

    def __post_init__(self) -> None:
        """Construct everything as the service does."""
        secret_store = SecretStore("passphrase")
        self.subscriptions = Subscriptions(self.database, secret_store)
        self.ledger = Ledger(self.database)
        self.requests = WebSubRequests(self.database, secret_store)
        self.outbox = Outbox(self.database, secret_store)
        self.verifier = HubVerifier(
            self.database, secret_store, self.transport, clock=self.clock, timeout=TIMEOUT
        )
        limits = WorkerLimits(timeout=TIMEOUT, schedule=RetrySchedule.from_seconds(self.schedule))
        self.delivery_worker = DeliveryWorker(
            self.database, secret_store, self.transport, clock=self.clock, limits=limits
        )
        hub_requests = HubRequests(
            self.requests, self.ssrf_guard, clock=self.clock, notify_verifier=self.verifier.wake
        )
        self.reader = _Services(current=edition(), hub_requests=hub_requests)
        self.redirect({})

    def redirect(self, redirects: dict[str, str]) -> None:
        """Construct what follows the ``redirects`` of the settings."""
        policy = HttpPolicy(redirects=redirects)
        self.site = AppClient(reader=self.reader, service_info=SERVICE_INFO, policy=policy)
        self.distributor = HubDistributor(
            self.reader,
            FeedCache(SERVICE_INFO),
            SERVICE_INFO,
            clock=self.clock,
            redirects=redirects,
            notify_verifier=self.verifier.wake,
        )

    def clock(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.clock_offset

    def start(self) -> None:
        """Start verification and delivery."""
        self.tasks = [
            asyncio.create_task(self.verifier.run()),
            asyncio.create_task(self.delivery_worker.run()),
        ]

    async def stop(self) -> None:
        """Stop verification and delivery."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks = []

    async def send_request(
        self, mode: str, callback: str, topic: str = TOPIC, **fields: str
    ) -> AppResponse:
        """Send a request to the hub; names of further fields are without ``hub.``."""
        named = {f"hub.{name}": value for name, value in fields.items()}
        form = {"hub.mode": mode, "hub.callback": callback, "hub.topic": topic, **named}
        return await self.post(urlencode(form).encode())

    async def post(self, body: bytes) -> AppResponse:
        """Send a form."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await self.site.request_async("/hub", method="POST", headers=headers, content=body)

    async def subscribe(self, callback: str, topic: str = TOPIC, **fields: str) -> Subscription:
        """Subscribe, wait for the confirmation, and return the subscription."""
        before = await self.list_subscriptions()
        assert (await self.send_request("subscribe", callback, topic, **fields)).status_code == 202
        await wait_until(self.is_verified)
        (subscription,) = [new for new in await self.list_subscriptions() if new not in before]
        return subscription

    async def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Return all subscriptions."""
        return await self.subscriptions.list(kind="websub")

    async def is_verified(self) -> bool:
        """Return whether no request waits for verification."""
        return await self.requests.next_due(self.clock()) is None

    async def publish(self, posts: int) -> None:
        """Publish an edition with the last few sample posts, and distribute it."""
        self.reader.current = edition(POSTS[-posts:])
        await self.distribute()

    async def distribute(self) -> None:
        """Distribute the current content of all topics."""
        assert await self.ledger.acquire_lease(HOLDER, self.clock())
        await self.distributor.distribute(self.database, HOLDER)
        self.delivery_worker.wake()
        self.verifier.wake()

    async def is_idle(self) -> bool:
        """Return whether all deliveries are finished."""
        return (await self.outbox.backlog()).waiting == 0

    async def get_feed(self, topic: str = TOPIC) -> AppResponse:
        """Return the response that a reader of the topic gets."""
        response = await self.site.request_async(topic.removeprefix(SERVICE_INFO.public_url))
        assert response.status_code == 200
        return response


async def wait_until(condition: Callable[[], object | Awaitable[object]]) -> None:
    """Wait until a condition is true."""
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        await asyncio.sleep(0.01)


async def _resolve_to_loopback(_: str, __: int) -> list[str]:
    return ["127.0.0.1"]


async def _resolve_to_public(_: str, __: int) -> list[str]:
    return ["9.9.9.9"]


@asynccontextmanager
async def open_hub(
    folder: pathlib.Path,
    *,
    is_internal: bool = True,
    is_running: bool = True,
    schedule: tuple[float, ...] = (0, 0.05, 0.05),
    timeout_seconds: float = TIMEOUT.total_seconds(),
) -> AsyncIterator[HubFixture]:
    """Open a hub with a database in ``folder``.

    Every host name resolves to loopback, or seems to be public unless ``is_internal``.
    """
    url = f"sqlite:///{folder / 'hub.db'}"
    create_sqlite_database(url)
    database = await Database.open(url)
    ssrf_guard = SsrfGuard(allow_networks=[LOOPBACK], allow_http=True, lookup=_resolve_to_loopback)
    try:
        async with Transport(
            ssrf_guard,
            SERVICE_INFO,
            timeout_seconds=timeout_seconds,
            tls=system_tls_context(),
        ) as transport:
            hub = HubFixture(
                database=database,
                transport=transport,
                ssrf_guard=ssrf_guard
                if is_internal
                else SsrfGuard(allow_http=True, lookup=_resolve_to_public),
                schedule=schedule,
            )
            if is_running:
                hub.start()
            try:
                yield hub
            finally:
                await hub.stop()
    finally:
        await database.close()


@asynccontextmanager
async def hub_and_subscriber(
    folder: pathlib.Path, *, timeout_seconds: float = TIMEOUT.total_seconds()
) -> AsyncIterator[tuple[HubFixture, WebSubSubscriber]]:
    """Open a hub, whose requests take up to ``timeout_seconds``, and run a subscriber."""
    async with (
        open_hub(folder, timeout_seconds=timeout_seconds) as hub,
        run_subscriber() as reader,
    ):
        yield hub, reader


async def wait_for_deliveries(reader: WebSubSubscriber, count: int) -> None:
    """Wait for a number of deliveries."""
    await wait_until(lambda: len(reader.deliveries) >= count)
