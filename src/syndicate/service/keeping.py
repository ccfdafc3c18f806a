"""Keeping the parts of a running service at work: what ends one of them does not end the others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from syndicate.errors import SyndicateError
from syndicate.telemetry import Logger

PAUSE_SECONDS: Final = 5.0


async def keep(
    work: Callable[[], Awaitable[None]],
    log: Logger,
    failing: str,
    *,
    pause_seconds: float = PAUSE_SECONDS,
) -> None:
    """Do ``work`` again and again until cancelled, ``pause_seconds`` after it ended.

    Whatever makes it fail, ``log`` says ``failing``: nobody asks for these parts before the
    service stops, so they must speak for themselves.
    """
    while True:
        try:
            await work()
        except SyndicateError as error:
            log.warning(failing, reason=error.what)
        except Exception:
            log.exception(failing)
        await asyncio.sleep(pause_seconds)
