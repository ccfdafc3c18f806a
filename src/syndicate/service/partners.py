"""What partners and operators do with subscriptions, by command or over the web."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from syndicate.channels import webhook
from syndicate.channels.guard import Guard
from syndicate.channels.transport import Transport
from syndicate.model.delivery import Attempt, Delivery, DeliveryId
from syndicate.model.event import EventId, trial_body
from syndicate.model.signature import Secret
from syndicate.model.subscription import Subscription, SubscriptionId, rotate
from syndicate.service.newsroom import now
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.journal import Journal
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.tokens import Tokens

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Partners:
    """Subscriptions, their deliveries and tokens, of one database; see `partners`."""

    subscriptions: Subscriptions
    journal: Journal
    tokens: Tokens
    guard: Guard
    transport: Transport
    clock: Callable[[], datetime]

    async def subscribe(self, wish: Subscription) -> Subscription:
        """Store what somebody wishes under an id and with a secret of its own; return that.

        Raises `Refused` if nothing may be sent there, `Conflict` if it exists already.
        """
        await self.guard.inspect(wish.url)
        made = replace(
            wish, id=SubscriptionId(f"sub_{secrets.token_hex(8)}"), secrets=(_new_secret(),)
        )
        await self.subscriptions.add(made, self.clock())
        return made

    async def rotate(self, which: str) -> Subscription:
        """Give a subscription a new secret; the old one signs as well for a day."""
        change = partial(rotate, secret=_new_secret(), at=self.clock())
        return await self.subscriptions.change(which, change)

    async def trial(self, which: str) -> Attempt:
        """Send a signed test to a subscription at once, whatever its state; raises `UnknownName`.

        It is outside the order and not repeated.
        """
        subscription, at = await self.subscriptions.find(which), self.clock()
        test = Delivery(
            id=DeliveryId(""),
            subscription=subscription.id,
            event=EventId(f"evt_{secrets.token_hex(16)}"),
            seq=0,
            body=trial_body(subscription.id, at),
            due=at,
        )
        return await webhook.send(self.transport, subscription, test, at)


@asynccontextmanager
async def partners(
    settings: Settings, *, clock: Callable[[], datetime] = now
) -> AsyncIterator[Partners]:
    """Open the database of ``settings`` and what it takes to send; raises `StorageError`."""
    guard = guard_of(settings)
    database = await Database.open(settings.database_url)
    try:
        async with transport_of(settings, guard) as transport:
            yield Partners(
                subscriptions=Subscriptions(database, Safe(settings.service.secret_key)),
                journal=Journal(database),
                tokens=Tokens(database),
                guard=guard,
                transport=transport,
                clock=clock,
            )
    finally:
        await database.close()


def guard_of(settings: Settings) -> Guard:
    """Return the guard that ``settings`` describe."""
    delivery = settings.delivery
    return Guard(
        allow_networks=delivery.allow_networks,
        allow_http=delivery.allow_http,
        proxy=delivery.proxy,
    )


def transport_of(settings: Settings, guard: Guard) -> Transport:
    """Return the transport that ``settings`` describe."""
    return Transport(guard, settings.masthead, timeout_seconds=settings.delivery.timeout_seconds)


def _new_secret() -> Secret:
    return Secret(key=secrets.token_bytes(_KEY_BYTES))
