"""Keeping the cache from growing without end."""

import asyncio
from typing import Final

from syndicate import telemetry
from syndicate.publisher.following import Publisher
from syndicate.service.keeping import keep
from syndicate.service.newsroom import Newsroom

_SETTLING_SECONDS: Final = 600.0
"""Long after the rush of a start."""
_DAY_SECONDS: Final = 86_400.0

_log = telemetry.logger("tidying")


async def keep_tidy(
    newsroom: Newsroom,
    publisher: Publisher,
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
    await keep(tidy, _log, "cache not tidied", pause_seconds=pause)
