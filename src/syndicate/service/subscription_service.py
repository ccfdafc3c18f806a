"""Manage subscriptions, deliveries and tokens, for commands and the web."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from syndicate.channels import webhook
from syndicate.channels.ssrf_guard import SsrfGuard, inspect_privately
from syndicate.channels.transport import Transport
from syndicate.errors import FieldError, Refused, StorageError, UnknownName, ValidationFailed
from syndicate.model.audit import SERVICE, Actor, AuditAction, AuditEntry
from syndicate.model.content_reader import ContentReader
from syndicate.model.delivery import (
    ALL_DELIVERIES,
    Attempt,
    Delivery,
    DeliveryId,
    DeliverySearch,
    RequestFault,
    SubscriptionStatus,
)
from syndicate.model.event import EventId, make_test_body
from syndicate.model.redaction import (
    NOT_REACHABLE,
    redact_attempt,
    redact_delivery,
    redact_subscription,
)
from syndicate.model.subscription import (
    MAX_OLD_SECRETS,
    Subscription,
    SubscriptionId,
    SubscriptionPatch,
    require_readable_secret,
)
from syndicate.model.webhook_signature import Secret
from syndicate.publisher.catch_up import CatchUp
from syndicate.service.access_control import AccessControl, make_access_control
from syndicate.service.content_service import current_time
from syndicate.service.secret_keys import make_secret_store
from syndicate.service.snapshot_reader import SnapshotReader
from syndicate.settings import Settings
from syndicate.storage.database import Database
from syndicate.storage.delivery_hold import DeliveryHold
from syndicate.storage.delivery_log import DeliveryLog, unknown_delivery
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions, unknown_subscription

_URL_POINTER: Final = "#/url"
_SECRET_BYTES: Final = 32
_OLD: Final = timedelta(hours=1)
"""Age of the timestamp that an endpoint must reject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionService:
    """The `SubscriptionManager` of a database; see `open_subscription_service`.

    ``actor`` is on whose behalf it acts, for the audit log; see `acting_as`. ``notify_workers`` is
    called when there may be new deliveries. ``subscriptions_per_token`` is
    the limit of subscriptions for the tokens of one name, None for no limit.
    ``hides_dns_answers`` hides from subscribers what the operator's DNS resolves.
    """

    subscriptions: Subscriptions
    delivery_log: DeliveryLog
    delivery_hold: DeliveryHold
    access: AccessControl
    ssrf_guard: SsrfGuard
    transport: Transport
    content: ContentReader
    catch_up: CatchUp
    clock: Callable[[], datetime]
    actor: Actor = SERVICE
    notify_workers: Callable[[], None] = lambda: None
    subscriptions_per_token: int | None = None
    max_old_secrets: int = MAX_OLD_SECRETS
    hides_dns_answers: bool = False

    def acting_as(self, actor: Actor) -> "SubscriptionService":
        """Return the same service, whose audit entries name ``actor``."""
        return replace(self, actor=actor)

    async def check_url(self, url: str) -> None:
        """Raise `ValidationFailed` if requests to ``url`` are not allowed."""
        try:
            host = self.ssrf_guard.host(url)
            if self.hides_dns_answers:
                await inspect_privately(self.ssrf_guard, url, _unreachable_host(host))
            else:
                await self.ssrf_guard.check_resolved(url)
        except Refused as error:
            field_error = FieldError(
                pointer=_URL_POINTER,
                message=error.message,
                hint=error.hint,
                code=error.code,
                choices=error.choices,
            )
            raise ValidationFailed.from_errors([field_error]) from None

    async def subscribe(self, subscription: Subscription) -> Subscription:
        """Store a subscription with a new ID and secret, and return it.

        With ``backfill`` every live post is enqueued, and changes published meanwhile are neither
        missed nor sent twice. Raises `ValidationFailed` if the URL is not allowed, `Conflict` if
        the subscription exists or its owner has too many, `NotReady` if the live posts cannot be
        enqueued now.
        """
        await self.check_url(subscription.url)
        created = replace(
            subscription, id=SubscriptionId(f"sub_{secrets.token_hex(8)}"), secrets=(_new_secret(),)
        )
        audit = self._entry("subscription.created", created.id, host=urlsplit(created.url).hostname)
        max_count = self.subscriptions_per_token
        if created.backfill:
            await self.catch_up.backfill(created, max_count=max_count, audit=audit)
        else:
            await self.subscriptions.add(created, self.clock(), max_count=max_count, audit=audit)
        self.notify_workers()
        return created

    async def update(
        self, subscription_id: str, owner: str | None, patch: SubscriptionPatch
    ) -> Subscription:
        """Change a subscription, and enqueue the events of a changed selection.

        Raises `UnknownName`, `ValidationFailed`, `Conflict`, and `NotReady` as `subscribe` does.
        """
        subscription = await self._get_webhook(subscription_id, owner)
        if patch.headers is not None:
            require_readable_secret(subscription)
        if patch.url is not None:
            await self.check_url(patch.url)
        audit = self._entry("subscription.changed", subscription_id, fields=patch.fields)
        changed = await self.catch_up.update(subscription_id, patch, audit)
        self.notify_workers()
        return changed

    async def get(self, subscription_id: str, owner: str | None) -> SubscriptionStatus:
        """Return a subscription with its pending deliveries and last attempt."""
        subscription = await self._get_webhook(subscription_id, owner)
        (status,) = await self._statuses([subscription], owner)
        return status

    async def list_page(
        self, owner: str | None, after: str, limit: int
    ) -> tuple[Sequence[SubscriptionStatus], str | None]:
        """Return a page of subscriptions, the oldest first, and the cursor of the next page."""
        subscriptions, cursor = await self.subscriptions.page(owner, after, limit)
        return await self._statuses(subscriptions, owner), cursor

    async def remove(self, subscription_id: str, owner: str | None) -> None:
        """Delete a subscription and its deliveries; raises `UnknownName`.

        An administrator can also delete a subscription that cannot be read.
        """
        try:
            await self._get(subscription_id, owner)
        except StorageError as error:
            if owner is not None or error.code != "unreadable-subscription":
                raise
        audit = self._entry("subscription.removed", subscription_id)
        await self.subscriptions.remove(subscription_id, audit)

    async def rotate(self, subscription_id: str, owner: str | None = None) -> Subscription:
        """Replace the secret of a subscription; the old secret also signs for a day."""
        await self._get_webhook(subscription_id, owner)
        audit = self._entry("secret.rotated", subscription_id)
        return await self.subscriptions.rotate_secret(
            subscription_id, _new_secret(), audit.at, self.max_old_secrets, audit
        )

    async def send_test(
        self, subscription_id: str, owner: str | None = None, fault: RequestFault = "none"
    ) -> Attempt:
        """Send a signed test event at once, regardless of its state; raises `UnknownName`.

        The test has no place in the order of deliveries and is not retried. With a ``fault`` the
        signature is of another secret, or the timestamp an hour old: the endpoint must reject it.
        Raises `Conflict` while an operator holds all deliveries.
        """
        await self.delivery_hold.require_none()
        subscription, at = await self._get_webhook(subscription_id, owner), self.clock()
        test = Delivery(
            id=DeliveryId(""),
            subscription=subscription.id,
            event=EventId(f"evt_{secrets.token_hex(16)}"),
            seq=0,
            body=make_test_body(subscription.id, at),
            trigger="manual",
            due=at,
        )
        if fault == "signature":
            subscription = replace(subscription, secrets=(_new_secret(),))
        signed_at = at - _OLD if fault == "timestamp" else at
        attempt = await webhook.send(self.transport, subscription, test, signed_at)
        attempt = replace(attempt, started=at)
        await self.access.audit_log.add(
            self._entry("subscription.tested", subscription.id, status=attempt.status, fault=fault)
        )
        return attempt if owner is None else redact_attempt(attempt, subscription.url)

    async def recover(self, subscription_id: str, owner: str | None, since: datetime | None) -> int:
        """Enqueue every live post, or what changed since a time; return the number of deliveries.

        Deliveries since then are sent again, with the same IDs, followed by events that were not
        sent at the time, as while the subscription was disabled. Raises `UnknownName`, `Conflict`
        if the subscription is disabled, and `NotReady` as `subscribe` does.
        """
        subscription = await self._get_webhook(subscription_id, owner)
        audit = self._entry("subscription.recovered", subscription.id, since=since)
        recovered = await self.catch_up.recover(subscription, since, audit)
        self.notify_workers()
        return recovered

    async def deliveries(
        self,
        subscription_id: str,
        owner: str | None,
        *,
        before: int | None,
        limit: int,
        search: DeliverySearch = ALL_DELIVERIES,
    ) -> Sequence[Delivery]:
        """Return the deliveries with a ``seq`` below ``before`` that match, newest first."""
        subscription = await self._get(subscription_id, owner)
        deliveries = await self.delivery_log.list(
            subscription.id, before=before, limit=limit, search=search
        )
        return deliveries if owner is None else tuple(map(redact_delivery, deliveries))

    async def delivery(
        self, delivery_id: str, owner: str | None
    ) -> tuple[Delivery, Sequence[Attempt]]:
        """Return a delivery and its attempts; raises `UnknownName`."""
        delivery, attempts = await self.delivery_log.find(delivery_id)
        try:
            subscription = await self._get(delivery.subscription, owner)
        except UnknownName:
            raise unknown_delivery(delivery_id) from None
        if owner is not None:
            redacted = tuple(redact_attempt(attempt, subscription.url) for attempt in attempts)
            return redact_delivery(delivery), redacted
        return delivery, attempts

    async def count_deliveries(self, post_id: str) -> Mapping[str, int]:
        """Return the number of subscribers by the state of their latest delivery of a post."""
        return await self.delivery_log.count_for_post(post_id)

    async def replay(self, delivery_id: str, owner: str | None) -> Delivery:
        """Send a delivery again with the same ID; raises `UnknownName`."""
        await self.delivery(delivery_id, owner)
        audit = self._entry("delivery.replayed", delivery_id)
        replayed = await self.delivery_log.replay(delivery_id, audit.at, audit)
        self.notify_workers()
        return replayed if owner is None else redact_delivery(replayed)

    async def replay_failed(
        self, subscription_id: str | None, owner: str | None, since: datetime
    ) -> int:
        """Send all deliveries again that failed since a time; return their number.

        Those of one subscription, or of all that ``owner`` has. Raises `UnknownName`.
        """
        if subscription_id is not None:
            await self._get_webhook(subscription_id, owner)
        audit = self._entry("delivery.replayed", subscription_id or "", since=since)
        replayed = await self.delivery_log.replay_failed(
            since, audit.at, owner=owner, subscription_id=subscription_id, audit=audit
        )
        self.notify_workers()
        return replayed

    def _entry(self, action: AuditAction, object_id: str, **detail: object) -> AuditEntry:
        """Return the audit entry of a change, which is recorded in the same transaction."""
        at, actor = self.clock(), self.actor
        return AuditEntry(at=at, actor=actor, action=action, object_id=object_id, detail=detail)

    async def _get(self, subscription_id: str, owner: str | None) -> Subscription:
        subscription = await self.subscriptions.find(subscription_id)
        if owner not in (None, subscription.owner):
            raise unknown_subscription(subscription_id)
        return subscription

    async def _get_webhook(self, subscription_id: str, owner: str | None) -> Subscription:
        subscription = await self._get(subscription_id, owner)
        if subscription.kind != "webhook":
            raise unknown_subscription(subscription_id)
        return subscription

    async def _statuses(
        self, subscriptions: Sequence[Subscription], owner: str | None
    ) -> tuple[SubscriptionStatus, ...]:
        pending = await self.delivery_log.pending_counts(
            subscription.id for subscription in subscriptions
        )
        statuses = []
        for subscription in subscriptions:
            last, shown = await self.delivery_log.last_attempt(subscription.id), subscription
            if owner is not None:
                shown = redact_subscription(subscription)
                last = last and redact_attempt(last, subscription.url)
            pending_count = pending.get(subscription.id, 0)
            statuses.append(
                SubscriptionStatus(subscription=shown, pending=pending_count, last_attempt=last)
            )
        return tuple(statuses)


