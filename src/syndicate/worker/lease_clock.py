"""The clock that leases are measured by, which neither another host's clock nor a jump deceives.

A lease that seems to have expired while its request is in progress would be sent twice.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from syndicate.storage.database import Database

_JUMP: Final = timedelta(seconds=1)
"""A smaller difference is drift, which is followed at once."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LeaseClock:
    """Returns times for leases.

    With PostgreSQL, the time of the server, which all hosts share. With SQLite, that of this host.
    After a jump both times count, until every lease from before it has ended: a new lease ends
    according to the later one, and is expired according to the earlier one.

    Args:
        database: Has the leases.
        clock: Returns the time of this host, with a time zone.
        lease: How long a lease is at most.
        monotonic: Returns seconds that never jump.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        lease: timedelta,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._lease: Final = lease
        self._monotonic: Final = monotonic
        self._server_offset: timedelta | None = None
        """What to add to the monotonic time for that of the PostgreSQL server, once measured."""
        self._offset = self._measured_offset()
        self._jumped_at: timedelta | None = None

    async def synchronize(self) -> None:
        """Measure the time of the PostgreSQL server; raises `StorageError`."""
        if self._database.is_sqlite:
            return
        before = self._elapsed()
        now = await self._database.server_time()
        halfway = (before + self._elapsed()) / 2
        is_first = self._server_offset is None
        self._server_offset = now - _EPOCH - halfway
        if is_first:
            self._offset = self._server_offset

    @property
    def for_new_leases(self) -> datetime:
        """The time from which a new lease is counted."""
        return _EPOCH + self._elapsed() + max(self._offsets())

    @property
    def for_expiry(self) -> datetime:
        """The time before which a lease must have ended to be expired."""
        return _EPOCH + self._elapsed() + min(self._offsets())

    def is_shifted(self, now: datetime) -> bool:
        """Return whether leases end at other times than the clock of this host says."""
        return abs(self.for_expiry - now) > _JUMP

    def _offsets(self) -> tuple[timedelta, timedelta]:
        """Return the offset in force and the one measured now, equal unless it jumped lately."""
        measured, elapsed = self._measured_offset(), self._elapsed()
        if abs(measured - self._offset) <= _JUMP:
            self._jumped_at = None
        elif self._jumped_at is None:
            self._jumped_at = elapsed
        if self._jumped_at is None or elapsed - self._jumped_at >= self._lease:
            self._offset, self._jumped_at = measured, None
        return self._offset, measured

    def _measured_offset(self) -> timedelta:
        if self._server_offset is not None:
            return self._server_offset
        return self._clock() - _EPOCH - self._elapsed()

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._monotonic())
