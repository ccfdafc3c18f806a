"""Webhook events of changed posts: which fields changed, what events show, and who gets them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from syndicate.content.post_renderer import PostRenderer
from syndicate.feeds.formats import FORMATS
from syndicate.model.change import Change, LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.event import EventId, WebhookEvent
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import PostEvent, changed_fields
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId, RenderedPost
from syndicate.storage.publish import EventBatch, StoredEvent, SubscriberGroup


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
    current = {rendered.post.id: rendered for rendered in renderer.render(posts, edition)}
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
        for rendered in renderer.render(posts, edition)
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
