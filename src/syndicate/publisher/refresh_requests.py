"""Requests to refresh a source that other hosts do not know of yet."""

import asyncio
from collections.abc import Collection
from typing import Final


class RefreshRequests:
    """Names of sources; there may be some before a database is open to send them by."""

    def __init__(self) -> None:
        self._sources: set[str] = set()
        self._added: Final = asyncio.Event()

    def add(self, *sources: str) -> None:
        """Request to refresh ``sources``."""
        self._sources.update(sources)
        self._added.set()

    async def take(self) -> Collection[str]:
        """Wait for requests; remove and return them."""
        await self._added.wait()
        self._added.clear()
        taken, self._sources = self._sources, set()
        return taken