@asynccontextmanager
async def open_subscription_service(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = current_time,
    content: ContentReader | None = None,
    notify_workers: Callable[[], None] = lambda: None,
    for_web: bool = False,
) -> AsyncIterator[SubscriptionService]:
    """Open the database and construct the service; raises `StorageError`.

    Without ``content`` the sources are read when needed. With ``for_web`` the clients are
    subscribers: they have limits and see no IP addresses.
    """
    ssrf_guard, limits = make_ssrf_guard(settings), settings.limits
    database = await Database.open(settings.database_url)
    secret_store = make_secret_store(settings, checks_key=for_web)
    snapshots = SnapshotReader(settings, clock=clock, is_fixed=False)
    reader = content or snapshots
    catch_up = _make_catch_up(settings, database, secret_store, reader, clock)
    try:
        async with make_transport(settings, ssrf_guard) as transport:
            yield SubscriptionService(
                subscriptions=Subscriptions(database, secret_store),
                delivery_log=DeliveryLog(database),
                delivery_hold=DeliveryHold(database),
                access=make_access_control(database, clock),
                ssrf_guard=ssrf_guard,
                transport=transport,
                content=reader,
                catch_up=catch_up,
                clock=clock,
                notify_workers=notify_workers,
                subscriptions_per_token=limits.subscriptions_per_token if for_web else None,
                max_old_secrets=limits.old_secrets,
                hides_dns_answers=for_web,
            )
    finally:
        snapshots.close()
        await database.close()


