"""Periodic work: deleting what is not used from the cache and from memory, and saving indexes."""

import asyncio
from typing import Final

from syndicate import telemetry
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.preview_content import PreviewContent
from syndicate.service.supervisor import Restarts, run_forever

_FIRST_PRUNE_SECONDS: Final = 600.0
"""Long after the work of a start."""
_PRUNE_INTERVAL_SECONDS: Final = 86_400.0
_FIRST_SAVE_SECONDS: Final = 10.0
"""Requests after a start have priority."""
_SAVE_INTERVAL_SECONDS: Final = 3_600.0

_PREVIEW_IDLE_SECONDS: Final = 600.0
"""How long indexes for previews and histories stay in memory without use."""

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


async def close_idle_previews(
    previews: PreviewContent, restarts: Restarts, *, idle_seconds: float = _PREVIEW_IDLE_SECONDS
) -> None:
    """Close what reads previews when it was not used for ``idle_seconds``, until cancelled."""

    async def close() -> None:
        if await asyncio.to_thread(previews.close_if_idle, idle_seconds):
            _log.info("previews closed")

    await run_forever(
        close,
        _log,
        "previews not closed",
        component="previews",
        restarts=restarts,
        pause_seconds=idle_seconds / 2,
    )
