"""Putting events into the outbox: who hears, and one delivery for each of them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import ColumnElement, bindparam, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from syndicate.errors import UsageError
from syndicate.model.event import Event, EventId, body
from syndicate.model.ledger import Telling
from syndicate.model.post import CommitId, PostId
from syndicate.model.selection import Selection
from syndicate.model.subscription import EventType, SubscriptionId
from syndicate.model.wish import read_types
from syndicate.storage.ledger import Values, millis
from syndicate.storage.rows import Found
from syndicate.storage.schema import DELIVERY, EVENT, PUBLISHER, SUBSCRIPTION
from syndicate.storage.subscriptions import selection
from syndicate.storage.turn import advance
from syndicate.storage.unreadable_rows import disable

CHANNEL: Final = "syndicate_outbox"
"""What PostgreSQL notifies of when something was put into the outbox."""

_AT_ONCE: Final = 500
"""Parameters of one statement; SQLite of old takes 999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An event as it is kept: its bodies, not yet addressed to anybody."""

    id: EventId
    type: str
    post: PostId
    commit: CommitId
    at: datetime
    whole: bytes
    thin: bytes
    media_type: str = "application/json"

    @classmethod
    def of(cls, event: Event, cursor: str) -> Self:
        """Return the letter of ``event``, the position right after which is ``cursor``."""
        return cls(
            id=event.id,
            type=event.telling.kind,
            post=event.post,
            commit=event.commit,
            at=event.at,
            whole=body(event, cursor=cursor),
            thin=body(event, cursor=cursor, payload="thin"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What goes into the outbox together: letters, and who hears which of them, in order."""

    letters: tuple[Letter, ...]
    hearing: Mapping[str, Sequence[EventId]]
    """By audience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Subscribers who hear of the same events, since they asked for the same."""

    id: str
    selection: Selection
    types: tuple[EventType, ...]
    minor: bool

    def wants(self, telling: Telling) -> bool:
        """Tell whether they want to hear of a change."""
        return telling.kind in self.types and (self.minor or not telling.minor)


_TOLD: Final = (
    SUBSCRIPTION.c.kind == "webhook",
    SUBSCRIPTION.c.state != "disabled",
    SUBSCRIPTION.c.state != "verifying",
)
"""Whom deliveries are made for, by their selections."""


async def audiences(connection: AsyncConnection) -> tuple[Audience, ...]:
    """Return the audiences there are now, each once.

    Subscriptions of which it cannot be read what they ask for are disabled: what happens now is
    not stored for them, and their owner must know that to recover it.
    """
    asked = (
        select(SUBSCRIPTION)
        .where(*_TOLD)
        .order_by(SUBSCRIPTION.c.subscriber_group, SUBSCRIPTION.c.id)
    )
    found = (await connection.execute(asked)).mappings().all()
    audiences: dict[str, Audience] = {}
    unreadable: list[tuple[str, str, str]] = []
    for row in found:
        if row["subscriber_group"] not in audiences:
            try:
                audiences[row["subscriber_group"]] = _audience(row)
            except (UsageError, ValueError, TypeError) as error:
                unreadable.append((row["id"], row["subscriber_group"], str(error)))
    for subscription_id, audience, reason in unreadable:
        if audience not in audiences:
            await disable(connection, subscription_id, f"what it asks for cannot be read: {reason}")
    return tuple(audiences.values())


def _audience(row: Found) -> Audience:
    return Audience(
        id=row["subscriber_group"],
        selection=selection(row["selection"]),
        types=read_types(json.loads(row["types"])),
        minor=bool(row["minor"]),
    )


def posting(
    prepare: Callable[[Sequence[Audience], str, int], Mail], clock: Callable[[], datetime]
) -> Callable[[AsyncConnection, int], Awaitable[None]]:
    """Return what posts, within a transaction that tells, what ``prepare`` makes of it.

    That is given the audiences of that moment, the name of the ledger and the generation, so that
    whoever subscribed a moment ago hears it as well.
    """

    async def write(connection: AsyncConnection, generation: int) -> None:
        ledger = (await connection.execute(select(PUBLISHER.c.ledger_id))).scalar_one()
        hearers = await audiences(connection)
        mail = await asyncio.to_thread(prepare, hearers, ledger, generation)
        await post(connection, mail, clock())

    return write


