"""What people were notified of, so that each failure and each recovery is reported once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from syndicate.model.subscription import SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.ledger import from_millis, millis
from syndicate.storage.row_mapping import optional_from_millis
from syndicate.storage.schema import NOTIFICATION, SUBSCRIPTION, TOKEN

ENDPOINT: Final = "endpoint"
"""The kind of notifications about endpoints; the object is the id of the subscription."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The state of an object of a kind; ``sent`` is None until its people were notified.

    ``kind`` says what is watched, such as ``subscription``; ``object_id`` is its id or path.
    """

    kind: str
    object_id: str
    state: str
    since: datetime
    sent: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointHealth:
    """State of the endpoint of a webhook subscription; ``failing_since`` is None if it works."""

    id: SubscriptionId
    owner: str
    url: str
    state: str
    reason: str
    failing_since: datetime | None


class Notifications:
    """The notifications in a database. Every method may raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def observe(self, kind: str, object_id: str, state: str, now: datetime) -> Notification:
        """Store the state of an object, and return it with the time since when it is in force.

        Nothing changes if that state is already stored; another state is unsent.
        """
        make_insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        values = {"state": state, "since_ms": millis(now), "sent_ms": None}
        statement = make_insert(NOTIFICATION).values(kind=kind, object=object_id, **values)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "object"], set_=values, where=NOTIFICATION.c.state != state
        )
        query = select(NOTIFICATION).where(_is_object(kind, object_id))
        async with self._database.write() as connection:
            await connection.execute(statement)
            row = (await connection.execute(query)).mappings().one()
        return _from_row(row)

    async def claim(self, notification: Notification, now: datetime) -> bool:
        """Mark a notification as sent; False if another process did, or the state has changed."""
        statement = (
            update(NOTIFICATION)
            .where(
                _is_object(notification.kind, notification.object_id),
                NOTIFICATION.c.state == notification.state,
                NOTIFICATION.c.sent_ms.is_(None),
            )
            .values(sent_ms=millis(now))
        )
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def release(self, notification: Notification) -> None:
        """Undo `claim`, because the notice could not be sent."""
        statement = update(NOTIFICATION).where(
            _is_object(notification.kind, notification.object_id),
            NOTIFICATION.c.state == notification.state,
        )
        async with self._database.write() as connection:
            await connection.execute(statement.values(sent_ms=None))

    async def endpoints(self) -> tuple[EndpointHealth, ...]:
        """Return the webhook endpoints that fail, are suspended or disabled, or were before."""
        observed = select(NOTIFICATION.c.object).where(NOTIFICATION.c.kind == ENDPOINT)
        query = (
            select(
                SUBSCRIPTION.c.id,
                SUBSCRIPTION.c.owner,
                SUBSCRIPTION.c.url,
                SUBSCRIPTION.c.state,
                SUBSCRIPTION.c.state_reason,
                SUBSCRIPTION.c.failing_since_ms,
            )
            .where(
                SUBSCRIPTION.c.kind == "webhook",
                or_(
                    SUBSCRIPTION.c.state.in_(("suspended", "disabled")),
                    SUBSCRIPTION.c.failing_since_ms.is_not(None),
                    SUBSCRIPTION.c.id.in_(observed),
                ),
            )
            .order_by(SUBSCRIPTION.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(
            EndpointHealth(
                id=SubscriptionId(row["id"]),
                owner=row["owner"],
                url=row["url"],
                state=row["state"],
                reason=row["state_reason"],
                failing_since=optional_from_millis(row["failing_since_ms"]),
            )
            for row in rows
        )

    async def contacts(self, owner: str, now: datetime) -> tuple[str, ...]:
        """Return the contacts of the valid tokens of an owner, each once."""
        query = (
            select(TOKEN.c.contact)
            .distinct()
            .where(
                TOKEN.c.name == owner,
                TOKEN.c.contact != "",
                TOKEN.c.revoked_ms.is_(None),
                or_(TOKEN.c.expires_ms.is_(None), TOKEN.c.expires_ms > millis(now)),
            )
            .order_by(TOKEN.c.contact)
        )
        async with self._database.read() as connection:
            return tuple((await connection.execute(query)).scalars())

    async def of_kind(self, kind: str) -> tuple[Notification, ...]:
        """Return all notifications of a kind, by object."""
        query = (
            select(NOTIFICATION).where(NOTIFICATION.c.kind == kind).order_by(NOTIFICATION.c.object)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(map(_from_row, rows))

    async def forget(self, kind: str, object_id: str) -> None:
        """Delete the state of an object, as when it is whole or no longer exists."""
        async with self._database.write() as connection:
            await connection.execute(delete(NOTIFICATION).where(_is_object(kind, object_id)))


def _is_object(kind: str, object_id: str) -> ColumnElement[bool]:
    return and_(NOTIFICATION.c.kind == kind, NOTIFICATION.c.object == object_id)


def _from_row(row: RowMapping) -> Notification:
    return Notification(
        kind=row["kind"],
        object_id=row["object"],
        state=row["state"],
        since=from_millis(row["since_ms"]),
        sent=optional_from_millis(row["sent_ms"]),
    )
