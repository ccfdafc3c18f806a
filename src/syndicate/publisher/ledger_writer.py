"""Records an edition in the ledger, and builds the events that announce it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple, Protocol

from syndicate import telemetry
from syndicate.errors import RepositoryError, StorageError
from syndicate.feeds.formats import FORMATS
from syndicate.model.change import Change, LedgerCursor, LedgerEntry, changes
from syndicate.model.edition import Edition
from syndicate.model.event import EventId, WebhookEvent
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import LedgerRow, PostEvent, changed_fields
from syndicate.model.post import Post, PostId, RenderedPost
from syndicate.storage.database import Database
from syndicate.storage.enqueue import EventBatch, StoredEvent, SubscriberGroup
from syndicate.storage.ledger import Ledger
from syndicate.storage.publish import announce


class PostRenderer(Protocol):
    """Renders posts, in the thread that calls."""

    def render_posts(self, posts: Sequence[Post], edition: Edition) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` rendered, in their order; raises `RepositoryError`."""
        ...

    def render_as_announced(
        self, recorded: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, RenderedPost]:
        """Return recorded versions rendered by today's rules, without those that are lost.

        Raises `RepositoryError`.
        """
        ...


def with_changed_fields(
    renderer: PostRenderer, changes: Sequence[Change], edition: Edition
) -> Sequence[Change]:
    """Return ``changes`` with the fields that differ in posts that were announced and are live.

    Where only the inputs of a post differ, they tell the fields; other posts are rendered as they
    were and as they are. A change to a live post is left out if its content cannot be read now:
    subscribers are only sent complete posts. Raises `RepositoryError`.
    """
    silent = [change for change in changes if change.changed_inputs == ()]
    others = [change for change in changes if change.changed_inputs != ()]
    posts = [change.post for change in others if change.post]
    pairs = [
        pair for change in others if change.changed_inputs is None and (pair := change.updated_pair)
    ]
    announced = renderer.render_as_announced(pairs, edition) if pairs else {}
    current = {rendered.post.id: rendered for rendered in renderer.render_posts(posts, edition)}
    return silent + [
        _with_fields(change, announced, current)
        for change in others
        if change.post is None or change.post.id in current
    ]


def _with_fields(
    change: Change,
    announced: Mapping[PostId, RenderedPost],
    current: Mapping[PostId, RenderedPost],
) -> Change:
    pair = change.updated_pair
    if pair is None:
        return change
    row, post = pair
    if change.changed_inputs is not None:
        return replace(change, changed=change.changed_inputs)
    return replace(change, changed=changed_fields(row, announced.get(post.id), current[post.id]))


class EventPayload(NamedTuple):
    """What an event shows of a post."""

    title: str
    self_url: str
    item: bytes
    """The post as a JSON Feed item."""

    @classmethod
    def from_post(cls, post: RenderedPost, service_info: ServiceInfo) -> "EventPayload":
        """Return what is shown of a rendered post."""
        return cls(
            title=post.post.own_title,
            self_url=service_info.url(f"/v1/posts/{post.post.key}"),
            item=FORMATS["json"].write_entry(post, service_info),
        )


EMPTY_PAYLOAD: Final = EventPayload("", "", b"")
"""Of a removed post nothing is shown."""


def render_payloads(
    renderer: PostRenderer, service_info: ServiceInfo, changes: Sequence[Change], edition: Edition
) -> Mapping[PostId, EventPayload]:
    """Render the live posts of ``changes``; raises `RepositoryError`."""
    posts = [change.post for change in changes if change.post]
    return {
        rendered.post.id: EventPayload.from_post(rendered, service_info)
        for rendered in renderer.render_posts(posts, edition)
    }


def build_batch(
    changes: Sequence[Change],
    payloads: Mapping[PostId, EventPayload],
    groups: Sequence[SubscriberGroup],
    generation: LedgerCursor,
) -> EventBatch:
    """Return the events of ``changes`` and which group gets which, in the order of the ledger.

    ``generation`` is the cursor at the start of the generation in which they are recorded.
    """
    events: dict[EventId, StoredEvent] = {}
    events_by_group: dict[str, list[EventId]] = {group.id: [] for group in groups}
    for entry, change in _in_ledger_order(changes):
        payload = payloads.get(entry.row.post_id, EMPTY_PAYLOAD)
        cursor = str(replace(generation, post_id=entry.row.post_id))
        for group in groups:
            post_event = change.event_for(group.selection)
            if post_event is not None and group.accepts(post_event):
                event = webhook_event(entry, post_event, payload, generation.generation)
                if event.id not in events:
                    events[event.id] = StoredEvent.from_event(event, cursor)
                events_by_group[group.id].append(event.id)
    return EventBatch(events=tuple(events.values()), events_by_group=events_by_group)


def webhook_event(
    entry: LedgerEntry, post_event: PostEvent, payload: EventPayload, generation: int
) -> WebhookEvent:
    """Return the event about a ledger entry."""
    row = entry.row
    return WebhookEvent(
        post_event=post_event,
        generation=generation,
        post_id=row.post_id,
        url=row.url,
        source=row.source,
        commit=entry.commit,
        noticed_at=entry.noticed_at,
        title=payload.title,
        self_url=payload.self_url,
        item_json=payload.item,
    )


def _in_ledger_order(changes: Sequence[Change]) -> Iterator[tuple[LedgerEntry, Change]]:
    rows = [(row, change) for change in changes if (row := change.new_row)]
    for row, change in sorted(rows, key=lambda pair: pair[0].post_id.encode()):
        yield (
            LedgerEntry(row=row, reason=None, noticed_at=change.noticed_at, commit=change.commit),
            change,
        )


