"""Keeping the cache from growing without end, and what is worth remembering in it."""

import asyncio
from typing import Final

from syndicate import telemetry
from syndicate.publisher.following import Publisher
from syndicate.service.keeping import Restarts, keep
from syndicate.service.newsroom import Newsroom

_SETTLING_SECONDS: Final = 600.0
"""Long after the rush of a start."""
_DAY_SECONDS: Final = 86_400.0
_RUSH_SECONDS: Final = 10.0
"""The first readers go first."""
_HOUR_SECONDS: Final = 3_600.0

_log = telemetry.logger("tidying")


async def keep_tidy(
    newsroom: Newsroom,
    publisher: Publisher,
    restarts: Restarts,
    *,
    settling: float = _SETTLING_SECONDS,
    pause: float = _DAY_SECONDS,
) -> None:
    """Once a day forget what the edition in service is not made of, until cancelled.

    The first time is ``settling`` seconds after the start, the next ones ``pause`` after it.
    """

    async def tidy() -> None:
        await asyncio.to_thread(newsroom.tidy, await publisher.next())

    await asyncio.sleep(settling)
    await keep(
        tidy,
        _log,
        "cache not tidied",
        component="cache",
        restarts=restarts,
        pause_seconds=pause,
    )


async def keep_memory(
    newsroom: Newsroom,
    publisher: Publisher,
    restarts: Restarts,
    *,
    rush: float = _RUSH_SECONDS,
    pause: float = _HOUR_SECONDS,
) -> None:
    """Once an hour write down what is known of the sources, until cancelled, and then once more.

    The first time is ``rush`` seconds after the first edition, the next ones ``pause`` after it.
    """

    async def remember() -> None:
        await asyncio.to_thread(newsroom.remember)

    await publisher.next()
    try:
        await asyncio.sleep(rush)
        await keep(
            remember,
            _log,
            "memory not kept",
            component="index",
            restarts=restarts,
            pause_seconds=pause,
        )
    finally:
        await asyncio.shield(remember())
