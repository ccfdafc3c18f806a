"""Events: what happened to a post, and the body of the request that says so."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NewType

from syndicate.model.ledger import Telling
from syndicate.model.post import CommitId, PostId
from syndicate.model.subscription import EventType, Payload, SubscriptionId

EventId = NewType("EventId", str)
"""``evt_`` and 32 hex digits; what receivers know as ``webhook-id``."""

TRIAL: Final = "subscription.test"
"""The type of the request by which an owner tries an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to one post, the same for all who are told.

    ``generation`` is that of the ledger row which ``telling`` made: the same telling has the same
    id however often it is worked out. To tell a subscriber the same once more, after it changed
    its selection, takes a new generation.
    """

    telling: Telling
    generation: int
    post: PostId
    url: str
    source: str
    commit: CommitId
    """The commit served when it was noticed."""
    at: datetime
    """When it was noticed."""
    title: str = ""
    self_url: str = ""
    """The post in our API."""
    item: bytes = b""
    """The post as a JSON Feed item. Of a removed one title, self_url and item are not used."""

    @property
    def id(self) -> EventId:
        """The id that receivers know repeats by."""
        return event_id(self.generation, self.post, self.telling.kind)

    def shown(self, payload: Payload) -> bytes:
        """Return what is said of the post: JSON in UTF-8, never content that was hidden."""
        which: dict[str, object] = {"id": self.post, "url": self.url}
        if self.telling.kind == "post.removed":
            return _object(which)
        if payload == "thin":
            return _object(which | {"title": self.title, "_syndicate": {"self": self.self_url}})
        return self.item


def event_id(generation: int, post: PostId, kind: EventType) -> EventId:
    """Return the id of what is told of a post in a generation of the ledger."""
    told = f"{generation}\n{post}\n{kind}".encode()
    return EventId(f"evt_{hashlib.sha256(told).hexdigest()[:32]}")


def body(
    event: Event,
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
    telling = event.telling
    addressed = {"subscription": subscription, "seq": seq}
    before = {name: value for name, value in addressed.items() if value is not None}
    behind = {
        "source": event.source,
        "commit": event.commit,
        "reason": telling.reason,
        "changed": telling.changed,
        "minor": telling.minor,
    }
    data = b"%b,%b,%b" % (
        _object({**before, "cursor": cursor})[:-1],
        b'"post":' + event.shown(payload),
        _object(behind)[1:],
    )
    return _object({"type": telling.kind, "timestamp": rfc3339(event.at)})[:-1] + (
        b',"data":%b}' % data
    )


def addressed(body: bytes, subscription: SubscriptionId, seq: int) -> bytes:
    """Return ``body``, made without them, as it is made with ``subscription`` and ``seq``.

    So what is the same for all subscribers is kept once. What stands before ``data`` is ours.
    """
    before, data, rest = body.partition(b'"data":{')
    names = f'"subscription":"{subscription}","seq":{seq},'  # an id needs no escaping
    return b"".join((before, data, names.encode(), rest))


def cursor(body: bytes) -> str:
    """Return the cursor of a ``body`` that is not addressed to anybody: what its data begins with.

    Nothing else is read: bodies may be long.
    """
    _, _, data = body.partition(b'"data":{"cursor":"')
    return data[: data.index(b'"')].decode()


def trial_body(subscription: SubscriptionId, at: datetime) -> bytes:
    """Return the body of a request by which an owner tries an endpoint: no post, no ``seq``."""
    data = {"subscription": subscription}
    return _object({"type": TRIAL, "timestamp": rfc3339(at), "data": data})


def _object(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def rfc3339(moment: datetime) -> str:
    """Return ``moment`` in UTC to the millisecond (RFC 3339)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
