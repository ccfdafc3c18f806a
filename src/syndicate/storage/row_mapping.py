"""Deliveries and attempts as rows, and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, get_args

import msgspec
from sqlalchemy import RowMapping, Select, select

from syndicate.model.delivery import UNFINISHED, Attempt, AttemptTrigger, Delivery, DeliveryId
from syndicate.model.event import EventId, with_recipient
from syndicate.model.subscription import Payload, SubscriptionId
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.schema import DELIVERY, EVENT, TOPIC_EVENT_TYPE

NamedRow = RowMapping | Mapping[str, Any]
"""A row by column name."""

PositionalRow = tuple[object, ...]
"""A row in the order of its columns."""

_MAX_COUNT: Final = 2**31 - 1
_MAX_SHOWN: Final = 200

EVENT_CONTENT_COLUMNS: Final = (
    EVENT.c.type,
    EVENT.c.post_id,
    EVENT.c.media_type,
    EVENT.c.full_body,
    EVENT.c.thin_body,
)
"""The columns that `EventContent.from_row` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContent:
    """The content of an event as it is sent, before the recipient is written into it.

    ``topic`` is the URL of a WebSub topic, empty for a webhook event.
    """

    media_type: str
    topic: str
    full_body: bytes
    thin_body: bytes

    @classmethod
    def from_row(cls, row: NamedRow) -> Self:
        """Read the columns of `EVENT_CONTENT_COLUMNS`; raises `ValueError` for a malformed body."""
        content = cls(
            media_type=_text(row, "media_type"),
            topic=_text(row, "post_id") if row["type"] == TOPIC_EVENT_TYPE else "",
            full_body=_bytes(row, "full_body"),
            thin_body=_bytes(row, "thin_body"),
        )
        if not content.topic:
            for body in (content.full_body, content.thin_body):
                msgspec.json.decode(body, type=msgspec.Raw)
                if b'"data":{' not in body:
                    raise ValueError("its body holds no data")
        return content

    def body_for(self, subscription_id: SubscriptionId, seq: int, payload: Payload) -> bytes:
        """Return the body to send; the body of an event names its recipient."""
        body = self.thin_body if payload == "thin" else self.full_body
        return body if self.topic else with_recipient(body, subscription_id, seq)


_UNREADABLE_CONTENT: Final = EventContent(
    media_type="", topic="unreadable", full_body=b"", thin_body=b""
)


def select_deliveries(*, include_missing_event: bool = False) -> Select[*tuple[object, ...]]:
    """Select deliveries with the content of their events, for `delivery_from_row`.

    With ``include_missing_event`` also deliveries whose event is missing.
    """
    is_event = DELIVERY.c.event_id == EVENT.c.id
    return select(DELIVERY, *EVENT_CONTENT_COLUMNS).join_from(
        DELIVERY, EVENT, is_event, isouter=include_missing_event
    )


def delivery_from_row(row: NamedRow) -> Delivery:
    """Return the delivery of a row, with an empty body if its event cannot be read."""
    subscription_id = SubscriptionId(row["subscription_id"])
    try:
        content = EventContent.from_row(row)
    except ValueError:
        content = _UNREADABLE_CONTENT
    return Delivery(
        id=delivery_id(subscription_id, row["seq"]),
        subscription=subscription_id,
        event=EventId(row["event_id"]),
        seq=row["seq"],
        body=content.body_for(subscription_id, row["seq"], row["payload"]),
        media_type=content.media_type,
        topic=content.topic,
        state=row["state"],
        trigger=row["trigger"],
        attempts=row["attempts"],
        step=row["step"],
        due=from_millis(row["due_ms"]),
        lease_by=row["lease_by"],
        lease_until=optional_from_millis(row["lease_until_ms"]),
        last_status=row["last_status"],
        last_error=row["last_error"],
    )


