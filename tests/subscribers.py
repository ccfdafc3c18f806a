"""Subscribers that apply the events they receive to a copy, and a worker that delivers them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import parse_qsl

from syndicate.model.query import parse_query
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId, SubscriptionPatch
from syndicate.storage.outbox import Claim, Outbox
from tests.stepwise_service import PostMirror, StepwiseService, served_posts
from tests.storage.outbox_fixture import finished_attempt

FAR_AHEAD: Final = timedelta(days=1_000)
"""Later than any retry in a history: everything is due by then."""
LEASE_DURATION: Final = timedelta(seconds=20)


@dataclass(kw_only=True)
class Subscriber:
    """A subscriber with an endpoint and a copy of the posts.

    ``is_gone``: the endpoint responds with 410. ``has_missed_events``: from then until `recover`.
    """

    id: SubscriptionId
    mirror: PostMirror
    received: dict[int, bytes] = field(default_factory=dict)
    since: datetime
    is_gone: bool = False
    has_missed_events: bool = False
    is_paused: bool = False

    @classmethod
    async def subscribe(
        cls, service: StepwiseService, query: str, *, number: int, backfill: bool
    ) -> Self:
        """Subscribe, either with the current posts or with no posts and ``backfill``."""
        subscription = await service.subscriptions.subscribe(
            Subscription(
                id=SubscriptionId(""),
                url=f"http://127.0.0.1:9/{number}",
                selection=_selection(service, query),
                backfill=backfill,
            )
        )
        initial_posts = {} if backfill else await served_posts(service.site, query)
        return cls(
            id=subscription.id,
            mirror=PostMirror(query=query, posts=initial_posts),
            since=service.edition.at,
        )

    async def change_selection(self, service: StepwiseService, query: str) -> None:
        """Change the selection of the subscription."""
        await self._update(service, SubscriptionPatch(selection=_selection(service, query)))
        self.mirror.query = query

    async def pause(self, service: StepwiseService) -> None:
        """Pause the subscription."""
        await self._update(service, SubscriptionPatch(state="paused"))
        self.is_paused = True

    async def resume(self, service: StepwiseService) -> None:
        """Resume the subscription."""
        await self._update(service, SubscriptionPatch(state="active"))
        self.is_paused = False

    async def recover(self, service: StepwiseService, *, from_scratch: bool) -> None:
        """Request the events missed since the last one received, or all live posts."""
        if self.has_missed_events:
            await self.resume(service)
        self.is_gone = self.has_missed_events = False
        if from_scratch:
            self.mirror.posts.clear()
        await service.subscriptions.recover(self.id, None, None if from_scratch else self.since)

    def receive(self, claim: Claim) -> int:
        """Receive a delivery; return the HTTP status of the response."""
        if self.is_gone:
            self.has_missed_events = True
            return 410
        delivery = claim.delivery
        assert self.received.setdefault(delivery.seq, delivery.body) == delivery.body
        body = json.loads(delivery.body)
        assert body["data"]["seq"] == delivery.seq
        self.since = max(self.since, datetime.fromisoformat(body["timestamp"]))
        self.mirror.apply(body)
        return 204

    async def check_posts(self, service: StepwiseService) -> None:
        """Compare the copy with the service, unless events are missing or paused."""
        if not self.has_missed_events and not self.is_paused:
            assert self.mirror.posts == await served_posts(service.site, self.mirror.query)

    async def _update(self, service: StepwiseService, patch: SubscriptionPatch) -> None:
        await service.subscriptions.update(self.id, None, patch)


async def deliver_all(service: StepwiseService, subscribers: Iterable[Subscriber]) -> None:
    """Deliver everything that can be delivered now."""
    outbox = Outbox(service.database, service.subscriptions.subscriptions.secret_store)
    subscribers_by_id = {subscriber.id: subscriber for subscriber in subscribers}
    now = service.edition.at + FAR_AHEAD
    while claims := await outbox.claim(100, token="test", now=now, lease=LEASE_DURATION):
        await outbox.complete(
            [
                finished_attempt(
                    claim.delivery, subscribers_by_id[claim.subscription.id].receive(claim), now
                )
                for claim in claims
            ]
        )


def _selection(service: StepwiseService, query: str) -> Selection:
    return parse_query(parse_qsl(query), service.edition).selection
