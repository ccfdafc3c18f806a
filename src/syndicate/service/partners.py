"""What partners and operators do with subscriptions, by command or over the web."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from syndicate import telemetry
from syndicate.channels import webhook
from syndicate.channels.guard import Guard
from syndicate.channels.transport import Transport
from syndicate.errors import Invalid, Mistake, Refused, StorageError, UnknownName
from syndicate.model.brief import Heard, everything, missed, reselected
from syndicate.model.delivery import Attempt, Delivery, DeliveryId
from syndicate.model.event import EventId, trial_body
from syndicate.model.feed import Masthead
from syndicate.model.post import PostId
from syndicate.model.redaction import (
    NOT_REACHABLE,
    redact_attempt,
    redact_delivery,
    redact_subscription,
)
from syndicate.model.signature import Secret
from syndicate.model.statement import Standing
from syndicate.model.subscription import OLD_SECRETS, Subscription, SubscriptionId, rotate
from syndicate.model.token import Token
from syndicate.model.wish import Use, Wish, read_wish
from syndicate.publisher.briefing import Brief, Briefer, Shelf
from syndicate.service.glance import Glance
from syndicate.service.keeping import Restarts, keep
from syndicate.service.newsroom import now
from syndicate.service.url_inspection import inspect_discreetly
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.journal import Journal, unknown_delivery
from syndicate.storage.retelling import Compose, filling, recovering, reselecting
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions, unknown
from syndicate.storage.tokens import Tokens

_URL: Final = "#/url"
_KEY_BYTES: Final = 32

_log = telemetry.logger("partners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partners:
    """Subscriptions, their deliveries and tokens, of one database: an `Office`; see `partners`.

    ``ring`` is called when there may be something to deliver. ``subscriptions_per_token`` is how
    many the tokens of one name may have, None for any number. ``is_discreet`` hides from who
    subscribes what the operator's DNS answers.
    """

    subscriptions: Subscriptions
    journal: Journal
    tokens: Tokens
    guard: Guard
    transport: Transport
    shelf: Shelf
    masthead: Masthead
    clock: Callable[[], datetime]
    ring: Callable[[], None] = lambda: None
    subscriptions_per_token: int | None = None
    old_secrets: int = OLD_SECRETS
    is_discreet: bool = False

    async def token(self, text: str) -> Token | None:
        """Return the token of which ``text`` was shown; None unless it holds now."""
        return await self.tokens.find(text, self.clock())

    async def read(self, document: object, use: Use) -> Wish:
        """Read a wish from JSON; raises `Invalid` with all that is wrong or not allowed."""
        try:
            return read_wish(document, use, lambda: self.shelf.edition)
        except Invalid as error:
            url = document.get("url") if isinstance(document, dict) else None
            if isinstance(url, str) and not any(one.pointer == _URL for one in error.mistakes):
                try:
                    await self._inspect(url.strip())
                except Invalid as refusal:
                    raise Invalid.of((*refusal.mistakes, *error.mistakes)) from None
            raise

    async def subscribe(self, wish: Subscription) -> Subscription:
        """Store what somebody wishes under an id and with a secret of its own; return that.

        With ``backfill`` it is told everything there is, and nothing is missed or told twice that
        is published meanwhile. Raises `Invalid` if nothing may be sent there, `Conflict` if it
        exists already or its owner has too many, `NotReady` where what there is cannot be told
        now.
        """
        await self._inspect(wish.url)
        made = replace(
            wish, id=SubscriptionId(f"sub_{secrets.token_hex(8)}"), secrets=(_new_secret(),)
        )

        async def add(brief: Brief) -> None:
            now = self.clock()
            fill = filling(made.id, brief.composing(everything(made)), now)
            most, also = self.subscriptions_per_token, fill if made.backfill else None
            await self.subscriptions.add(made, now, most=most, also=also)

        await self._briefer.brief(add)
        self.ring()
        return made

    async def amend(self, which: str, owner: str | None, wish: Wish) -> Subscription:
        """Change a subscription as wished, and tell it what another selection means.

        Raises `UnknownName`, `Invalid`, `Conflict`, and `NotReady` as `subscribe` does.
        """
        await self._webhook(which, owner)
        if wish.url is not None:
            await self._inspect(wish.url)

        async def change(brief: Brief) -> Subscription:
            def differing(old: Subscription, new: Subscription) -> Compose:
                return brief.composing(reselected(old, new))

            tell = reselecting(differing, self.clock())
            return await self.subscriptions.change(which, wish.applied, also=tell)

        changed = await self._briefer.brief(change)
        self.ring()
        return changed

    async def standing(self, which: str, owner: str | None) -> Standing:
        """Return a subscription with what waits for it and what was tried last."""
        found = await self._webhook(which, owner)
        (standing,) = await self._standings([found], owner)
        return standing

    async def standings(
        self, owner: str | None, after: str, limit: int
    ) -> tuple[Sequence[Standing], str | None]:
        """Return a page of subscriptions, the oldest first, and the cursor of the next one."""
        found, following = await self.subscriptions.page(owner, after, limit)
        return await self._standings(found, owner), following

    async def remove(self, which: str, owner: str | None) -> None:
        """Forget a subscription and all that was on its way to it; raises `UnknownName`.

        An administrator can remove one that cannot be read, too.
        """
        try:
            await self._find(which, owner)
        except StorageError as error:
            if owner is not None or error.code != "unreadable-subscription":
                raise
        await self.subscriptions.remove(which)

    async def rotate(self, which: str, owner: str | None = None) -> Subscription:
        """Give a subscription a new secret; the old one signs as well for a day."""
        await self._webhook(which, owner)
        change = partial(
            rotate, secret=_new_secret(), at=self.clock(), old_secrets=self.old_secrets
        )
        return await self.subscriptions.change(which, change)

    async def trial(self, which: str, owner: str | None = None) -> Attempt:
        """Send a signed test to a subscription at once, whatever its state; raises `UnknownName`.

        It is outside the order and not repeated.
        """
        subscription, at = await self._webhook(which, owner), self.clock()
        test = Delivery(
            id=DeliveryId(""),
            subscription=subscription.id,
            event=EventId(f"evt_{secrets.token_hex(16)}"),
            seq=0,
            body=trial_body(subscription.id, at),
            trigger="manual",
            due=at,
        )
        attempt = await webhook.send(self.transport, subscription, test, at)
        return attempt if owner is None else redact_attempt(attempt, subscription.url)

    async def recover(self, which: str, owner: str | None, since: datetime | None) -> int:
        """Tell everything live, or what changed since a time; return how many deliveries that is.

        What was told since is sent again, with the same ids; what was not told at the time, as
        while the subscription was disabled, comes after that. Raises `UnknownName`, `Conflict` if
        the subscription is disabled, and `NotReady` as `subscribe` does.
        """
        found = await self._webhook(which, owner)

        async def recover(brief: Brief) -> int:
            def rest(heard: Mapping[PostId, Heard]) -> Compose:
                if since is None:
                    return brief.composing(everything(found))
                return brief.composing(missed(found, heard), anew=False)

            now = self.clock()
            tell = recovering(found.id, rest, now, since)
            return await self.journal.recover(found.id, since, now, also=tell)

        recovered = await self._briefer.brief(recover)
        self.ring()
        return recovered

    async def deliveries(
        self, which: str, owner: str | None, *, before: int | None, limit: int
    ) -> Sequence[Delivery]:
        """Return deliveries, the newest first, from below the seq ``before``."""
        found = await self._find(which, owner)
        listed = await self.journal.list(found.id, before=before, limit=limit)
        return listed if owner is None else tuple(map(redact_delivery, listed))

    async def delivery(self, which: str, owner: str | None) -> tuple[Delivery, Sequence[Attempt]]:
        """Return a delivery with every attempt; raises `UnknownName`."""
        delivery, attempts = await self.journal.find(which)
        try:
            found = await self._find(delivery.subscription, owner)
        except UnknownName:
            raise unknown_delivery(which) from None
        if owner is not None:
            shown = tuple(redact_attempt(one, found.url) for one in attempts)
            return redact_delivery(delivery), shown
        return delivery, attempts

    async def replay(self, which: str, owner: str | None) -> Delivery:
        """Send a delivery again, with the same id; raises `UnknownName`."""
        await self.delivery(which, owner)
        replayed = await self.journal.replay(which, self.clock())
        self.ring()
        return replayed if owner is None else redact_delivery(replayed)

    @property
    def _briefer(self) -> Briefer:
        return Briefer(self.shelf, self.masthead, self.clock)

    async def _inspect(self, url: str) -> None:
        try:
            host = self.guard.host(url)
            if self.is_discreet:
                await inspect_discreetly(self.guard, url, _refusal(host))
            else:
                await self.guard.inspect(url)
        except Refused as error:
            mistake = Mistake(
                pointer=_URL, what=error.what, hint=error.hint, code=error.code, known=error.known
            )
            raise Invalid.of([mistake]) from None

    async def _find(self, which: str, owner: str | None) -> Subscription:
        found = await self.subscriptions.find(which)
        if owner not in (None, found.owner):
            raise unknown(which)
        return found

    async def _webhook(self, which: str, owner: str | None) -> Subscription:
        found = await self._find(which, owner)
        if found.kind != "webhook":
            raise unknown(which)
        return found

    async def _standings(
        self, found: Sequence[Subscription], owner: str | None
    ) -> tuple[Standing, ...]:
        pending = await self.journal.pending(one.id for one in found)
        standings = []
        for one in found:
            last = await self.journal.last_attempt(one.id)
            if owner is not None:
                shown, last = redact_subscription(one), last and redact_attempt(last, one.url)
            else:
                shown = one
            waiting = pending.get(one.id, 0)
            standings.append(Standing(subscription=shown, pending=waiting, last_attempt=last))
        return tuple(standings)


@asynccontextmanager
async def partners(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = now,
    shelf: Shelf | None = None,
    ring: Callable[[], None] = lambda: None,
    for_web: bool = False,
) -> AsyncIterator[Partners]:
    """Open the database of ``settings`` and what it takes to send; raises `StorageError`.

    Without a ``shelf`` the sources are looked at where something has to be told of posts. With
    ``for_web`` others than the operator use it: they have limits and see no IP addresses.
    """
    limits = settings.limits
    guard = guard_of(settings)
    database = await Database.open(settings.database_url)
    glance = Glance(settings, clock)
    try:
        async with transport_of(settings, guard) as transport:
            yield Partners(
                subscriptions=Subscriptions(database, Safe(settings.service.secret_key)),
                journal=Journal(database),
                tokens=Tokens(database),
                guard=guard,
                transport=transport,
                shelf=shelf or glance,
                masthead=settings.masthead,
                clock=clock,
                ring=ring,
                subscriptions_per_token=limits.subscriptions_per_token if for_web else None,
                old_secrets=limits.old_secrets,
                is_discreet=for_web,
            )
    finally:
        glance.close()
        await database.close()


async def keep_partners(  # noqa: PLR0913 — wired once, in one place
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    shelf: Shelf,
    ring: Callable[[], None],
    opened: Callable[[Partners], None],
    restarts: Restarts,
) -> None:
    """Keep what `partners` opens until cancelled, as `keep` does."""

    async def open_office() -> None:
        async with partners(settings, clock=clock, shelf=shelf, ring=ring, for_web=True) as office:
            opened(office)
            await asyncio.Event().wait()

    await keep(
        open_office,
        _log,
        "nobody looks after subscriptions",
        component="subscriptions",
        restarts=restarts,
    )


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


def _refusal(host: str) -> Refused:
    return Refused(
        f"no request may go to {host}: {NOT_REACHABLE}",
        code="forbidden-address",
        hint="Check the spelling; if the name is new, wait until DNS knows it. The operator's log "
        "has the reason.",
    )


def _new_secret() -> Secret:
    return Secret(key=secrets.token_bytes(_KEY_BYTES))