CLAIM_COLUMNS: Final = (
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
"""The columns that `claimed_delivery` reads."""


def claimed_delivery(
    values: Sequence[Any], content: EventContent, *, token: str, until: datetime
) -> Delivery:
    """Return the delivery with the values of `CLAIM_COLUMNS`, leased to ``token``.

    Raises `ValueError` for a value that the service never stores.
    """
    subscription_id, seq, event_id, payload, trigger, attempts, step, due_ms, status, error = values
    check_number("attempts", attempts)
    check_number("step", step)
    check_choice("trigger", trigger, AttemptTrigger)
    check_choice("payload", payload, Payload)
    return Delivery(
        id=delivery_id(subscription_id, seq),
        subscription=subscription_id,
        event=event_id,
        seq=seq,
        body=content.body_for(subscription_id, seq, payload),
        media_type=content.media_type,
        topic=content.topic,
        state="leased",
        trigger=trigger,
        attempts=attempts,
        step=step,
        due=from_millis(due_ms),
        lease_by=token,
        lease_until=until,
        last_status=status,
        last_error=error,
    )


def check_number(name: str, value: object) -> None:
    """Raise `ValueError` unless a column holds a count below the maximum.

    SQLite stores any value in any column, regardless of its type.
    """
    if not isinstance(value, int) or not 0 <= value < _MAX_COUNT:
        raise ValueError(f"{name} is {value!r}, not a count"[:_MAX_SHOWN])


def check_choice(name: str, value: object, choices: object) -> None:
    """Raise `ValueError` unless a column holds one of the values of a ``Literal``."""
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r}, not one of {get_args(choices)}"[:_MAX_SHOWN])


def _text(row: NamedRow, name: str) -> str:
    if not isinstance(row[name], str):
        raise ValueError(f"{name} is not text")  # noqa: TRY004 — one error type for all unreadable rows
    return str(row[name])


def _bytes(row: NamedRow, name: str) -> bytes:
    if not isinstance(row[name], bytes | memoryview):
        raise ValueError(f"{name} is not bytes")  # noqa: TRY004
    return bytes(row[name])


def delivery_id(subscription_id: SubscriptionId, seq: int) -> DeliveryId:
    """Return the id of a delivery: its subscription and its number in the queue."""
    return DeliveryId(f"{subscription_id}.{seq}")


PROGRESS_COLUMNS: Final = (
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
"""The key of a delivery, and the columns that an attempt changes."""


def progress_values(delivery: Delivery, finished_at: datetime) -> PositionalRow:
    """Return the values of `PROGRESS_COLUMNS` after an attempt that finished at a time."""
    return (
        delivery.subscription,
        delivery.seq,
        delivery.state,
        delivery.attempts,
        delivery.step,
        millis(delivery.due),
        delivery.last_status,
        delivery.last_error,
        None if delivery.state in UNFINISHED else millis(finished_at),
    )


def attempt_values(delivery: Delivery, attempt: Attempt) -> PositionalRow:
    """Return an attempt as a row of the delivery log."""
    return (
        delivery.subscription,
        delivery.seq,
        attempt.number,
        attempt.trigger,
        millis(attempt.started),
        attempt.took_ms,
        attempt.ip_address,
        attempt.status,
        json.dumps(attempt.headers) if attempt.headers else "[]",
        attempt.response,
        attempt.cause,
        attempt.error,
    )


def attempt_from_row(row: RowMapping) -> Attempt:
    """Return the attempt of a row of the delivery log."""
    return Attempt(
        number=row["number"],
        trigger=row["trigger"],
        started=from_millis(row["started_ms"]),
        took_ms=row["took_ms"],
        ip_address=row["address"],
        status=row["status"],
        headers=tuple((name, value) for name, value in json.loads(row["headers"])),
        response=row["answer"],
        cause=row["cause"],
        error=row["error"],
    )


def optional_millis(instant: datetime | None) -> int | None:
    """Return `millis` of a time, None for None."""
    return None if instant is None else millis(instant)


def optional_from_millis(value: int | None) -> datetime | None:
    """Return `from_millis` of a number, None for None."""
    return None if value is None else from_millis(value)
