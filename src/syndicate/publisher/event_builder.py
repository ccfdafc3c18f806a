"""Announce changes: what each audience hears, written where the world is told."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from syndicate.model.change import Change
from syndicate.model.edition import Edition
from syndicate.model.event import EventId, WebhookEvent
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import LedgerRow, PostEvent
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId
from syndicate.publisher.event_payload import EMPTY_PAYLOAD, EventPayload
from syndicate.publisher.post_diff import PostRenderer
from syndicate.storage.enqueue import EventBatch, StoredEvent, SubscriberGroup, enqueue_prepared
from syndicate.storage.ledger import InSameTransaction


class EventBuilder:
    """Prepares what subscribers hear; its `announce` is what a teller is given.

    Args:
        maker: Makes items of posts.
        masthead: In whose name they are written.
        clock: Tells the time, with a zone.
    """

    def __init__(
        self, renderer: PostRenderer, service_info: ServiceInfo, clock: Callable[[], datetime]
    ) -> None:
        self._renderer = renderer
        self._service_info = service_info
        self._clock = clock

    async def prepare(self, changes: Sequence[Change], edition: Edition) -> InSameTransaction:
        """Make the items of ``changes``; return what posts them, in the order of the ledger."""
        payloads = await asyncio.to_thread(self._payloads, changes, edition)
        ordered = await asyncio.to_thread(_in_ledger_order, changes)

        def build_batch(
            groups: Sequence[SubscriberGroup], ledger_id: str, generation: int
        ) -> EventBatch:
            events: dict[EventId, StoredEvent] = {}
            events_by_group: dict[str, list[EventId]] = {audience.id: [] for audience in groups}
            for row, change in ordered:
                cursor = str(
                    LedgerCursor(ledger_id=ledger_id, generation=generation, post_id=row.post_id)
                )
                for audience, post_event in _matching_groups(change, groups):
                    payload = payloads.get(row.post_id, EMPTY_PAYLOAD)
                    event = _event(row, change, post_event, generation, payload)
                    if event.id not in events:
                        events[event.id] = StoredEvent.from_event(event, cursor)
                    events_by_group[audience.id].append(event.id)
            return EventBatch(events=tuple(events.values()), events_by_group=events_by_group)

        return enqueue_prepared(build_batch, self._clock)

    def _payloads(
        self, changes: Sequence[Change], edition: Edition
    ) -> Mapping[PostId, EventPayload]:
        posts = [change.post for change in changes if change.post]
        return {
            item.post.id: EventPayload.from_post(item, self._service_info)
            for item in self._renderer.render_posts(posts, edition)
        }


def _in_ledger_order(changes: Sequence[Change]) -> Sequence[tuple[LedgerRow, Change]]:
    rows = [(row, change) for change in changes if (row := change.new_row)]
    return sorted(rows, key=lambda pair: pair[0].post_id.encode())


def _matching_groups(
    change: Change, groups: Iterable[SubscriberGroup]
) -> Iterator[tuple[SubscriberGroup, PostEvent]]:
    for group in groups:
        post_event = change.event_for(group.selection)
        if post_event is not None and group.accepts(post_event):
            yield group, post_event


def _event(
    row: LedgerRow, change: Change, post_event: PostEvent, generation: int, payload: EventPayload
) -> WebhookEvent:
    return WebhookEvent(
        post_event=post_event,
        generation=generation,
        post_id=row.post_id,
        url=row.url,
        source=row.source,
        commit=change.commit,
        noticed_at=change.noticed_at,
        title=payload.title,
        self_url=payload.self_url,
        item_json=payload.item,
    )
