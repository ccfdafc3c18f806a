"""Notices: a POST to the operator when a subscription fails, recovers or is given up.

They are told once something was decided, which the log and the metrics say as well, and are lost
with the process: what must be heard is in the database.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from syndicate import telemetry
from syndicate.channels.transport import Transport
from syndicate.model.retry_policy import OperatorAlert
from syndicate.model.subscription import Subscription

RETRY_PAUSES_SECONDS: Final = (0.0, 5.0, 60.0, 300.0)
"""Seconds before each attempt; after the last one the notice is left to the log."""

_MAX_IN_FLIGHT: Final = 100
"""Notices under way at a time: where more fail at once, the first ones say so."""

_log = telemetry.logger("notices")


class OperatorAlerts:
    """Sends notices to ``url`` by ``transport``, through its guard; to nobody where it is empty.

    Args:
        transport: Takes them there.
        url: Where the operator hears of them.
        clock: Tells the time, with a zone.
        pauses: Seconds before each attempt.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        clock: Callable[[], datetime],
        pauses_seconds: Sequence[float] = RETRY_PAUSES_SECONDS,
    ) -> None:
        self._transport = transport
        self._url = url
        self._clock = clock
        self._pauses_seconds = pauses_seconds
        self._in_flight: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._in_flight:
            task.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    def send(self, alert: OperatorAlert, subscription: Subscription) -> None:
        """Begin to send a notice about ``subscription`` as it is now."""
        if self._url and len(self._in_flight) < _MAX_IN_FLIGHT:
            task = asyncio.create_task(
                self._send_with_retries(_body(alert, subscription, self._clock()))
            )
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _send_with_retries(self, body: bytes) -> None:
        error = ""
        for pause in self._pauses_seconds:
            await asyncio.sleep(pause)
            headers = {"content-type": "application/json"}
            response = await self._transport.send("POST", self._url, headers, body)
            if not response.cause:
                return
            error = response.error
        _log.warning("operator not notified", reason=error)


def _body(alert: OperatorAlert, subscription: Subscription, at: datetime) -> bytes:
    """Return what a notice says: nothing by which anybody could send in our name."""
    document = {
        "type": alert,
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "data": {
            "subscription": subscription.id,
            "owner": subscription.owner,
            "state": subscription.state,
            "reason": subscription.state_reason,
        },
    }
    return json.dumps(document).encode()
