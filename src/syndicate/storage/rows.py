"""Deliveries and attempts as rows, and back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, Select, select

from syndicate.model.delivery import Attempt, Delivery, DeliveryId
from syndicate.model.event import EventId, addressed
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.ledger import Values, millis, moment
from syndicate.storage.schema import DELIVERY, EVENT, TOPIC

Found = RowMapping | Mapping[str, Any]
"""A row by the names of its columns."""

SAID: Final = (EVENT.c.type, EVENT.c.post_id, EVENT.c.media_type, EVENT.c.whole, EVENT.c.thin)
"""What a delivery says stands in its event."""


def deliveries() -> Select[*tuple[object, ...]]:
    """Return a question for deliveries with what they say, for `delivery`."""
    return select(DELIVERY, *SAID).join_from(DELIVERY, EVENT, DELIVERY.c.event_id == EVENT.c.id)


def delivery(found: Found) -> Delivery:
    """Return the delivery of a row; the body of an event is addressed to its subscriber."""
    subscription = SubscriptionId(found["subscription_id"])
    is_topic = found["type"] == TOPIC
    body = bytes(found["thin"] if found["payload"] == "thin" else found["whole"])
    return Delivery(
        id=delivery_id(subscription, found["seq"]),
        subscription=subscription,
        event=EventId(found["event_id"]),
        seq=found["seq"],
        body=body if is_topic else addressed(body, subscription, found["seq"]),
        media_type=found["media_type"],
        topic=found["post_id"] if is_topic else "",
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


def delivery_id(subscription: SubscriptionId, seq: int) -> DeliveryId:
    """Return what a delivery is called: its subscription and its number there."""
    return DeliveryId(f"{subscription}.{seq}")


def progress(delivery: Delivery) -> Values:
    """Return those columns of a delivery that change on its way."""
    return {
        "state": delivery.state,
        "trigger": delivery.trigger,
        "attempts": delivery.attempts,
        "step": delivery.step,
        "due_ms": millis(delivery.due),
        "lease_by": delivery.lease_by,
        "lease_until_ms": perhaps_millis(delivery.lease_until),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
    }


def attempt_values(delivery: Delivery, attempt: Attempt) -> Values:
    """Return an attempt of a delivery as a row."""
    return {
        "subscription_id": delivery.subscription,
        "seq": delivery.seq,
        "number": attempt.number,
        "trigger": attempt.trigger,
        "started_ms": millis(attempt.started),
        "took_ms": attempt.took_ms,
        "address": attempt.address,
        "status": attempt.status,
        "headers": json.dumps(attempt.headers),
        "answer": attempt.answer,
        "cause": attempt.cause,
        "error": attempt.error,
    }


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
