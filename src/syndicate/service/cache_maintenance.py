"""Keeping the cache from growing without end, and what is worth remembering in it."""

import asyncio
from typing import Final

from syndicate import telemetry
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.supervisor import Restarts, run_forever

_FIRST_PRUNE_SECONDS: Final = 600.0
"""Long after the rush of a start."""
_PRUNE_INTERVAL_SECONDS: Final = 86_400.0
_FIRST_SAVE_SECONDS: Final = 10.0
"""The first readers go first."""
_SAVE_INTERVAL_SECONDS: Final = 3_600.0

_log = telemetry.logger("tidying")


async def prune_cache_daily(
    content: ContentService,
    watcher: SourceWatcher,
    restarts: Restarts,
    *,
    first_seconds: float = _FIRST_PRUNE_SECONDS,
    interval_seconds: float = _PRUNE_INTERVAL_SECONDS,
) -> None:
    """Once a day forget what the edition in service is not made of, until cancelled.

    The first time is ``settling`` seconds after the start, the next ones ``pause`` after it.
    """

    async def prune() -> None:
        await asyncio.to_thread(content.prune_cache, await watcher.next_edition())

    await asyncio.sleep(first_seconds)
    await run_forever(
        prune,
        _log,
        "cache not tidied",
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
    """Once an hour write down what is known of the sources, until cancelled, and then once more.

    The first time is ``rush`` seconds after the first edition, the next ones ``pause`` after it.
    """

    async def save() -> None:
        await asyncio.to_thread(content.save_indexes)

    await watcher.next_edition()
    try:
        await asyncio.sleep(first_seconds)
        await run_forever(
            save,
            _log,
            "memory not kept",
            component="index",
            restarts=restarts,
            pause_seconds=interval_seconds,
        )
    finally:
        await asyncio.shield(save())
