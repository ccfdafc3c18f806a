"""Passes requests to refresh a source on to the processes of other hosts."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import aclosing
from typing import Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.publisher.refresh_requests import RefreshRequests
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
        requests: The sources that the other processes are to refresh.
        retry_seconds: Pause after an error of the database.
    """

    def __init__(
        self,
        database: Database,
        sources: Collection[str],
        refresh: Callable[[str], None],
        requests: RefreshRequests,
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._database: Final = database
        self._sources: Final = frozenset(sources)
        self._refresh: Final = refresh
        self._retry_seconds: Final = retry_seconds
        self._name: Final = make_holder_name()
        self._requests: Final = requests

    async def run(self) -> None:
        """Send and receive requests until cancelled."""
        if self._database.is_sqlite:
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._receive())

    async def _send(self) -> None:
        while True:
            sources = await self._requests.take()
            try:
                async with self._database.write() as connection:
                    for source in sorted(sources):
                        await notify(connection, REFRESH, f"{self._name} {source}")
            except StorageError as error:
                _log.warning("database unavailable", reason=error.message)
                self._requests.add(*sources)
                await asyncio.sleep(self._retry_seconds)

    async def _receive(self) -> None:
        found = notifications(self._database, REFRESH, retry_seconds=self._retry_seconds)
        async with aclosing(found) as received:
            async for payload in received:
                for source in sorted(self._wanted(payload)):
                    self._refresh(source)

    def _wanted(self, payload: str | None) -> Collection[str]:
        """Return the sources to refresh: all of them after each connect, to miss nothing."""
        if payload is None:
            return self._sources
        sender, _, source = payload.partition(" ")
        return self._sources & {source} if sender != self._name else ()
