"""What people were notified of, so that each failure and each recovery is reported once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Executable, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syndicate.model.subscription import SubscriptionId
from syndicate.storage.database import Database
from syndicate.storage.ledger import millis
from syndicate.storage.row_mapping import optional_from_millis
from syndicate.storage.schema import NOTIFICATION, SUBSCRIPTION, TOKEN

ENDPOINT: Final = "endpoint"
"""The kind of notifications about endpoints; the object is the id of the subscription."""

SOURCE: Final = "source"
"""The kind of notifications about posts that break; the object is the name of the source."""

_SEPARATOR: Final = "\n"
"""Between object and recipient in the column ``object``; neither contains it."""


class Announcement(NamedTuple):
    """An object of a kind, such as an endpoint, and who was notified of its state.

    The ``recipient`` is a digest of the contact.
    """

    object_id: str
    recipient: str


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

    async def announced(self, kind: str) -> Mapping[Announcement, str]:
        """Return the last announced states of all objects of a kind, without those of no news."""
        query = select(NOTIFICATION.c.object, NOTIFICATION.c.state).where(
            NOTIFICATION.c.kind == kind
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {_announcement(name): state for name, state in rows}

    async def replace(
        self, kind: str, announcement: Announcement, before: str, after: str, now: datetime
    ) -> bool:
        """Store ``after`` as the announced state if that is ``before``; return whether it was.

        An empty state is that of an object of which there is no news, which is not stored. So only
        one of several processes announces a state.
        """
        name = _SEPARATOR.join(announcement)
        is_before = and_(
            NOTIFICATION.c.kind == kind,
            NOTIFICATION.c.object == name,
            NOTIFICATION.c.state == before,
        )
        values = {"state": after, "since_ms": millis(now), "sent_ms": millis(now)}
        statement: Executable
        if not before:
            make_insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
            insert = make_insert(NOTIFICATION).values(kind=kind, object=name, **values)
            statement = insert.on_conflict_do_nothing().returning(NOTIFICATION.c.kind)
        elif after:
            changed = update(NOTIFICATION).where(is_before).values(**values)
            statement = changed.returning(NOTIFICATION.c.kind)
        else:
            statement = delete(NOTIFICATION).where(is_before).returning(NOTIFICATION.c.kind)
        async with self._database.write() as connection:
            return (await connection.execute(statement)).first() is not None

    async def endpoints(self, announced: Collection[str]) -> tuple[EndpointHealth, ...]:
        """Return the webhook endpoints that fail, are suspended or disabled.

        And those of the subscriptions ``announced``, as far as they exist.
        """
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
                    SUBSCRIPTION.c.id.in_(announced),
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


def _announcement(name: str) -> Announcement:
    object_id, _, recipient = name.partition(_SEPARATOR)
    return Announcement(object_id, recipient)
