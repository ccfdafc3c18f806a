"""Announces the states of objects to people: each state once to each contact, with a backoff."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from syndicate import telemetry
from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.errors import StorageError
from syndicate.model.contact import Notice, contact_digest
from syndicate.storage.notifications import Announcement, Notifications

_INTERVAL_SECONDS: Final = 60.0
_FIRST_DELAY: Final = timedelta(minutes=1)
_MAX_DELAY: Final = timedelta(hours=6)

MakeNotice = Callable[[str], Notice]
"""Returns the notice for those who were last notified of the given state."""

_log = telemetry.logger("notifications")


async def run_each_minute(notify: Callable[[], Awaitable[None]]) -> None:
    """Call ``notify`` each minute until cancelled, also after an error.

    No notice is worth stopping the tasks beside this one, which send deliveries.
    """
    while True:
        try:
            await notify()
        except StorageError as error:
            _log.warning("database unavailable", reason=error.message)
        except Exception:  # noqa: BLE001 — as above
            _log.exception("notifications failed")
        await asyncio.sleep(_INTERVAL_SECONDS)


class StateAnnouncer:
    """Sends what is new about the objects of one kind.

    What was sent is in the database, for each contact by itself: neither a restart nor another
    contact that fails makes it sent again. A contact that fails is tried again after a minute, then
    after twice as long each time, up to six hours.

    Args:
        kind: What the objects are; see `syndicate.storage.notifications`.
        notifications: Knows what was announced.
        notifier: Sends mail and requests.
        clock: Returns the time, with a time zone.
    """

    def __init__(
        self,
        kind: str,
        notifications: Notifications,
        notifier: ContactNotifier,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._kind: Final = kind
        self._notifications: Final = notifications
        self._notifier: Final = notifier
        self._clock: Final = clock
        self._pauses: Final[dict[Hashable, tuple[timedelta, datetime]]] = {}
        """The last delay and its end of each contact that fails, and of each faulty notice."""
        self._unsent: Final[dict[Announcement, tuple[str, str]]] = {}
        """States that are stored but were not sent, and those before, which are to be stored."""

    async def announced(self) -> Mapping[Announcement, str]:
        """Return the last announced states; raises `StorageError`."""
        for key, (state, before) in [*self._unsent.items()]:
            await self._notifications.replace(self._kind, key, state, before, self._clock())
            del self._unsent[key]
        return await self._notifications.announced(self._kind)

    async def announce(
        self,
        object_id: str,
        state: str,
        contacts: Iterable[str],
        announced: Mapping[Announcement, str],
        make_notice: MakeNotice,
    ) -> None:
        """Send a notice to each of ``contacts`` that was not notified of ``state``.

        An empty ``state`` is one that is no news to those who were notified of no other. Raises
        `StorageError`.
        """
        for contact in contacts:
            key = Announcement(object_id, contact_digest(contact))
            before = announced.get(key, "")
            if before != state and self._is_due(contact) and self._is_due(key):
                await self._send(contact, key, before, state, make_notice)

    async def forget(self, announcement: Announcement, state: str) -> None:
        """Delete the announced ``state`` of an object that exists no longer."""
        await self._notifications.replace(self._kind, announcement, state, "", self._clock())

    def _is_due(self, failing: Hashable) -> bool:
        pause = self._pauses.get(failing)
        return pause is None or pause[1] <= self._clock()

    def _pause(self, failing: Hashable) -> timedelta:
        last_delay = self._pauses[failing][0] if failing in self._pauses else None
        delay = min(2 * last_delay, _MAX_DELAY) if last_delay else _FIRST_DELAY
        self._pauses[failing] = delay, self._clock() + delay
        return delay

    async def _send(
        self, contact: str, key: Announcement, before: str, state: str, make_notice: MakeNotice
    ) -> None:
        """Send one notice, unless another process does.

        If it fails or this is cancelled, it counts as not sent.
        """
        kind, now = self._kind, self._clock()
        if not await self._notifications.replace(kind, key, before, state, now):
            return
        failing: Hashable = contact
        try:
            error = await self._notifier.send(contact, make_notice(before))
        except Exception as unexpected:  # noqa: BLE001 — other notices must be sent
            _log.exception("notice failed", kind=kind, object=key.object_id)
            error, failing = type(unexpected).__name__, key
        except BaseException:
            await self._store_unsent(key, state, before)
            raise
        if not error:
            self._pauses.pop(contact, None)
            self._pauses.pop(key, None)
            return
        await self._store_unsent(key, state, before)
        _log.warning(
            "contact not notified",
            kind=kind,
            object=key.object_id,
            reason=error,
            retry_seconds=self._pause(failing).total_seconds(),
        )

    async def _store_unsent(self, key: Announcement, state: str, before: str) -> None:
        """Store that ``state`` was not sent; at the next round if the database is unavailable.

        Raises nothing, which would take the place of a cancellation.
        """
        try:
            await self._notifications.replace(self._kind, key, state, before, self._clock())
        except StorageError:
            self._unsent[key] = state, before
