"""Events for one subscription alone: at its start, for a new selection, after an outage.

They are built from the ledger inside the transaction that keeps every process from announcing
changes, so nothing is missed or sent twice, no matter what is published at the same time. Rendering
takes longer than a transaction may last: posts are rendered before, and if one is missing, the
transaction is rolled back, the post rendered, and the transaction repeated.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from syndicate.errors import NotReady
from syndicate.model.audit import AuditEntry
from syndicate.model.change import LedgerEntry
from syndicate.model.change_stream import (
    EntryEvents,
    backfill_events,
    recovery_events,
    selection_change_events,
)
from syndicate.model.content_reader import ContentReader
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import LedgerRow, PostEvent, may_have_changed
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, RenderedPost
from syndicate.model.subscription import Subscription, SubscriptionPatch
from syndicate.publisher.event_builder import EMPTY_PAYLOAD, EventPayload, webhook_event
from syndicate.storage.database import Database
from syndicate.storage.publish import CatchUpTransaction, StoredEvent, catch_up
from syndicate.storage.secret_store import SecretStore

_RETRY_SECONDS: Final = 0.05
_BATCH_SIZE: Final = 100
"""Posts rendered together; requests are served in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """Enqueues events for one subscription; see the module.

    Every method records ``audit``, if given, in its transaction. It raises `StorageError`, and
    `NotReady` if the served edition and the ledger differ for long, as where a source cannot be
    read.

    Args:
        database: Holds the ledger, the subscriptions and the outbox.
        secret_store: Encrypts the secrets of subscriptions.
        content: Renders posts.
        service_info: What events say of this service.
        clock: Returns the time, with a zone.
        timeout_seconds: How long the edition and the ledger may differ; normally for a moment.
    """

    database: Database
    secret_store: SecretStore
    content: ContentReader
    service_info: ServiceInfo
    clock: Callable[[], datetime]
    timeout_seconds: float = 10.0

    async def backfill(
        self,
        subscription: Subscription,
        *,
        max_count: int | None = None,
        audit: AuditEntry | None = None,
    ) -> None:
        """Store a new subscription and enqueue every live post that it selects.

        Raises `NotReady` before the first edition is recorded, and what
        `syndicate.storage.subscriptions.Subscriptions.add` raises.
        """
        posts = _PostEvents(self.content, self.service_info, self.timeout_seconds)
        while True:
            now = self.clock()
            try:
                async with catch_up(self.database, self.secret_store, now) as tx:
                    await tx.add(subscription, max_count)
                    await tx.require_baseline()
                    selected = backfill_events(await tx.ledger_entries(), subscription)
                    events = await posts.build(selected, tx.end, now)
                    await tx.enqueue(subscription.id, events)
                    await tx.record_audit(audit)
                    return
            except _MissingPosts as missing:
                await posts.render(missing.rows)

    async def update(
        self, subscription_id: str, patch: SubscriptionPatch, audit: AuditEntry | None = None
    ) -> Subscription:
        """Change a subscription, and enqueue what enters and leaves its selection.

        Nothing is enqueued for a disabled one until it recovers. Raises `UnknownName`, and
        `Conflict` if it would equal another subscription.
        """
        posts = _PostEvents(self.content, self.service_info, self.timeout_seconds)
        while True:
            now = self.clock()
            try:
                async with catch_up(self.database, self.secret_store, now) as tx:
                    old = await tx.find(subscription_id)
                    new = _with_announced_selection(old, patch.apply_to(old))
                    await tx.update(new)
                    if old.selection != new.selection and new.state != "disabled":
                        entries = await tx.ledger_entries()
                        selected = selection_change_events(entries, old, new)
                        events = await posts.build(selected, tx.end, now)
                        await tx.enqueue(new.id, events)
                    await tx.record_audit(audit)
                    return new
            except _MissingPosts as missing:
                await posts.render(missing.rows)

    async def recover(
        self,
        subscription: Subscription,
        since: datetime | None,
        audit: AuditEntry | None = None,
    ) -> int:
        """Requeue what was sent since a time, then enqueue what was missed; return the count.

        Without a time every live post is enqueued instead. Raises `UnknownName`, and `Conflict`
        if the subscription is disabled.
        """
        posts = _PostEvents(self.content, self.service_info, self.timeout_seconds)
        while True:
            now = self.clock()
            try:
                async with catch_up(self.database, self.secret_store, now) as tx:
                    requeued = await tx.requeue_since(subscription.id, since)
                    found = await tx.find(subscription.id)
                    if since is None:
                        await tx.require_baseline()
                        selected = backfill_events(await tx.ledger_entries(), found)
                    else:
                        entries = await tx.ledger_entries(since)
                        selected = recovery_events(entries, found, requeued.last_sent)
                        selected += await _missed_selection_change(tx, found, entries)
                    if found.announced_selection is not None:
                        await tx.update(replace(found, announced_selection=None))
                    is_initial = since is None
                    events = await posts.build(selected, tx.end, now, is_initial=is_initial)
                    count = requeued.count + await tx.enqueue(subscription.id, events)
                    await tx.record_audit(audit, deliveries=count)
                    return count
            except _MissingPosts as missing:
                await posts.render(missing.rows)


