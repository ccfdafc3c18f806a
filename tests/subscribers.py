"""Subscribers that apply what they are sent, in order, to a copy; and the post that brings it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import parse_qsl

from syndicate.model.query import parse_query
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.wish import Wish
from syndicate.storage.outbox import Claim, Outbox
from tests.mirror import Bureau, Mirror, posts
from tests.storage.mailroom import done
from tests.web.site import Site

LATE: Final = timedelta(days=1_000)
"""However late it is in a history, everything is due by then."""
LEASE: Final = timedelta(seconds=20)


@dataclass(kw_only=True)
class Subscriber:
    """Somebody with an endpoint and a copy.

    ``is_gone`` while the endpoint answers 410, ``is_lost`` from when it did until a repair.
    """

    id: SubscriptionId
    mirror: Mirror
    heard: dict[int, bytes] = field(default_factory=dict)
    since: datetime
    is_gone: bool = False
    is_lost: bool = False
    is_paused: bool = False

    @classmethod
    async def begin(cls, office: Bureau, query: str, *, number: int, backfill: bool) -> Self:
        """Subscribe: with a copy of what is there, or with nothing and ``backfill``."""
        made = await office.partners.subscribe(
            Subscription(
                id=SubscriptionId(""),
                url=f"http://127.0.0.1:9/{number}",
                selection=_selection(office, query),
                backfill=backfill,
            )
        )
        copy = {} if backfill else await posts(Site(reader=office), query)
        return cls(id=made.id, mirror=Mirror(query=query, copy=copy), since=office.edition.at)

    async def select(self, office: Bureau, query: str) -> None:
        """Ask for other posts."""
        await self._amend(office, Wish(selection=_selection(office, query)))
        self.mirror.query = query

    async def pause(self, office: Bureau) -> None:
        """Let deliveries wait."""
        await self._amend(office, Wish(state="paused"))
        self.is_paused = True

    async def resume(self, office: Bureau) -> None:
        """Let them come again."""
        await self._amend(office, Wish(state="active"))
        self.is_paused = False

    async def repair(self, office: Bureau, *, whole: bool) -> None:
        """Ask for what was missed since the last event that came, or for everything."""
        if self.is_lost:
            await self.resume(office)
        self.is_gone = self.is_lost = False
        if whole:
            self.mirror.copy.clear()
        await office.partners.recover(self.id, None, None if whole else self.since)

    def take(self, claim: Claim) -> int:
        """Take a request; return the status that the endpoint answers with."""
        if self.is_gone:
            self.is_lost = True
            return 410
        delivery = claim.delivery
        assert self.heard.setdefault(delivery.seq, delivery.body) == delivery.body
        body = json.loads(delivery.body)
        assert body["data"]["seq"] == delivery.seq
        self.since = max(self.since, datetime.fromisoformat(body["timestamp"]))
        self.mirror.apply(body)
        return 204

    async def check(self, office: Bureau) -> None:
        """Compare the copy with the service, unless something still has to come."""
        if not self.is_lost and not self.is_paused:
            assert self.mirror.copy == await posts(Site(reader=office), self.mirror.query)

    async def _amend(self, office: Bureau, wish: Wish) -> None:
        await office.partners.amend(self.id, None, wish)


async def bring(office: Bureau, subscribers: Iterable[Subscriber]) -> None:
    """Bring everything that can be brought now."""
    outbox = Outbox(office.database, office.partners.subscriptions.safe)
    whose = {one.id: one for one in subscribers}
    now = office.edition.at + LATE
    while claims := await outbox.claim(100, by="bringer", now=now, lease=LEASE):
        await outbox.complete(
            [
                done(claim.delivery, whose[claim.subscription.id].take(claim), now)
                for claim in claims
            ]
        )


def _selection(office: Bureau, query: str) -> Selection:
    return parse_query(parse_qsl(query), office.edition).selection
