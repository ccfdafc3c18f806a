"""Passes requests to refresh a source on to the processes of other hosts."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import aclosing
from typing import Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.storage.channels import REFRESH, RETRY_SECONDS, notifications, notify
from syndicate.storage.database import Database
from syndicate.storage.lease_holder import make_holder_name

_log = telemetry.logger("publisher")


class RefreshRelay:
    """Refreshes the sources that other processes on the same PostgreSQL database were asked to.

    A hook of a git host reaches one process. With SQLite, all processes are on one host and share
    its mirrors, in which they notice what one of them fetches.

    Args:
        database: Connects the processes.
        sources: The sources of this process.
        refresh: Refreshes one of them.
        retry_seconds: Pause after an error of the database.
    """

    def __init__(
        self,
        database: Database,
        sources: Collection[str],
        refresh: Callable[[str], None],
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._database: Final = database
        self._sources: Final = frozenset(sources)
        self._refresh: Final = refresh
        self._retry_seconds: Final = retry_seconds
        self._name: Final = make_holder_name()
        self._pending: set[str] = set()
        self._requested: Final = asyncio.Event()

    def request(self, source: str) -> None:
        """Have the other processes refresh ``source``, as soon as the database is available."""
        self._pending.add(source)
        self._requested.set()

    async def run(self) -> None:
        """Send and receive requests until cancelled."""
        if self._database.is_sqlite:
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._receive())

    async def _send(self) -> None:
        while True:
            await self._requested.wait()
            self._requested.clear()
            sources, self._pending = self._pending, set()
            try:
                async with self._database.write() as connection:
                    for source in sorted(sources):
                        await notify(connection, REFRESH, f"{self._name} {source}")
            except StorageError as error:
                _log.warning("database unavailable", reason=error.message)
                self._pending |= sources
                self._requested.set()
                await asyncio.sleep(self._retry_seconds)

    async def _receive(self) -> None:
        found = notifications(self._database, REFRESH, retry_seconds=self._retry_seconds)
        async with aclosing(found) as received:
            await anext(received)
            async for payload in received:
                for source in sorted(self._wanted(payload)):
                    self._refresh(source)

    def _wanted(self, payload: str | None) -> Collection[str]:
        """Return the sources to refresh: all of them after an interruption, to miss nothing."""
        if payload is None:
            return self._sources
        sender, _, source = payload.partition(" ")
        return self._sources & {source} if sender != self._name else ()
