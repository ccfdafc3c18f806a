"""Events: what happened to a post, and the body of the request that says so."""

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
"""``evt_`` and 32 hex digits; what receivers know as ``webhook-id``."""

TEST_EVENT: Final = "subscription.test"
"""The type of the request by which an owner tries an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One thing that happened to one post, the same for all who are told.

    ``generation`` is that of the ledger row which ``telling`` made: the same telling has the same
    id however often it is worked out. To tell a subscriber the same once more, after it changed
    its selection, takes a new generation.
    """

    post_event: PostEvent
    generation: int
    post_id: PostId
    url: str
    source: str
    commit: CommitId
    """The commit served when it was noticed."""
    noticed_at: datetime
    """When it was noticed."""
    title: str = ""
    self_url: str = ""
    """The post in our API."""
    item_json: bytes = b""
    """The post as a JSON Feed item. Of a removed one title, self_url and item are not used."""

    @property
    def id(self) -> EventId:
        """The id that receivers know repeats by."""
        return event_id(self.generation, self.post_id, self.post_event.kind)

    def post_payload(self, payload: Payload) -> bytes:
        """Return what is said of the post: JSON in UTF-8, never content that was hidden."""
        post: dict[str, object] = {"id": self.post_id, "url": self.url}
        if self.post_event.kind == "post.removed":
            return _json_object(post)
        if payload == "thin":
            return _json_object(post | {"title": self.title, "_syndicate": {"self": self.self_url}})
        return self.item_json


def event_id(generation: int, post_id: PostId, kind: EventType) -> EventId:
    """Return the id of what is told of a post in a generation of the ledger."""
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
    """Return the body of a webhook request, JSON in UTF-8; the same arguments, the same bytes.

    ``cursor`` is the position right after this event for ``/v1/changes?after=``. Without
    ``subscription`` and ``seq`` it is what ``/v1/changes`` lists.
    """
    post_event = event.post_event
    recipient = {"subscription": subscription, "seq": seq}
    before = {name: value for name, value in recipient.items() if value is not None}
    after = {
        "source": event.source,
        "commit": event.commit,
        "reason": post_event.reason,
        "changed": post_event.changed,
        "minor": post_event.is_minor,
    }
    data = b"%b,%b,%b" % (
        _json_object({**before, "cursor": cursor})[:-1],
        b'"post":' + event.post_payload(payload),
        _json_object(after)[1:],
    )
    return _json_object({"type": post_event.kind, "timestamp": rfc3339(event.noticed_at)})[:-1] + (
        b',"data":%b}' % data
    )


def with_recipient(body: bytes, subscription: SubscriptionId, seq: int) -> bytes:
    """Return ``body``, made without them, as it is made with ``subscription`` and ``seq``.

    So what is the same for all subscribers is kept once. What stands before ``data`` is ours.
    """
    before, data, rest = body.partition(b'"data":{')
    names = f'"subscription":"{subscription}","seq":{seq},'  # an id needs no escaping
    return b"".join((before, data, names.encode(), rest))


def cursor_in_body(body: bytes) -> str:
    """Return the cursor of a ``body`` that is not addressed to anybody: what its data begins with.

    Nothing else is read: bodies may be long.
    """
    _, _, data = body.partition(b'"data":{"cursor":"')
    return data[: data.index(b'"')].decode()


def test_body(subscription: SubscriptionId, at: datetime) -> bytes:
    """Return the body of a request by which an owner tries an endpoint: no post, no ``seq``."""
    data = {"subscription": subscription}
    return _json_object({"type": TEST_EVENT, "timestamp": rfc3339(at), "data": data})


def _json_object(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def rfc3339(time: datetime) -> str:
    """Return ``moment`` in UTC to the millisecond (RFC 3339)."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
