"""Deliveries and attempts as rows, and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, get_args

import msgspec
from sqlalchemy import RowMapping, Select, select

from syndicate.model.delivery import UNFINISHED, Attempt, Delivery, DeliveryId, Trigger
from syndicate.model.event import EventId, addressed
from syndicate.model.subscription import Payload, SubscriptionId
from syndicate.storage.ledger import millis, moment
from syndicate.storage.schema import DELIVERY, EVENT, TOPIC

Found = RowMapping | Mapping[str, Any]
"""A row by the names of its columns."""

Row = tuple[object, ...]
"""A row by the order of its columns."""

_MAX_COUNT: Final = 2**31 - 1
_MAX_SHOWN: Final = 200

SAID: Final = (
    EVENT.c.type,
    EVENT.c.post_id,
    EVENT.c.media_type,
    EVENT.c.full_body,
    EVENT.c.thin_body,
)
"""What a delivery says stands in its event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an event says, as it is sent to whoever hears it."""

    media_type: str
    topic: str
    whole: bytes
    thin: bytes

    @classmethod
    def of(cls, found: Found) -> Self:
        """Read it from the columns of `SAID`; raises `ValueError` where an event is not JSON."""
        said = cls(
            media_type=_text(found, "media_type"),
            topic=_text(found, "post_id") if found["type"] == TOPIC else "",
            whole=_bytes(found, "full_body"),
            thin=_bytes(found, "thin_body"),
        )
        if not said.topic:
            for body in (said.whole, said.thin):
                msgspec.json.decode(body, type=msgspec.Raw)
                if b'"data":{' not in body:
                    raise ValueError("its body holds no data")
        return said

    def to(self, subscription: SubscriptionId, seq: int, payload: Payload) -> bytes:
        """Return the body that is sent; that of an event is addressed to its subscriber."""
        body = self.thin if payload == "thin" else self.whole
        return body if self.topic else addressed(body, subscription, seq)


_UNREADABLE: Final = Said(media_type="", topic="unreadable", whole=b"", thin=b"")


def deliveries(*, without_event: bool = False) -> Select[*tuple[object, ...]]:
    """Return a question for deliveries with what they say, for `delivery`.

    With ``without_event`` those are included whose event is missing.
    """
    event = DELIVERY.c.event_id == EVENT.c.id
    return select(DELIVERY, *SAID).join_from(DELIVERY, EVENT, event, isouter=without_event)


def delivery(found: Found) -> Delivery:
    """Return the delivery of a row; without its body where that cannot be read."""
    subscription = SubscriptionId(found["subscription_id"])
    try:
        said = Said.of(found)
    except ValueError:
        said = _UNREADABLE
    return Delivery(
        id=delivery_id(subscription, found["seq"]),
        subscription=subscription,
        event=EventId(found["event_id"]),
        seq=found["seq"],
        body=said.to(subscription, found["seq"], found["payload"]),
        media_type=said.media_type,
        topic=said.topic,
        state=found["state"],
        trigger=found["trigger"],
        attempts=found["attempts"],
        step=found["step"],
        due=moment(found["due_ms"]),
        lease_by=found["lease_by"],
        lease_until=perhaps_moment(found["lease_until_ms"]),
        last_status=found["last_status"],
        last_error=found["last_error"],
    )


CLAIMED: Final = (
    DELIVERY.c.subscription_id,
    DELIVERY.c.seq,
    DELIVERY.c.event_id,
    DELIVERY.c.payload,
    DELIVERY.c.trigger,
    DELIVERY.c.attempts,
    DELIVERY.c.step,
    DELIVERY.c.due_ms,
    DELIVERY.c.last_status,
    DELIVERY.c.last_error,
)
"""What is read of a delivery when it is claimed."""


def leased(found: Sequence[Any], said: Said, *, by: str, until: datetime) -> Delivery:
    """Return the delivery with the values of `CLAIMED`, leased to ``by``; see `delivery`.

    Raises `ValueError` where a value is none that is ever stored.
    """
    which, seq, event, payload, trigger, attempts, step, due_ms, status, error = found
    check_number("attempts", attempts)
    check_number("step", step)
    check_choice("trigger", trigger, Trigger)
    check_choice("payload", payload, Payload)
    return Delivery(
        id=delivery_id(which, seq),
        subscription=which,
        event=event,
        seq=seq,
        body=said.to(which, seq, payload),
        media_type=said.media_type,
        topic=said.topic,
        state="leased",
        trigger=trigger,
        attempts=attempts,
        step=step,
        due=moment(due_ms),
        lease_by=by,
        lease_until=until,
        last_status=status,
        last_error=error,
    )


def check_number(name: str, value: object) -> None:
    """Raise `ValueError` unless a column holds a count that can still grow.

    SQLite stores whatever it is given, whatever the type of the column.
    """
    if not isinstance(value, int) or not 0 <= value < _MAX_COUNT:
        raise ValueError(f"{name} is {value!r}, not a count"[:_MAX_SHOWN])


def check_choice(name: str, value: object, choices: object) -> None:
    """Raise `ValueError` unless a column holds one of the values of a ``Literal``."""
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r}, not one of {get_args(choices)}"[:_MAX_SHOWN])


def _text(found: Found, name: str) -> str:
    if not isinstance(found[name], str):
        raise ValueError(f"{name} is not text")  # noqa: TRY004 — one kind of error for all rows
    return str(found[name])


def _bytes(found: Found, name: str) -> bytes:
    if not isinstance(found[name], bytes | memoryview):
        raise ValueError(f"{name} is not bytes")  # noqa: TRY004
    return bytes(found[name])


def delivery_id(subscription: SubscriptionId, seq: int) -> DeliveryId:
    """Return what a delivery is called: its subscription and its number there."""
    return DeliveryId(f"{subscription}.{seq}")


MOVED: Final = (
    DELIVERY.c.subscription_id,
    DELIVERY.c.seq,
    DELIVERY.c.state,
    DELIVERY.c.attempts,
    DELIVERY.c.step,
    DELIVERY.c.due_ms,
    DELIVERY.c.last_status,
    DELIVERY.c.last_error,
    DELIVERY.c.completed_ms,
)
"""What an attempt changes of a delivery, behind its key."""


def moved(delivery: Delivery, over: datetime) -> Row:
    """Return the values of `MOVED` of a delivery, an attempt at which was ``over`` then."""
    return (
        delivery.subscription,
        delivery.seq,
        delivery.state,
        delivery.attempts,
        delivery.step,
        millis(delivery.due),
        delivery.last_status,
        delivery.last_error,
        None if delivery.state in UNFINISHED else millis(over),
    )


def attempt_values(delivery: Delivery, attempt: Attempt) -> Row:
    """Return an attempt at a delivery as a row, in the order of the columns."""
    return (
        delivery.subscription,
        delivery.seq,
        attempt.number,
        attempt.trigger,
        millis(attempt.started),
        attempt.took_ms,
        attempt.address,
        attempt.status,
        json.dumps(attempt.headers) if attempt.headers else "[]",
        attempt.answer,
        attempt.cause,
        attempt.error,
    )


def attempt(found: RowMapping) -> Attempt:
    """Return the attempt of a row."""
    return Attempt(
        number=found["number"],
        trigger=found["trigger"],
        started=moment(found["started_ms"]),
        took_ms=found["took_ms"],
        address=found["address"],
        status=found["status"],
        headers=tuple((name, value) for name, value in json.loads(found["headers"])),
        answer=found["answer"],
        cause=found["cause"],
        error=found["error"],
    )


def perhaps_millis(when: datetime | None) -> int | None:
    """Return `millis` of a time, if there is one."""
    return None if when is None else millis(when)


def perhaps_moment(when: int | None) -> datetime | None:
    """Return the `moment` of a number, if there is one."""
    return None if when is None else moment(when)