def _make_catch_up(
    settings: Settings,
    database: Database,
    secret_store: SecretStore,
    content: ContentReader,
    clock: Callable[[], datetime],
) -> CatchUp:
    return CatchUp(
        database=database,
        secret_store=secret_store,
        content=content,
        service_info=settings.service_info,
        clock=clock,
    )


def make_ssrf_guard(settings: Settings) -> SsrfGuard:
    """Return an SSRF guard with the networks and proxy of the settings."""
    delivery = settings.delivery
    return SsrfGuard(
        allow_networks=delivery.allow_networks,
        allow_http=delivery.allow_http,
        proxy=delivery.proxy,
    )


def make_transport(settings: Settings, ssrf_guard: SsrfGuard) -> Transport:
    """Return an HTTP transport with the timeout of the settings."""
    return Transport(
        ssrf_guard, settings.service_info, timeout_seconds=settings.delivery.timeout_seconds
    )


def _unreachable_host(host: str) -> Refused:
    return Refused(
        f"no request may go to {host}: {NOT_REACHABLE}",
        code="forbidden-address",
        hint="Check the spelling; if the name is new, wait until DNS knows it. The operator's log "
        "has the reason.",
    )


def _new_secret() -> Secret:
    return Secret(key=secrets.token_bytes(_SECRET_BYTES))
