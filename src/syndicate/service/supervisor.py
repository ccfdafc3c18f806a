"""Restarts the components of a running service after errors, each for itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from syndicate import telemetry
from syndicate.errors import SyndicateError
from syndicate.telemetry import Logger

PAUSE_SECONDS: Final = 5.0

RECENT_RESTART_SECONDS: Final = 300.0
"""How long a restarted component is reported."""


class Restarts:
    """The components of the service that were restarted lately.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._ended_at: Final[dict[str, float]] = {}

    def record(self, component: str) -> None:
        """Record and count a restart now."""
        self._ended_at[component] = self._clock()
        telemetry.component_restarts_total.labels(component).inc()

    @property
    def components(self) -> tuple[str, ...]:
        """Sorted names of those restarted within the last `RECENT_RESTART_SECONDS`."""
        since = self._clock() - RECENT_RESTART_SECONDS
        return tuple(sorted(name for name, ended in self._ended_at.items() if ended > since))


async def run_forever(  # noqa: PLR0913 — the work, and how to report its errors
    work: Callable[[], Awaitable[None]],
    log: Logger,
    error_event: str,
    *,
    component: str,
    restarts: Restarts,
    pause_seconds: float = PAUSE_SECONDS,
) -> None:
    """Repeat ``work`` until cancelled, ``pause_seconds`` after each end.

    Any error is logged as ``error_event`` and recorded in ``restarts``: nothing awaits these
    components before the service stops, so nothing else would report it.
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
