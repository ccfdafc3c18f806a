"""Keeping the parts of a running service at work: what ends one of them does not end the others."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from syndicate import telemetry
from syndicate.errors import SyndicateError
from syndicate.telemetry import Logger

PAUSE_SECONDS: Final = 5.0

RECENT_RESTART_SECONDS: Final = 300.0
"""How long a component must run after a restart before it counts as well again."""


class Restarts:
    """Which components of the service ended lately and were restarted.

    Args:
        clock: Tells seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._ended_at: Final[dict[str, float]] = {}

    def record(self, component: str) -> None:
        """Remember that a component ended now, and count it."""
        self._ended_at[component] = self._clock()
        telemetry.component_restarts_total.labels(component).inc()

    @property
    def components(self) -> tuple[str, ...]:
        """The names of those that ended within the last `RECENT_RESTART_SECONDS`, sorted."""
        since = self._clock() - RECENT_RESTART_SECONDS
        return tuple(sorted(name for name, ended in self._ended_at.items() if ended > since))


async def run_forever(  # noqa: PLR0913 — what is kept, and whom it is said to
    work: Callable[[], Awaitable[None]],
    log: Logger,
    error_event: str,
    *,
    component: str,
    restarts: Restarts,
    pause_seconds: float = PAUSE_SECONDS,
) -> None:
    """Do ``work`` again and again until cancelled, ``pause_seconds`` after it ended.

    Whatever makes it fail, ``log`` says ``failing``: nobody asks for these parts before the
    service stops, so they must speak for themselves. ``restarts`` hears that ``component`` ended.
    """
    while True:
        try:
            await work()
        except SyndicateError as error:
            log.warning(error_event, reason=error.message, code=error.code, hint=error.hint)
            restarts.record(component)
        except Exception:
            log.exception(error_event)
            restarts.record(component)
        await asyncio.sleep(pause_seconds)
