"""Periodic work on the cache: deleting what is not used, and saving the indexes."""

import asyncio
from typing import Final

from syndicate import telemetry
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.supervisor import Restarts, run_forever

_FIRST_PRUNE_SECONDS: Final = 600.0
"""Long after the work of a start."""
_PRUNE_INTERVAL_SECONDS: Final = 86_400.0
_FIRST_SAVE_SECONDS: Final = 10.0
"""Requests after a start have priority."""
_SAVE_INTERVAL_SECONDS: Final = 3_600.0

_log = telemetry.logger("cache")


async def prune_cache_daily(
    content: ContentService,
    watcher: SourceWatcher,
    restarts: Restarts,
    *,
    first_seconds: float = _FIRST_PRUNE_SECONDS,
    interval_seconds: float = _PRUNE_INTERVAL_SECONDS,
) -> None:
    """Once a day delete from the cache what the edition in service does not use, until cancelled.

    The first time is ``first_seconds`` after the start, then every ``interval_seconds``.
    """

    async def prune() -> None:
        await asyncio.to_thread(content.prune_cache, await watcher.next_edition())

    await asyncio.sleep(first_seconds)
    await run_forever(
        prune,
        _log,
        "cache not pruned",
        component="cache",
        restarts=restarts,
        pause_seconds=interval_seconds,
    )


async def save_indexes_hourly(
    content: ContentService,
    watcher: SourceWatcher,
    restarts: Restarts,
    *,
    first_seconds: float = _FIRST_SAVE_SECONDS,
    interval_seconds: float = _SAVE_INTERVAL_SECONDS,
) -> None:
    """Once an hour save the indexes of the sources, until cancelled, and once more at the end.

    The first time is ``first_seconds`` after the first edition, then every ``interval_seconds``.
    """

    async def save() -> None:
        await asyncio.to_thread(content.save_indexes)

    await watcher.next_edition()
    try:
        await asyncio.sleep(first_seconds)
        await run_forever(
            save,
            _log,
            "indexes not saved",
            component="index",
            restarts=restarts,
            pause_seconds=interval_seconds,
        )
    finally:
        await asyncio.shield(save())
