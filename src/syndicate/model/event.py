"""Webhook events: what happened to a post, and the JSON body that reports it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NewType

from syndicate.model.ledger import PostEvent
from syndicate.model.post import CommitId, PostId
from syndicate.model.subscription import EventType, Payload, SubscriptionId

EventId = NewType("EventId", str)
"""``evt_`` and 32 hex digits; receivers get it as ``webhook-id``."""

BODY_SCHEMA: Final = 1
"""Number of the schema of webhook bodies: within it, fields are only added."""

TEST_EVENT: Final = "subscription.test"
"""Event type of the request that tests an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """An event about one post, the same for all its receivers.

    ``generation`` is that of the ledger row that ``post_event`` made, so an event has the same id
    each time it is computed. Sending the same event again to one subscriber, after its selection
    changed, takes a new generation.
    """

    post_event: PostEvent
    generation: int
    post_id: PostId
    url: str
    source: str
    commit: CommitId
    """The commit in service when the change was noticed."""
    noticed_at: datetime
    """When the change was noticed."""
    title: str = ""
    self_url: str = ""
    """URL of the post in our API."""
    item_json: bytes = b""
    """The post as a JSON Feed item. For a removed post title, self_url and item_json are not
    used."""

    @property
    def id(self) -> EventId:
        """Event id, by which receivers recognize repetitions."""
        return event_id(self.generation, self.post_id, self.post_event.kind)

    def post_payload(self, payload: Payload) -> bytes:
        """Return the JSON value of ``post``, never with content of a hidden post."""
        post: dict[str, object] = {"id": self.post_id, "url": self.url}
        if self.post_event.kind == "post.removed":
            return _json_object(post)
        if payload == "thin":
            return _json_object(post | {"title": self.title, "_syndicate": {"self": self.self_url}})
        return self.item_json


def event_id(generation: int, post_id: PostId, kind: EventType) -> EventId:
    """Return the id of the event about a post in a generation of the ledger."""
    identity = f"{generation}\n{post_id}\n{kind}".encode()
    return EventId(f"evt_{hashlib.sha256(identity).hexdigest()[:32]}")


def webhook_body(
    event: WebhookEvent,
    *,
    cursor: str,
    payload: Payload = "full",
    subscription: SubscriptionId | None = None,
    seq: int | None = None,
) -> bytes:
    """Return the JSON body of a webhook request; the same arguments give the same bytes.

    ``cursor`` is the position right after this event for ``/v1/changes?after=``. Without
    ``subscription`` and ``seq`` the body is an item of ``/v1/changes``.
    """
    post_event = event.post_event
    recipient = {"subscription": subscription, "seq": seq}
    recipient_members = {name: value for name, value in recipient.items() if value is not None}
    after = {
        "source": event.source,
        "commit": event.commit,
        "reason": post_event.reason,
        "changed": post_event.changed,
        "minor": post_event.is_minor,
    }
    data = b"%b,%b,%b" % (
        _json_object({**recipient_members, "cursor": cursor})[:-1],
        b'"post":' + event.post_payload(payload),
        _json_object(after)[1:],
    )
    head = {
        "type": post_event.kind,
        "timestamp": rfc3339(event.noticed_at),
        "schema": BODY_SCHEMA,
    }
    return _json_object(head)[:-1] + (b',"data":%b}' % data)


def with_recipient(body: bytes, subscription: SubscriptionId, seq: int) -> bytes:
    """Return ``body``, made without a recipient, with ``subscription`` and ``seq`` inserted.

    So the part that all subscribers share is stored once.
    """
    head, data, tail = body.partition(b'"data":{')
    names = f'"subscription":"{subscription}","seq":{seq},'  # an id needs no escaping
    return b"".join((head, data, names.encode(), tail))


def cursor_in_body(body: bytes) -> str:
    """Return the cursor of a ``body`` without a recipient, whose data begins with it.

    The rest of the body is not parsed, since it may be long.
    """
    _, _, data = body.partition(b'"data":{"cursor":"')
    return data[: data.index(b'"')].decode()


def make_test_body(subscription: SubscriptionId, at: datetime) -> bytes:
    """Return the body of a test request: without post and ``seq``."""
    data = {"subscription": subscription}
    head = {"type": TEST_EVENT, "timestamp": rfc3339(at), "schema": BODY_SCHEMA}
    return _json_object({**head, "data": data})


def _json_object(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def rfc3339(time: datetime) -> str:
    """Return ``time`` in UTC with milliseconds (RFC 3339)."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
