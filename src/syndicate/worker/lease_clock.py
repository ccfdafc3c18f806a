"""The clock that leases are measured by, which neither another host's clock nor a jump deceives.

A lease that seems to have expired while its request is in progress would be sent twice.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from syndicate.storage.database import Database

_JUMP: Final = timedelta(seconds=1)
"""A smaller difference is drift, which is followed at once."""
_MAX_SAMPLE: Final = timedelta(seconds=1)
"""How long a measurement of the time of the server may take."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def boot_clock() -> Callable[[], float]:
    """Return a monotonic clock; on Linux, one that counts the time of a suspended host as well."""
    clock_id = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if clock_id is None else partial(time.clock_gettime, clock_id)


@dataclass(slots=True, kw_only=True)
class _Period:
    """The time between two jumps, in which ``offset`` follows the drift of the clock.

    ``end`` is the monotonic time at which the next jump was noticed.
    """

    first_offset: timedelta
    offset: timedelta
    end: timedelta | None = None


class LeaseClock:
    """Returns times for leases.

    With PostgreSQL, the time of the server, which all hosts share. With SQLite, that of this host.
    After a jump the times of before count as well, until every lease from then has ended: a new
    lease ends according to the latest one, and is expired according to the earliest one.

    Args:
        database: Has the leases.
        clock: Returns the time of this host, with a time zone.
        lease: How long a lease is at most.
        monotonic: Returns seconds that never jump, by default those since this host was booted.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        lease: timedelta,
        *,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._lease: Final = lease
        self._monotonic: Final = monotonic or boot_clock()
        self._server_offset: timedelta | None = None
        """What to add to the monotonic time for that of the PostgreSQL server, once measured."""
        self._periods: list[_Period] = []
        """Since the lease time before now; empty until a time for leases is first needed."""

    async def synchronize(self) -> None:
        """Measure the time of the PostgreSQL server; raises `StorageError`.

        A measurement that took long is inexact: it counts only if there is no other yet.
        """
        if self._database.is_sqlite:
            return
        before, now, after = await self._database.server_time(self._elapsed)
        if self._server_offset is None or after - before <= _MAX_SAMPLE:
            self._server_offset = now - _EPOCH - (before + after) / 2

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

    def _offsets(self) -> list[timedelta]:
        """Return the offsets that were in force at some time within the last lease time."""
        measured, elapsed = self._measured_offset(), self._elapsed()
        if self._periods and abs(measured - self._periods[-1].first_offset) <= _JUMP:
            self._periods[-1].offset = measured
        else:
            if self._periods:
                self._periods[-1].end = elapsed
            self._periods.append(_Period(first_offset=measured, offset=measured))
        self._periods = [
            period for period in self._periods if elapsed - (period.end or elapsed) < self._lease
        ]
        return [period.offset for period in self._periods]

    def _measured_offset(self) -> timedelta:
        if self._server_offset is not None:
            return self._server_offset
        return self._clock() - _EPOCH - self._elapsed()

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._monotonic())