def _with_announced_selection(old: Subscription, new: Subscription) -> Subscription:
    """Return ``new`` with the selection that a disabled subscriber's copy was made with."""
    if new.state != "disabled" or old.selection == new.selection:
        return new
    return replace(new, announced_selection=old.announced_selection or old.selection)


async def _missed_selection_change(
    tx: CatchUpTransaction, subscription: Subscription, recovered: Sequence[LedgerEntry]
) -> EntryEvents:
    """Return the events of a change of selection while the subscription was disabled.

    Without the posts of the ``recovered`` entries, whose events are of the new selection.
    """
    if subscription.announced_selection is None:
        return []
    known = {entry.row.post_id for entry in recovered}
    others = [entry for entry in await tx.ledger_entries() if entry.row.post_id not in known]
    old = replace(subscription, selection=subscription.announced_selection)
    return selection_change_events(others, old, subscription)


class _MissingPosts(Exception):  # noqa: N818 — rolls a transaction back and never leaves this module
    def __init__(self, rows: Sequence[LedgerRow]) -> None:
        self.rows = rows


class _PostEvents:
    """Builds events of ledger entries out of posts that were rendered before."""

    def __init__(
        self, content: ContentReader, service_info: ServiceInfo, timeout_seconds: float
    ) -> None:
        self._content = content
        self._service_info = service_info
        self._payloads: dict[LedgerRow, EventPayload] = {}
        self._deadline = asyncio.get_running_loop().time() + timeout_seconds

    async def build(
        self, selected: EntryEvents, end: LedgerCursor, now: datetime, *, is_initial: bool = True
    ) -> Sequence[StoredEvent]:
        """Return the events to store; raises `_MissingPosts` if posts are to be rendered first.

        The cursors in the events lead on through the ledger. With ``is_initial`` everything
        recorded so far counts as new to the subscriber, and removals come first.
        """
        missing = [
            entry.row
            for entry, event in selected
            if event.kind != "post.removed" and entry.row not in self._payloads
        ]
        if missing:
            raise _MissingPosts(missing)
        start = replace(end.start(), initial_until=end.generation if is_initial else 0)
        return await asyncio.to_thread(self._stored_events, selected, start, end.generation, now)

    def _stored_events(
        self, selected: EntryEvents, start: LedgerCursor, generation: int, now: datetime
    ) -> Sequence[StoredEvent]:
        if start.initial_until:
            selected = sorted(selected, key=lambda pair: pair[1].kind != "post.removed")
        events: list[StoredEvent] = []
        for entry, post_event in selected:
            payload = self._payloads.get(entry.row, EMPTY_PAYLOAD)
            event = webhook_event(replace(entry, noticed_at=now), post_event, payload, generation)
            cursor = _cursor_after(start, entry, post_event)
            events.append(StoredEvent.from_event(event, str(cursor)))
        return events

    async def render(self, rows: Sequence[LedgerRow]) -> None:
        """Render those posts of which the served edition and the ledger agree.

        Waits a moment if there is none; raises `NotReady` if that takes too long.
        """
        edition = self._content.edition
        matching = [(row, post) for row in rows if (post := _matching_post(row, edition))]
        for start in range(0, len(matching), _BATCH_SIZE):
            batch = matching[start : start + _BATCH_SIZE]
            rendered = await self._content.render_posts([post for _, post in batch], edition)
            payloads = await asyncio.to_thread(self._make_payloads, rendered)
            self._payloads.update(zip((row for row, _ in batch), payloads, strict=True))
        if not matching:
            if asyncio.get_running_loop().time() > self._deadline:
                raise NotReady(
                    f"{rows[0].post_id} is changing; its latest version is not recorded yet",
                    hint="See whether a source cannot be read, and try again.",
                )
            await asyncio.sleep(_RETRY_SECONDS)

    def _make_payloads(self, posts: Iterable[RenderedPost]) -> Sequence[EventPayload]:
        return [EventPayload.from_post(post, self._service_info) for post in posts]


def _matching_post(row: LedgerRow, edition: Edition) -> Post | None:
    post = edition.find_post(row.post_id)
    if post is None or may_have_changed(row, post, edition.translations(post)):
        return None
    return post


def _cursor_after(start: LedgerCursor, entry: LedgerEntry, post_event: PostEvent) -> LedgerCursor:
    """Return the cursor after an event; initial removals come before everything."""
    is_initial_removal = start.initial_until and post_event.kind == "post.removed"
    return start if is_initial_removal else start.advanced_to(entry)