async def post(connection: AsyncConnection, mail: Mail, now: datetime) -> int:
    """Put ``mail`` into the outbox; return how many deliveries that makes.

    Within a transaction in which nobody else may tell.
    """
    hearing = mail.hearing
    await keep(connection, mail.letters)
    ids = [which for which, events in hearing.items() if events]
    await _lock(connection, ids)
    made = 0
    for which in ids:
        whom = (SUBSCRIPTION.c.subscriber_group == which, *_TOLD)
        made += await deliver(connection, whom, hearing[which], now)
    await ring(connection)
    return made


async def post_to(
    connection: AsyncConnection,
    whom: SubscriptionId,
    letters: Sequence[Letter],
    now: datetime,
) -> int:
    """Put ``letters`` into the outbox for one subscription alone; see `post`."""
    await keep(connection, letters)
    events = [letter.id for letter in letters]
    made = await deliver(connection, (SUBSCRIPTION.c.id == whom,), events, now)
    await ring(connection)
    return made


async def keep(connection: AsyncConnection, letters: Sequence[Letter]) -> None:
    """Store the letters that are not there yet: the same id is the same letter."""
    known: set[str] = set()
    for start in range(0, len(letters), _AT_ONCE):
        some = [letter.id for letter in letters[start : start + _AT_ONCE]]
        known.update(
            (await connection.execute(select(EVENT.c.id).where(EVENT.c.id.in_(some)))).scalars()
        )
    fresh = [_values(letter) for letter in letters if letter.id not in known]
    if fresh:
        await connection.execute(insert(EVENT), fresh)


async def _lock(connection: AsyncConnection, audiences: Sequence[str]) -> None:
    """Lock who is about to hear something, in the order in which everybody does."""
    asked = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.subscriber_group.in_(audiences), *_TOLD)
    await connection.execute(asked.order_by(SUBSCRIPTION.c.id).with_for_update())


async def deliver(
    connection: AsyncConnection,
    whom: Sequence[ColumnElement[bool]],
    events: Sequence[EventId],
    now: datetime,
) -> int:
    """Make a delivery of each event for each subscription that ``whom`` finds."""
    counting = (
        update(SUBSCRIPTION).where(*whom).values(last_seq=SUBSCRIPTION.c.last_seq + len(events))
    )
    hearers = (await connection.execute(counting)).rowcount
    if not hearers or not events:
        return 0
    columns: dict[str, ColumnElement[object]] = {
        "subscription_id": SUBSCRIPTION.c.id,
        "seq": SUBSCRIPTION.c.last_seq - len(events) + bindparam("place"),
        "event_id": bindparam("event"),
        "payload": SUBSCRIPTION.c.payload,
        "state": literal("pending"),
        "trigger": literal("schedule"),
        "attempts": literal(0),
        "step": literal(0),
        "due_ms": literal(millis(now)),
        "lease_by": literal(""),
        "last_error": literal(""),
        "is_head": literal(value=False),
    }
    making = insert(DELIVERY).from_select(list(columns), select(*columns.values()).where(*whom))
    places = [{"place": place, "event": event} for place, event in enumerate(events, 1)]
    await connection.execute(making, places)
    await advance(connection, *whom)
    return hearers * len(events)


async def ring(connection: AsyncConnection) -> None:
    """Wake whoever listens, once this is committed."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def _values(letter: Letter) -> Values:
    return {
        "id": letter.id,
        "type": letter.type,
        "post_id": letter.post,
        "commit_id": letter.commit,
        "detected_ms": millis(letter.at),
        "media_type": letter.media_type,
        "full_body": letter.whole,
        "thin_body": letter.thin,
    }