_BATCH_SIZE: Final = 100
"""Posts compared together; the lease is renewed in between."""

_log = telemetry.logger("publisher")


class _LedgerState(NamedTuple):
    """What the ledger holds while this process has the lease."""

    generation: int
    entries: dict[PostId, LedgerEntry]
    edition: Edition | None = None
    """The edition whose changes are all recorded."""


@dataclass(slots=True, kw_only=True)
class LedgerWriter:
    """Records each edition in the ledger and announces what changed, while it has the lease.

    Args:
        database: Holds the ledger and the outbox.
        holder: The name of this process, different from every other.
        renderer: Renders posts.
        service_info: What events say of this service.
        clock: Returns the time, with a zone.
    """

    database: Database
    holder: str
    renderer: PostRenderer
    service_info: ServiceInfo
    clock: Callable[[], datetime]
    ledger: Ledger = field(init=False)
    _state: _LedgerState | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Open the ledger of the database."""
        self.ledger = Ledger(self.database)

    async def record(self, edition: Edition) -> bool:
        """Record what changed in ``edition``; return whether this process has the lease.

        Nothing is recorded while another process has it, or took it meanwhile. Raises
        `StorageError`.
        """
        state, self._state = self._state, None
        try:
            if state and not await self.ledger.renew_lease(self.holder, self.clock()):
                state = None
            if state or await self.ledger.acquire_lease(self.holder, self.clock()):
                self._state = await self._record_changes(state or await self._load_state(), edition)
        except StorageError as error:
            if error.code != "lease-lost":
                raise
            _log.warning("publisher lease lost", reason=error.message)
        return self._state is not None

    async def release_lease(self) -> None:
        """Let another process acquire the lease at once; raises `StorageError`."""
        self._state = None
        await self.ledger.release_lease(self.holder)

    async def _load_state(self) -> _LedgerState:
        end = await self.ledger.end_cursor()
        return _LedgerState(end.generation - 1, dict(await self.ledger.entries()))

    async def _record_changes(self, state: _LedgerState, edition: Edition) -> _LedgerState:
        if state.edition is edition:
            return state
        candidates = await asyncio.to_thread(
            lambda: [*changes(state.entries, edition, state.edition)]
        )
        compared = await self._with_changed_fields(
            candidates, edition, is_baseline=not state.generation
        )
        entries, silent = await asyncio.to_thread(_split_announced_and_silent, compared)
        if silent:
            await self.ledger.record_silently(self.holder, silent, self.clock())
        generation = state.generation
        if entries or not generation:
            if generation:
                generation = await self._announce(compared, entries, edition)
            else:
                generation = await self.ledger.record(self.holder, entries, self.clock())
            telemetry.posts_announced_total.inc(len(entries))
            _log.info("changes recorded", generation=generation, posts=len(entries))
        await asyncio.to_thread(_apply_to_state, state.entries, entries, silent, generation)
        return _LedgerState(
            generation, state.entries, edition if len(compared) == len(candidates) else None
        )

    async def _announce(
        self, compared: Sequence[Change], entries: Sequence[LedgerEntry], edition: Edition
    ) -> int:
        """Record ``entries`` and enqueue their events, in one transaction.

        Returns the generation in which they are recorded.
        """
        payloads = await asyncio.to_thread(
            render_payloads, self.renderer, self.service_info, compared, edition
        )
        async with announce(self.database, self.holder, self.clock()) as tx:
            start = await tx.record(entries)
            groups = await tx.subscriber_groups()
            batch = await asyncio.to_thread(build_batch, compared, payloads, groups, start)
            await tx.enqueue(batch)
        return start.generation

    async def _with_changed_fields(
        self, candidates: Sequence[Change], edition: Edition, *, is_baseline: bool
    ) -> Sequence[Change]:
        """Return changes with the fields that differ, without posts that cannot be read now.

        A baseline is not announced, so its posts need not be rendered.
        """
        changes_found = [change for change in candidates if change.post is None or is_baseline]
        live = [change for change in candidates if change.post is not None and not is_baseline]
        for source, group in groupby(sorted(live, key=_source_name), _source_name):
            of_source = list(group)
            for start in range(0, len(of_source), _BATCH_SIZE):
                batch = of_source[start : start + _BATCH_SIZE]
                await self.ledger.renew_lease(self.holder, self.clock())
                try:
                    changes_found += await asyncio.to_thread(
                        with_changed_fields, self.renderer, batch, edition
                    )
                except RepositoryError as error:
                    _log.warning("source not compared", source=source, reason=error.message)
                    break
        return changes_found


def _source_name(change: Change) -> str:
    return change.post.source if change.post else ""


def _split_announced_and_silent(
    compared: Sequence[Change],
) -> tuple[list[LedgerEntry], list[LedgerRow]]:
    """Return the entries to announce, and the rows of posts that changed without an event."""
    pairs = [(change, change.entry) for change in compared]
    silent = (change.new_row for change, entry in pairs if entry is None)
    return [entry for _, entry in pairs if entry], [row for row in silent if row]


def _apply_to_state(
    known: dict[PostId, LedgerEntry],
    entries: Iterable[LedgerEntry],
    silent: Iterable[LedgerRow],
    generation: int,
) -> None:
    """Update what is known of the ledger to what would be read from it now.

    In place: the cost depends on what changed, not on the number of posts.
    """
    known.update((row.post_id, replace(known[row.post_id], row=row)) for row in silent)
    known.update(
        (entry.row.post_id, replace(entry, row=replace(entry.row, generation=generation)))
        for entry in entries
    )
