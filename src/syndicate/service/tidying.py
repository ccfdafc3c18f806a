"""Keeping the cache from growing without end."""

import asyncio
from typing import Final

from syndicate import telemetry
from syndicate.errors import SyndicateError
from syndicate.publisher.following import Publisher
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
    await asyncio.sleep(settling)
    while True:
        edition = await publisher.next()
        try:
            await asyncio.to_thread(newsroom.tidy, edition)
        except SyndicateError as error:
            _log.warning("cache not tidied", reason=error.what)
        await asyncio.sleep(pause)
