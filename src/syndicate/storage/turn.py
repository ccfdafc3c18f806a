"""Whose turn it is: the statements by which deliveries are claimed and moved on, made once."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.sql import ColumnElement, Select

from syndicate.model.subscription import CLAIMABLE
from syndicate.storage.rows import SAID
from syndicate.storage.rowset import ManyRows
from syndicate.storage.schema import ATTEMPT, DELIVERY, EVENT, LEASED, SUBSCRIPTION

_OLDER: Final = DELIVERY.alias("older")
_BUSY: Final = DELIVERY.alias("busy")
_KEY: Final = (DELIVERY.c.subscription_id, DELIVERY.c.seq)
_PENDING: Final = text("delivery.state = 'pending'")
_PAUSED_UNTIL: Final = func.coalesce(SUBSCRIPTION.c.not_before_ms, 0)
_NOW: Final = bindparam("now_ms", type_=BigInteger)
_TOKENS: Final = DELIVERY.c.lease_by.in_(bindparam("tokens", expanding=True))


def _heads(*columns: ColumnElement[int] | ColumnElement[str]) -> Select[*tuple[object, ...]]:
    """Ask for the oldest unfinished delivery of each subscription that is sent to at all now.

    None of a subscription of which another is being sent: an older one may be back by a replay.
    Both databases go through the subscriptions and look into an index for each, however many
    deliveries there were and are: ``coalesce`` keeps them from going through the deliveries.
    """
    older = select(func.min(_OLDER.c.seq)).where(
        _OLDER.c.subscription_id == SUBSCRIPTION.c.id,
        text("older.state IN ('pending', 'leased')"),
    )
    busy = exists().where(
        _BUSY.c.subscription_id == SUBSCRIPTION.c.id, text("busy.state = 'leased'")
    )
    ends = SUBSCRIPTION.c.lease_until_ms
    theirs = DELIVERY.c.subscription_id == func.coalesce(SUBSCRIPTION.c.id, "")
    return (
        select(*columns)
        .join_from(SUBSCRIPTION, DELIVERY, theirs)
        .where(
            SUBSCRIPTION.c.state.in_(sorted(CLAIMABLE)),
            or_(ends.is_(None), ends > _NOW),
            DELIVERY.c.seq == older.scalar_subquery(),
            _PENDING,
            ~busy,
        )
    )


_HEAD: Final = (
    _heads(*_KEY)
    .where(_PAUSED_UNTIL <= _NOW, DELIVERY.c.due_ms <= _NOW)
    .order_by(DELIVERY.c.due_ms, DELIVERY.c.subscription_id)
    .limit(bindparam("most", type_=BigInteger))
    .with_for_update(of=DELIVERY, skip_locked=True)
    .cte("head")
)
LEASE: Final = (
    update(DELIVERY)
    .where(tuple_(*_KEY).in_(select(_HEAD)), _PENDING)
    .values(state="leased", lease_by=bindparam("token"), lease_until_ms=bindparam("until_ms"))
)
"""Leases up to ``most`` that are due at ``now_ms`` to ``token``, until ``until_ms``."""

_TURN: Final = case((DELIVERY.c.due_ms < _PAUSED_UNTIL, _PAUSED_UNTIL), else_=DELIVERY.c.due_ms)
NEXT_TURN: Final = select(func.min(_heads(_TURN.label("turn")).subquery().c.turn))
NEXT_END: Final = select(func.min(DELIVERY.c.lease_until_ms)).where(LEASED)
"""When somebody's turn comes, and when a lease ends, first of all."""

MINE: Final = select(DELIVERY).where(LEASED, _TOKENS)
LETTERS: Final = select(EVENT.c.id, *SAID).where(EVENT.c.id.in_(bindparam("ids", expanding=True)))
SUBSCRIPTIONS: Final = (
    select(SUBSCRIPTION)
    .where(SUBSCRIPTION.c.id.in_(select(DELIVERY.c.subscription_id).where(LEASED, _TOKENS)))
    .order_by(SUBSCRIPTION.c.id)
)
"""What is leased to ``tokens``, what the letters with ``ids`` say, and who is sent them."""

HELD: Final = (
    select(*_KEY, DELIVERY.c.lease_by)
    .where(LEASED, _TOKENS)
    .order_by(DELIVERY.c.subscription_id)
    .with_for_update()
)
"""What is leased to ``tokens`` and stays so until the transaction ends."""

GIVE_BACK: Final = (
    update(DELIVERY)
    .where(
        DELIVERY.c.subscription_id == bindparam("of"),
        DELIVERY.c.seq == bindparam("number"),
        DELIVERY.c.lease_by == bindparam("token"),
    )
    .values(state="pending", lease_by="", lease_until_ms=None)
)

_MOVING: Final = (
    DELIVERY.c.state,
    DELIVERY.c.trigger,
    DELIVERY.c.attempts,
    DELIVERY.c.step,
    DELIVERY.c.due_ms,
    DELIVERY.c.lease_by,
    DELIVERY.c.lease_until_ms,
    DELIVERY.c.last_status,
    DELIVERY.c.last_error,
    DELIVERY.c.settled_ms,
)
MOVE: Final = ManyRows(
    (*_KEY, *_MOVING),
    lambda made: (
        update(DELIVERY)
        .where(*(one == made.c[one.name] for one in _KEY))
        .values({one: made.c[one.name] for one in _MOVING})
    ),
)
"""Writes how far deliveries are."""

_HEALTH: Final = (
    SUBSCRIPTION.c.state,
    SUBSCRIPTION.c.state_reason,
    SUBSCRIPTION.c.failing_since_ms,
    SUBSCRIPTION.c.fail_streak,
    SUBSCRIPTION.c.not_before_ms,
)
HEAL: Final = ManyRows(
    (SUBSCRIPTION.c.id, *_HEALTH),
    lambda made: (
        update(SUBSCRIPTION)
        .where(SUBSCRIPTION.c.id == made.c.id)
        .values({one: made.c[one.name] for one in _HEALTH})
    ),
)
"""Writes how well it goes with subscriptions."""

LOG: Final = ManyRows(
    tuple(ATTEMPT.c), lambda made: insert(ATTEMPT).from_select(list(made.c.keys()), select(made))
)
"""Writes attempts into the delivery log."""
